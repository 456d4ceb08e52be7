"""Postfix's own load generator, so that both sides are asked in the same way by something that costs little."""

from __future__ import annotations

import subprocess
import time

from bench import places

SESSIONS = 20
SIZE = 4096
SENDER = "ann@example.com"
RECIPIENT = "bob@example.com"


def seconds_to_send(port: int, messages: int, sessions: int = SESSIONS) -> float:
    """Sends so many messages of 4 KB over sessions that stay open; each was answered with 250.

    Raises Skipped where smtp-source is not installed, RuntimeError where one was refused.
    """
    command = [places.program("smtp-source"), "-d", "-s", str(sessions), "-l", str(SIZE), "-m", str(messages)]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "-f", SENDER, "-t", RECIPIENT, f"127.0.0.1:{port}"], capture_output=True, text=True, check=False
    )
    elapsed = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"smtp-source: {done.stderr.strip()}")
    return elapsed


def check() -> None:
    """Raises Skipped where there is none."""
    places.program("smtp-source")
