"""A disk that takes as long to be sure of what it was given as one likes, whatever this machine's own takes.

It is a real file system on a real block device: ext4 on a loop device over one file that `bench.slow_file` serves. Both
sides of a comparison write to it through the same kernel, which waits for the flushes of the device and lets those who
wait at the same time share one, as it does with any disk. Nothing in either program is changed for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import places
from bench.results import Skipped

_SIZE = 2 << 30
_FLUSHES_FIELD = 15
"""In /sys/block/DEVICE/stat (Documentation/block/stat.rst in the kernel's source)."""


@dataclass(frozen=True, slots=True)
class SlowDisk:
    """`folder` is on it."""

    folder: Path
    device: str

    def flushes(self) -> int:
        """How many it has done."""
        return int(Path(f"/sys/block/{Path(self.device).name}/stat").read_text().split()[_FLUSHES_FIELD])


@contextmanager
def slow_disk(seconds: float) -> Iterator[SlowDisk]:
    """An empty disk whose every flush takes so long. Raises Skipped where none can be made."""
    _check()
    with ExitStack() as stack:
        base = stack.enter_context(places.folder())
        file, folder = base / "file", base / "disk"
        stack.enter_context(_slow_file(file, seconds))
        device = _run("losetup", "--find", "--show", str(file))
        stack.callback(_run, "losetup", "--detach", device)
        _run("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", device)
        folder.mkdir()
        _run("mount", "-t", "ext4", device, str(folder))
        stack.callback(_run, "umount", str(folder))
        folder.chmod(0o755)
        yield SlowDisk(folder, device)


def _check() -> None:
    if os.geteuid() != 0:
        raise Skipped("making a disk takes root")
    for name in ("losetup", "mkfs.ext4", "mount", "umount"):
        places.program(name)
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not Path(device).exists():
            raise Skipped(f"there is no {device}")


@contextmanager
def _slow_file(file: Path, seconds: float) -> Iterator[None]:
    file.touch()
    server_file = Path(__file__).with_name("slow_file.py")
    command = [sys.executable, str(server_file), str(file), str(_SIZE), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stderr is not None
        if server.stdout.readline().strip() != "mounted":
            raise Skipped(server.stderr.read().strip() or "no file over FUSE")
        try:
            os.truncate(file, _SIZE)  # the kernel, which gathers writes, believes no size but one that it has set
            yield
        finally:
            _run("umount", str(file))  # which also ends the server


def _run(name: str, *arguments: str) -> str:
    done = subprocess.run([places.program(name), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"{name}: {done.stderr.strip()}")
    return done.stdout.strip()
