"""Following events: each is seen once, whoever wrote it and however late it was committed."""

from __future__ import annotations

import asyncio

from sqlalchemy import delete

from takeback.clock import SECOND
from takeback.ports.store import Change, Position, Selection
from takeback.store import following, tables
from takeback.store.accepting import event_row, record_events
from tests.contract.store.trial import ANN, Trial


async def followed(trial: Trial, position: Position | None) -> tuple[list[Change], Position]:
    changes, position = await trial.store.follow(position)
    return list(changes), position


async def test_nothing_of_before_and_everything_after(trial: Trial) -> None:
    await trial.accept()
    changes, position = await followed(trial, None)
    assert changes == []
    id = await trial.accept("bob@one.example", "carol@two.example")
    await (await trial.another()).undo(Selection([id], "test"))
    changes, position = await followed(trial, position)
    assert [(change.message, change.account, change.kind) for change in changes] == [
        (id, ANN, "accepted"),
        (id, ANN, "undone"),
        (id, ANN, "undone"),
    ]
    assert await followed(trial, position) == ([], position)


async def test_a_number_that_is_committed_late_is_seen(postgresql: Trial) -> None:
    """Two transactions take numbers, and the one with the higher number is committed first."""
    trial = postgresql
    id = await trial.accept()
    _, position = await followed(trial, None)
    slow = await asyncio.to_thread(trial.database.writer.connect)
    with slow.begin():
        record_events(slow, [event_row(id, trial.clock.now, "slow", "test")])
        await trial.store.note(id, "fast", "test", "")
        changes, position = await followed(trial, position)
        assert [change.kind for change in changes] == ["fast"]
    slow.close()
    changes, position = await followed(trial, position)
    assert [change.kind for change in changes] == ["slow"]
    assert (await followed(trial, position))[0] == []


async def test_what_is_remembered_of_a_hole_does_not_grow(postgresql: Trial) -> None:
    """A number that was taken and rolled back leaves a hole for ever."""
    trial = postgresql
    id = await trial.accept()
    _, position = await followed(trial, None)
    with trial.database.writer.connect() as lost:
        record_events(lost, [event_row(id, trial.clock.now, "lost", "test")])
        lost.rollback()
    for _ in range(5):
        await trial.store.note(id, "kept", "test", "")
    changes, position = await followed(trial, position)
    assert len(changes) == 5 and len(position.beyond) == 5
    trial.clock.advance(11 * SECOND)
    await trial.store.read_clock()
    changes, position = await followed(trial, position)
    assert changes == [] and position.beyond == {}


async def test_a_record_that_was_emptied_begins_anew(sqlite: Trial) -> None:
    """SQLite gives the numbers of deleted rows once more where the highest was deleted."""
    trial = sqlite
    id = await trial.accept()
    await trial.store.undo(Selection([id], "test"))
    _, position = await followed(trial, None)
    with trial.database.writer.connect() as connection, connection.begin():
        connection.execute(delete(tables.event))
    await trial.store.note(id, "first of a new row", "test", "")
    changes, position = await followed(trial, position)
    assert [change.kind for change in changes] == ["first of a new row"]


async def test_since_a_number_for_some_accounts(trial: Trial) -> None:
    first = await trial.accept()
    await trial.accept(account="eve@example.com")
    third = await trial.accept()
    everything = await trial.store.changes_since(0, None, 10)
    assert len(everything) == 3
    anns = await trial.store.changes_since(everything[0].id, frozenset({ANN}), 10)
    assert [change.message for change in anns] == [third]
    assert [change.message for change in await trial.store.changes_since(0, None, 1)] == [first]


def test_positions_are_compared_by_number_alone() -> None:
    position = following._advance(4, {5: 0, 6: 0, 9: 0}, SECOND, in_order=False)
    assert position == Position(6, {9: 0})
    assert following._advance(4, {5: 0, 6: 0, 9: 0}, SECOND, in_order=True) == Position(9)
