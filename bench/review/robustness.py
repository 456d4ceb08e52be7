"""Whatever is read: no crash, no rule without an end, no memory without a limit."""

from __future__ import annotations

import os
import resource
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time

from bench.results import Row, Section, at_most, milliseconds
from bench.review.nasties import shapes, traps
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.rule import Context
from takeback.review.rules.content import CONTENT_RULES

RAW_MAIL = "TAKEBACK_RAW_MAIL"
"""Names a folder with raw messages, one a file."""

_SIZE = 1 << 20
_NOW = 1_030_000_000_000_000
_CONTEXT = Context(_NOW, frozenset(), lambda address: False)
_MOST_OF_A_RULE = 1.0


def run() -> Section:
    rows = [
        _row(f"Texts of {_SIZE >> 20} MB made to take long", (content for _, content in traps(_SIZE))),
        _row("Messages of a nasty build", (content for _, content in shapes(_SIZE))),
        _row("50 MB of text", [b"Subject: long\r\n\r\n" + b"Words that go on and on, and on. " * (50 << 15)]),
        _row("Messages of CPython's own tests", python_messages()),
    ]
    folder = os.environ.get(RAW_MAIL)
    if folder:
        rows.append(_row("Raw messages", (file.read_bytes() for file in sorted(Path(folder).rglob("*.txt")))))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    rows.append(Row("Most memory that this took, with the messages themselves", f"{peak} MB"))
    notes = ["Robustness: every rule about content on every message; the time is of computing, not of the clock."]
    if not folder:
        notes.append(f"Raw messages: not measured, {RAW_MAIL} names no folder.")
    return Section(rows=rows, notes=notes)


def python_messages() -> Iterator[bytes]:
    """The messages that the standard library is tested with, where it has its tests."""
    folder = Path(sysconfig.get_path("stdlib")) / "test" / "test_email" / "data"
    for file in sorted(folder.glob("msg_*.txt")):
        yield file.read_bytes()


def _row(what: str, messages: Iterable[bytes]) -> Row:
    count, reading, longest = 0, 0.0, ("", 0.0)
    for content in messages:
        count += 1
        began = process_time()
        message = read(content)
        reading = max(reading, process_time() - began)
        for rule in CONTENT_RULES:
            began = process_time()
            rule.check(message, History(), _CONTEXT)
            longest = max(longest, (rule.name, process_time() - began), key=lambda one: one[1])
    return Row(
        f"{what}: {count:,}, none of which crashed",
        f"longest rule {milliseconds(longest[1])} ({longest[0]})",
        f"longest reading {milliseconds(reading)}",
        goal=at_most(_MOST_OF_A_RULE, longest[1], " s"),
    )
