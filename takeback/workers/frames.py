"""What is said between the gateway and a worker: a JSON document and some bytes, each with its length before it.

Nothing here can make the reader run anything: a worker reads what strangers wrote, and its word is only data.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("!II")
READING = "reading"
"""Asks for a review; and what a worker is at before it runs any rule."""
LEARNING = "learning"
"""Asks how a history changes."""
LARGEST_DOCUMENT = 64 << 20
LARGEST_PAYLOAD = 128 << 20


class BrokenFrame(Exception):
    """The other side has gone, or does not speak as it should."""


def send(line: socket.socket, document: dict[str, Any], payload: bytes = b"") -> None:
    """Raises OSError, TimeoutError."""
    said = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    line.sendall(_LENGTHS.pack(len(said), len(payload)) + said)
    if payload:
        line.sendall(payload)


def receive(line: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Raises BrokenFrame, OSError, TimeoutError."""
    said, payload = _LENGTHS.unpack(_read(line, _LENGTHS.size))
    if said > LARGEST_DOCUMENT or payload > LARGEST_PAYLOAD:
        raise BrokenFrame("a frame that is too large")
    try:
        document = json.loads(_read(line, said))
    except ValueError:
        raise BrokenFrame("a frame that is no document") from None
    if not isinstance(document, dict):
        raise BrokenFrame("a frame that is no object")
    return document, _read(line, payload)


def _read(line: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    got = 0
    while got < size:
        count = line.recv_into(view[got:])
        if not count:
            raise BrokenFrame("the other side has gone")
        got += count
    return bytes(data)
