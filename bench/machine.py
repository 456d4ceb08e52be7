"""What the figures were taken on. Names no host and no path."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time
from pathlib import Path
from statistics import median

from bench import peer, places
from bench.results import Skipped, milliseconds

_ROOT = Path(__file__).parents[1]
_SYNCS = 100


def describe() -> list[str]:
    """One fact a line."""
    return [
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory()}",
        f"Disk: {_disk()}",
        f"System: {platform.system()} {'.'.join(platform.release().split('.')[:2])}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {_postfix()}",
        f"Commit: {_commit()}",
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GB of memory"


def _disk() -> str:
    """The kind of file system that the benches write to, and what it takes to be sure of 4 KB."""
    with places.folder() as folder:
        kind = _file_system(folder)
        sync = f"{kind}, 4 KB written and synced in {milliseconds(_seconds_to_sync(folder / 'probe'))} (median)"
    return f"{sync}: NOT DURABLE, these figures mean nothing" if kind in {"tmpfs", "ramfs"} else sync


def _file_system(folder: Path) -> str:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    _, kind = max((mount for mount in mounts if folder.is_relative_to(mount[0])), key=lambda mount: len(mount[0]))
    return kind


def _seconds_to_sync(file: Path) -> float:
    seconds = []
    with file.open("wb", buffering=0) as probe:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            probe.write(bytes(4096))
            os.fdatasync(probe.fileno())
            seconds.append(time.perf_counter() - began)
    return median(seconds)


def _postfix() -> str:
    try:
        return f"Postfix {peer.version()}"
    except Skipped:
        return "no Postfix"


def _commit() -> str:
    """The commit, and whether anything else was changed."""
    commit = _git("rev-parse", "--short", "HEAD")
    if not commit:
        return "unknown"
    return f"{commit}, with changes that are not in it" if _git("status", "--porcelain", "takeback") else commit


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
