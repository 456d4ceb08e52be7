"""Whether there is room on the disk to promise anything."""

from __future__ import annotations

import shutil
from pathlib import Path

from takeback.clock import SECOND, monotonic

_LOOKED_AT_EVERY = SECOND // 4


class Disk:
    """The free space of one folder against a reserve, looked at four times a second at most."""

    def __init__(self, folder: Path, reserve: int) -> None:
        self.reserve = reserve
        self._folder = folder
        self._looked_at = -_LOOKED_AT_EVERY
        self._free = 0

    def has_room(self) -> bool:
        """Enough to accept more."""
        return self._look() >= self.reserve

    def may_claim(self) -> bool:
        """Enough to write down what becomes of what is claimed."""
        return self._look() >= self.reserve // 2

    def _look(self) -> int:
        now = monotonic()
        if now - self._looked_at >= _LOOKED_AT_EVERY:
            self._looked_at = now
            self._free = shutil.disk_usage(self._folder).free
        return self._free
