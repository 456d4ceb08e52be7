"""Dropping what was stopped, and counting what everybody has under way."""

from __future__ import annotations

import pytest

from takeback.hold.states import State
from takeback.ports.store import Drop, Listing
from tests.contract.store.test_store_transitions import bring_to
from tests.contract.store.trial import ANN, Trial


@pytest.mark.parametrize("state", State)
async def test_only_what_was_stopped_is_dropped(state: State, trial: Trial) -> None:
    copy = await bring_to(state, trial)
    assert await trial.store.drop(Drop(copy.message, ANN)) is (state is State.UNDONE)
    assert bool(await trial.body(copy.message)) is (state is not State.UNDONE)


async def test_a_copy_that_may_still_leave_keeps_it(trial: Trial) -> None:
    message = await trial.accept("bob@x.example", "sara@x.example")
    await trial.undo(message, frozenset({"bob@x.example"}))
    assert not await trial.store.drop(Drop(message, ANN))
    await trial.undo(message)
    assert await trial.store.drop(Drop(message, ANN))
    assert await trial.store.drop(Drop(message, ANN)), "asked again it says the same"
    assert (await trial.kinds(message)).count("dropped") == 1


async def test_what_was_dropped_is_listed_no_more(trial: Trial) -> None:
    first, second = await trial.accept(), await trial.accept()
    for message in (first, second):
        await trial.undo(message)
    await trial.store.drop(Drop(first, ANN))
    stopped = Listing(None, 10, states=frozenset({State.UNDONE}), with_content=True)
    assert [view.id for view in await trial.store.messages(stopped)] == [second]


async def test_an_unknown_message_is_not_dropped(trial: Trial) -> None:
    assert not await trial.store.drop(Drop("0000000000000000", ANN))


async def test_counts_by_account(trial: Trial) -> None:
    """A message counts once, however many copies of it wait; what has come to its end does not count."""
    for _ in range(2):
        await trial.accept(due_in=None)
    await trial.undo(await trial.accept())
    await trial.accept("bob@x.example", "sara@x.example", account="ben@example.com")
    assert await trial.store.open_by_account() == {ANN: 2, "ben@example.com": 1}
