"""Waiting for what has to happen before one can go on."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_EVERY_SECONDS = 0.005


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns as soon as the condition holds. Raises TimeoutError after that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(_LOOK_EVERY_SECONDS)
