"""Programs, folders and ports to measure with."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.results import Skipped

_MORE_PLACES = f"{Path(sys.executable).parent}:/usr/sbin:/sbin"
"""What stands beside this Python, and what is for administrators, is not on the PATH of everybody."""


def program(name: str) -> str:
    """Its path. Raises Skipped where it is not installed."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_MORE_PLACES}")
    if path is None:
        raise Skipped(f"{name} is not installed")
    return path


@contextmanager
def folder(within: Path | None = None) -> Iterator[Path]:
    """An empty folder that everybody may look into, since Postfix works as users of its own; removed in the end."""
    path = Path(tempfile.mkdtemp(prefix="takeback-bench-", dir=within))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
