"""SQLite only: its pragmas, another process that writes, and a file that can grow no more."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from takeback.clock import Instant
from takeback.errors import StoreFull
from takeback.hold.states import State
from takeback.ports import Verdict
from takeback.ports.store import DotMark
from takeback.store.writer import Transition, Urgency
from tests.contract.store.trial import BOB, Copy, Trial

PAGES_AT_FIRST = 300
PIECE = b"x" * 60_000


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("auto_vacuum", 2),  # INCREMENTAL
        ("foreign_keys", 1),
        ("query_only", 0),
    ],
)
async def test_the_writers_own_connection(sqlite: Trial, pragma: str, value: object) -> None:
    found: list[object] = []

    def look(connection: Connection, now: Instant, requests: Sequence[None]) -> list[None]:
        found.append(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar())
        return [None]

    await sqlite.store.access.submit(Transition(look, Urgency.PERSON), None)
    assert found == [value]


async def test_every_write_begins_immediate(sqlite: Trial) -> None:
    statements: list[str] = []

    @event.listens_for(sqlite.database.writer, "before_cursor_execute")
    def note(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    message = await sqlite.accept()
    await sqlite.undo(message)
    begins = [statement for statement in statements if statement.startswith("BEGIN")]
    assert begins == ["BEGIN IMMEDIATE"] * 2


async def test_questions_cannot_write(sqlite: Trial) -> None:
    with sqlite.database.reader.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM message")


OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("INSERT INTO fact VALUES ('other', '', 0)")
connection.execute("COMMIT")
for number in range(100):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO fact VALUES (?, '', 0)", (str(number),))
    connection.execute("COMMIT")
"""


async def test_another_process_that_writes_is_waited_for(sqlite: Trial) -> None:
    file = str(sqlite.place.folder / "takeback.db")
    with subprocess.Popen(  # noqa: ASYNC220 - it only has to run beside us
        [sys.executable, "-c", OTHER_PROCESS, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        first = asyncio.ensure_future(sqlite.accept())
        await asyncio.sleep(0.2)
        assert not first.done()
        assert await sqlite.store.outbox() == []  # those who ask do not wait
        other.stdin.close()
        messages = [await first] + [await sqlite.accept() for _ in range(50)]
        assert other.wait(20) == 0
    assert await sqlite.store.fact("99") is not None
    assert {await sqlite.state(message) for message in messages} == {State.HELD}


def limit_pages(sqlite: Trial, room: list[int]) -> None:
    """Afterwards the file can grow to `room[0]` pages, as each new connection of the writer reads it."""

    @event.listens_for(sqlite.database.writer, "connect")
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {room[0]}")


async def fill(sqlite: Trial) -> list[str]:
    """Accepts until there is no room; the ids of what was accepted."""
    accepted: list[str] = []
    while True:
        message = sqlite.message(content=[PIECE])
        try:
            await sqlite.store.accept(message)
        except StoreFull:
            assert await sqlite.store.find(message.id) == []
            return accepted
        accepted.append(message.id)


async def test_a_full_file_refuses_mail_and_goes_on_with_the_rest(sqlite: Trial) -> None:
    room = [PAGES_AT_FIRST]
    limit_pages(sqlite, room)
    messages = await fill(sqlite)
    assert len(messages) > 5
    for message in messages:
        assert await sqlite.body(message) == PIECE
    room[0] += 8
    with pytest.raises(StoreFull):
        await sqlite.accept(content=[PIECE] * 2)
    assert await sqlite.undo(messages[0]) == ([BOB], [])
    copies = [(claimed.token, claimed.recipients[0].id, claimed.id) for claimed in await sqlite.claim(limit=2)]
    for token, recipient, _ in copies:
        assert await sqlite.store.mark_dot(DotMark(token, [recipient]))
    token, recipient, message = copies[0]
    assert await sqlite.record(Copy(message, recipient, token), Verdict.SENT)
    assert await sqlite.state(message) is State.SENT
    with pytest.raises(StoreFull):
        await sqlite.accept(content=[PIECE] * 2)
    room[0] += 1000
    assert await sqlite.state(await sqlite.accept(content=[PIECE] * 2)) is State.HELD


async def test_a_large_message_without_room_takes_no_other_with_it(sqlite: Trial) -> None:
    room = [PAGES_AT_FIRST]
    limit_pages(sqlite, room)
    await sqlite.accept()
    large = sqlite.message(content=[PIECE] * 40)
    small = [sqlite.message() for _ in range(4)]
    answers = await sqlite.together(*map(sqlite.store.accept, [*small[:2], large, *small[2:]]))
    assert isinstance(answers.pop(2), StoreFull)
    assert answers == [None] * 4
    for message in small:
        assert await sqlite.kinds(message.id) == ["accepted"]


async def test_a_transaction_that_sqlite_ended_is_never_said_to_be_durable(sqlite: Trial) -> None:
    """As after an I/O error: the transaction is gone, and with it what others of the batch had done in it."""
    message = sqlite.message()

    def ending(connection: Connection, now: Instant, requests: Sequence[None]) -> list[None]:
        connection.exec_driver_sql("ROLLBACK")
        original = sqlite3.OperationalError("disk I/O error")
        original.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise OperationalError("INSERT", {}, original)

    ended = sqlite.store.access.submit(Transition(ending, Urgency.ACCEPT), None)
    accepted, failed = await sqlite.together(sqlite.store.accept(message), ended)
    assert isinstance(failed, Exception)
    assert accepted is None
    assert await sqlite.kinds(message.id) == ["accepted"]
