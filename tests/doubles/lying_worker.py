"""A worker that a message has taken over: what it answers is in the bytes it was asked about."""

from __future__ import annotations

import json
import socket
import struct
import sys

from takeback.workers import frames

LARGE = struct.pack("!II", frames.LARGEST_DOCUMENT + 1, 0)


def main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as line:
        frames.send(line, {"ready": 0})
        while True:
            _, content = frames.receive(line)
            if content == b"large":
                line.sendall(LARGE)
            elif content == b"no json":
                line.sendall(struct.pack("!II", 3, 0) + b"{x}")
            elif content == b"list":
                line.sendall(struct.pack("!II", 2, 0) + b"[]")
            else:
                frames.send(line, json.loads(content))


if __name__ == "__main__":
    main()
