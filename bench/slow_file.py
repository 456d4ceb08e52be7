"""One file whose every fsync takes a set time: `slow_file.py FILE BYTES SECONDS`, until it is unmounted.

It is served to the kernel over FUSE (linux/fuse.h, protocol 7.31) and kept in memory. What writes to it is the kernel
itself, for the file system that `bench.slow_disk` puts on it, so only what the kernel then asks for is answered.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
import threading
from pathlib import Path

_LARGEST_REQUEST = 1 << 20
_PAGES_A_REQUEST = _LARGEST_REQUEST // 4096
_ROOT = 1
_FOR_EVER = 1 << 20
"""Seconds for which the kernel need not ask for size and mode again; nobody else changes them."""

# Kinds of request.
_GETATTR, _SETATTR, _OPEN, _READ, _WRITE = 3, 4, 14, 15, 16
_RELEASE, _FSYNC, _FLUSH, _INIT, _FORGET, _INTERRUPT = 18, 20, 25, 26, 2, 36

_REQUEST = struct.Struct("<IIQQIIIHH")
_ANSWER = struct.Struct("<IiQ")
_PLACE = struct.Struct("<QQI")
"""What a READ or a WRITE begins with: handle, offset, length."""
_BEFORE_DATA = 40
_VERSION = 7, 31
_BIG_WRITES, _WRITEBACK_CACHE, _MAX_PAGES = 1 << 5, 1 << 16, 1 << 22


class SlowFile:
    """Answers the kernel. Reads and writes are quick, as with a disk that has a cache; only fsync takes its time."""

    def __init__(self, device: int, size: int, seconds: float) -> None:
        self._device = device
        self._size = size
        self._seconds = seconds
        self._memory = os.memfd_create("slow file")
        os.ftruncate(self._memory, size)

    def serve(self) -> None:
        """Returns when the file is unmounted."""
        while True:
            try:
                request = os.read(self._device, 2 * _LARGEST_REQUEST)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno not in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    raise
                continue
            _, kind, unique, *_ = _REQUEST.unpack_from(request)
            self._obey(kind, unique, memoryview(request)[_REQUEST.size :])

    def _obey(self, kind: int, unique: int, body: memoryview) -> None:
        if kind == _READ:
            _, offset, length = _PLACE.unpack_from(body)
            self._answer(unique, os.pread(self._memory, length, offset))
        elif kind == _WRITE:
            _, offset, length = _PLACE.unpack_from(body)
            os.pwrite(self._memory, body[_BEFORE_DATA : _BEFORE_DATA + length], offset)
            self._answer(unique, struct.pack("<II", length, 0))
        elif kind == _FSYNC:
            threading.Timer(self._seconds, self._answer, [unique]).start()
        elif kind in (_GETATTR, _SETATTR):
            self._answer(unique, self._attributes())
        elif kind == _INIT:
            self._answer(unique, _terms())
        elif kind == _OPEN:
            self._answer(unique, bytes(16))
        elif kind in (_RELEASE, _FLUSH):
            self._answer(unique)
        elif kind not in (_FORGET, _INTERRUPT):
            self._answer(unique, error=errno.ENOSYS)

    def _answer(self, unique: int, data: bytes = b"", error: int = 0) -> None:
        os.write(self._device, _ANSWER.pack(_ANSWER.size + len(data), -error, unique) + data)

    def _attributes(self) -> bytes:
        valid_for = struct.pack("<QII", _FOR_EVER, 0, 0)
        size_and_times = struct.pack("<6Q", _ROOT, self._size, self._size // 512, 0, 0, 0)
        kind = stat.S_IFREG | stat.S_IRUSR | stat.S_IWUSR
        return valid_for + size_and_times + struct.pack("<10I", 0, 0, 0, kind, 1, 0, 0, 0, 4096, 0)


def _terms() -> bytes:
    """The answer to INIT: the kernel gathers writes until it syncs, and hands them over in large pieces."""
    flags = _BIG_WRITES | _WRITEBACK_CACHE | _MAX_PAGES
    head = struct.pack("<IIII", *_VERSION, _LARGEST_REQUEST, flags)
    return head + struct.pack("<HHIIHHI7I", 64, 48, _LARGEST_REQUEST, 1, _PAGES_A_REQUEST, 0, 0, *[0] * 7)


def _mount(file: Path) -> int:
    """Afterwards requests for this file come through the device that is returned. Raises OSError."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode={stat.S_IFREG:o},user_id=0,group_id=0"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"slow", os.fsencode(file), b"fuse", 0, options.encode()):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return device


def main() -> None:
    file, size, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    try:
        device = _mount(file)
    except OSError as error:
        sys.exit(f"cannot mount a file over FUSE: {error.strerror}")
    print("mounted", flush=True)
    SlowFile(device, size, seconds).serve()


if __name__ == "__main__":
    main()
