"""A store on SQLite with a clock that the test moves; the flows above it are the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from takeback.store import schema
from tests.contract.store.trial import Place, Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    trial = Trial(Place(tmp_path))
    schema.prepare(trial.database)
    return trial
