"""Histories made from mail that was sent before."""

from __future__ import annotations

import mailbox
import os
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest

from takeback.clock import parse_rfc3339
from takeback.flows.remember import merged, remember
from takeback.imports.files import source_in
from takeback.imports.source import LARGEST, SourceUnavailable
from takeback.ports.review import Learning
from takeback.review.history import Change, History, Row
from takeback.store.review_store import SqlReviewStore
from tests.contract.store.trial import ANN, Trial

NOW = parse_rfc3339("2026-11-25T12:00:00Z")


def letter(number: int, to: str = "Bob <bob@one.example>", date: str = "Mon, 23 Nov 2026 10:00:00 +0000") -> bytes:
    message = EmailMessage()
    message["From"] = f"Ann <{ANN}>"
    message["To"] = to
    message["Date"] = date
    message["Subject"] = f"Report {number}"
    message["Message-ID"] = f"<{number}@example.com>"
    message.set_content("Hello\n\nFrom here on it is text.\n")
    return message.as_bytes()


async def history_of(trial: Trial) -> History:
    return History.of((await SqlReviewStore(trial.store.access).history(ANN)).rows)


async def imported(trial: Trial, messages: Sequence[bytes]) -> tuple[int, int, int]:
    done = await remember(SqlReviewStore(trial.store.access), ANN, iter(messages), NOW, "local:ann")
    return done.counted, done.known, done.without_recipients


async def test_each_message_counts_once_however_often_it_is_imported(trial: Trial) -> None:
    messages = [letter(number) for number in range(230)]
    assert await imported(trial, [*messages, messages[0]]) == (230, 1, 0)
    assert await imported(trial, messages) == (0, 230, 0)
    assert await imported(trial, [*messages, letter(230, "cat@two.example")]) == (1, 230, 0)
    history = await history_of(trial)
    assert history.sent_messages == 231
    bob = history.sent_to("bob@one.example")
    assert bob is not None and bob.count == 230
    assert bob.last == parse_rfc3339("2026-11-23T10:00:00Z")
    assert list(history.names_of("bob@one.example")) == ["Bob"]


async def test_notes_to_oneself_say_nothing_and_nothing_is_from_the_future(trial: Trial) -> None:
    ahead = letter(2, date="Mon, 23 Nov 2099 10:00:00 +0000")
    assert await imported(trial, [letter(1, ANN), ahead, letter(3, date="never")]) == (2, 0, 1)
    bob = (await history_of(trial)).sent_to("bob@one.example")
    assert bob is not None and (bob.count, bob.last) == (2, NOW)


async def test_whatever_is_no_message_stops_nothing(trial: Trial) -> None:
    assert await imported(trial, [b"", b"\0" * 100, b"To: \xff\xfe@@\r\n\r\n", letter(1)]) == (1, 0, 3)


async def test_an_import_beside_another_change_begins_again(trial: Trial) -> None:
    reviews = SqlReviewStore(trial.store.access)

    class Meddled(SqlReviewStore):
        meddled = False

        async def learn(self, change: Learning) -> bool:
            if not self.meddled:
                self.meddled = True
                row = Row("total", '["sent"]', 5, 5.0, 1, 1)
                assert await reviews.learn(Learning(ANN, change.version, Change((row,), ())))
            return await super().learn(change)

    await remember(Meddled(trial.store.access), ANN, [letter(1)], NOW, "local:ann")
    assert (await history_of(trial)).sent_messages == 6


def test_changes_one_after_the_other_come_to_one() -> None:
    def row(count: int) -> Row:
        return Row("sent", '["a"]', count, 1.0, 1, 1)

    key = ("sent", '["a"]')
    assert merged([Change((row(1),), ()), Change((row(2),), ())]) == Change((row(2),), ())
    assert merged([Change((row(1),), ()), Change((), (key,))]) == Change((), (key,))
    assert merged([Change((), (key,)), Change((row(3),), ())]) == Change((row(3),), ())


# Files


def mbox_of(path: Path, messages: Sequence[bytes]) -> Path:
    box = mailbox.mbox(path)
    for message in messages:
        box.add(message)
    box.close()
    return path


def read(path: Path, limit: int = 100) -> list[bytes]:
    return list(source_in(path, limit).messages())


def subjects(messages: Sequence[bytes]) -> Iterator[str]:
    return (message.split(b"Subject: ")[1].split(b"\n")[0].decode().strip() for message in messages)


def test_an_mbox_file_is_split_where_messages_begin(tmp_path: Path) -> None:
    path = mbox_of(tmp_path / "Sent", [letter(number) for number in range(5)])
    assert list(subjects(read(path))) == [f"Report {number}" for number in range(5)]
    assert list(subjects(read(path, 2))) == ["Report 3", "Report 4"], "the last ones"


def test_an_mbox_file_with_crlf_and_a_huge_message(tmp_path: Path) -> None:
    path = tmp_path / "Sent"
    huge = b"Subject: huge\r\n\r\n" + b"x" * 3_000_000 + b"\r\n\r\nFrom the start\r\n"
    path.write_bytes(b"From a\r\n" + huge + b"\r\nFrom b Mon\r\nSubject: next\r\n\r\nt\r\n")
    first, *rest = read(path)
    assert first.startswith(b"Subject: huge") and len(first) == LARGEST
    assert rest[-1] == b"Subject: next\r\n\r\nt\r\n"


def test_a_maildir_gives_its_newest(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "Sent")
    keys = [box.add(letter(number)) for number in range(4)]
    for number, key in enumerate(keys):
        path = next((tmp_path / "Sent").rglob(f"{key}*"))
        os.utime(path, (number, number))
    assert list(subjects(read(tmp_path / "Sent", 2))) == ["Report 2", "Report 3"]


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder"])
def test_what_is_no_mailbox_is_said_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "place"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_text("" if kind == "empty" else "no mail here\n")
    with pytest.raises(SourceUnavailable, match=str(path)) as caught:
        read(path)
    assert "\n" not in str(caught.value)
