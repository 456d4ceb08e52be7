"""PostgreSQL only: connections that are cut, a server that goes away, rows that others hold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, event, select, text

from takeback.clock import HOUR, MINUTE, SECOND, Instant
from takeback.errors import StoreUnavailable
from takeback.hold.states import State
from takeback.ports.store import DotMark
from takeback.store import tables
from takeback.store.database import check_durability
from takeback.store.writer import Transition, Urgency
from tests.contract.store.trial import BOB, Trial
from tests.services.postgresql import PostgreSql


async def cut(trial: Trial, server: PostgreSql) -> None:
    """Ends every connection to the database of this trial."""
    name = trial.database.url.database
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def test_the_session_is_durable(postgresql: Trial) -> None:
    settings: list[str] = []

    def look(connection: Connection, now: Instant, requests: Sequence[None]) -> list[None]:
        settings.extend(connection.execute(text(f"SHOW {name}")).scalar_one() for name in ("synchronous_commit",))
        return [None]

    await postgresql.store.access.submit(Transition(look, Urgency.PERSON), None)
    assert settings == ["on"]
    check_durability(postgresql.database)


async def test_a_cut_connection_is_made_anew(postgresql: Trial, postgresql_server: PostgreSql) -> None:
    first = await postgresql.accept()
    await cut(postgresql, postgresql_server)
    second = await postgresql.accept()
    await cut(postgresql, postgresql_server)
    assert await postgresql.undo(first) == ([BOB], [])
    assert await postgresql.states(second) == {BOB: State.HELD}
    assert await postgresql.kinds(second) == ["accepted"]


async def test_a_connection_cut_within_a_batch_loses_and_doubles_nothing(
    postgresql: Trial, postgresql_server: PostgreSql
) -> None:
    messages = [postgresql.message() for _ in range(20)]
    cuts: list[str] = []

    @event.listens_for(postgresql.database.writer, "before_cursor_execute")
    def cut_once(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO recipient") and not cuts:
            cuts.append(statement)
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            postgresql_server.execute(f"SELECT pg_terminate_backend({pid})")

    answers = await postgresql.together(*map(postgresql.store.accept, messages))
    assert len(cuts) == 1
    assert answers == [None] * 20
    for message in messages:
        assert await postgresql.kinds(message.id) == ["accepted"]
        assert await postgresql.states(message.id) == {BOB: State.HELD}


async def test_a_server_that_is_away_and_comes_back(postgresql: Trial, postgresql_server: PostgreSql) -> None:
    held = await postgresql.accept()
    lost = postgresql.message()
    postgresql_server.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await postgresql.store.accept(lost)
            with pytest.raises(StoreUnavailable):
                await postgresql.undo(held)
            with pytest.raises(StoreUnavailable):
                await postgresql.store.find(held)
        answers = await asyncio.gather(postgresql.store.accept(lost), postgresql.undo(held), return_exceptions=True)
        assert [type(answer) for answer in answers] == [StoreUnavailable] * 2
    finally:
        postgresql_server.start()
    assert await postgresql.state(held) is State.HELD
    assert await postgresql.store.find(lost.id) == []
    await postgresql.store.accept(lost)
    assert await postgresql.kinds(lost.id) == ["accepted"]


async def test_a_claim_skips_what_somebody_else_has_locked(postgresql: Trial) -> None:
    locked, free = await postgresql.accept(), await postgresql.accept()
    other = postgresql.place.open(postgresql.clock)
    columns = tables.recipient.c
    with other.writer.connect() as connection, connection.begin():
        connection.execute(select(columns.id).where(columns.message == locked).with_for_update())
        async with asyncio.timeout(5):
            assert [claimed.id for claimed in await postgresql.claim()] == [free]
    assert [claimed.id for claimed in await postgresql.claim()] == [locked]
    other.close()


async def test_an_undo_waits_for_a_mark_that_is_being_committed(postgresql: Trial) -> None:
    await postgresql.accept()
    copy = await postgresql.claim_one()
    other = await postgresql.another()
    columns = tables.recipient.c
    connection = other.access.database.writer.connect()
    with connection, connection.begin():
        connection.execute(tables.recipient.update().where(columns.id == copy.recipient).values(state="leaving"))
        undo = asyncio.ensure_future(postgresql.undo(copy.message))
        await asyncio.sleep(0.1)
        assert not undo.done()
    assert await undo == ([], [BOB])
    assert await other.mark_dot(DotMark(copy.token, [copy.recipient]))


async def test_the_clock_is_the_servers(postgresql: Trial) -> None:
    database = postgresql.place.open(None)
    with database.reader.connect() as connection:
        first, second = database.now(connection), database.now(connection)
    assert 0 < second - first < MINUTE  # it goes on within a transaction
    assert abs(first - postgresql.clock.now) > HOUR
    assert first % SECOND or second % SECOND
    database.close()
