"""Ten thousand mailboxes in one recall: memory does not grow with them, and nobody is asked or told twice."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from takeback.recall.outcomes import Outcome
from takeback.recall.settings import RecallSettings
from takeback.store import schema
from tests.contract.store.trial import Place, Trial
from tests.doubles.recalls import RecallTrial, stored_copy

FEW, MANY = 300, 10_000


async def peak_of(folder: Path, people: int) -> int:
    """The most bytes that were in use while that many mailboxes were worked on."""
    trial = Trial(Place(folder))
    schema.prepare(trial.database)
    trying = RecallTrial(trial)
    trying.settings = RecallSettings(second_person_above=0)  # nobody is asked whether so many are meant
    trying.lists = {"all@example.com": [f"p{number}@example.com" for number in range(people)]}
    async with trying:
        message = await trying.send("all@example.com")
        trying.post.generous = stored_copy(b"0123456789abcdef" * 1_000)
        id = await trying.ask(message)
        recaller = trying.recaller()
        await recaller.round(id)
        for task in recaller.under_way():
            await task
        tracemalloc.start()
        await trying.recaller().work_off(id, _nothing)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert await trying.recalls.counts(id) == {Outcome.RECALLED: people}
        assert len(trying.post.removed) == people == len(set(trying.post.removed))
        assert len(trying.post.opened) == people
    return peak


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_memory_is_flat_in_the_number_of_mailboxes(tmp_path: Path) -> None:
    for name in ("few", "many"):
        (tmp_path / name).mkdir()
    few = await peak_of(tmp_path / "few", FEW)
    many = await peak_of(tmp_path / "many", MANY)
    print(f"at most {few / 2**20:.1f} MiB for {FEW} mailboxes, {many / 2**20:.1f} MiB for {MANY}")
    assert many < 2 * few + (8 << 20), (few, many)


async def _nothing() -> None: ...
