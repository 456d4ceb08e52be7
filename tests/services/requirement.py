"""What happens where a real server or client is not installed."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skips the test on a bare machine, and says why; fails it where CI=true, where nothing may be missing."""
    reason = f"{what} is not installed here (scripts/install-services)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
