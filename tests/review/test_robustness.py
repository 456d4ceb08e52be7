"""Whatever arrives: it is read, every rule comes to an end, and nothing is raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.review.nasties import shapes, traps
from bench.review.robustness import python_messages
from takeback.review.attachments import MAX_CHARACTERS
from takeback.review.history import History
from takeback.review.message import Message, read
from takeback.review.mime import MAX_PARTS, MAX_TEXT
from takeback.review.rules.content import CONTENT_RULES
from tests.review.judging import CONTEXT

_SIZE = 40_000


def _reviewed(content: bytes) -> Message:
    message = read(content, "ann@example.com", ["ben@example.org"])
    for rule in CONTENT_RULES:
        for finding in rule.check(message, History(), CONTEXT):
            assert 0 < finding.probability < 1 and len(finding.reason.en) < 600 and len(finding.reason.ar) < 600
    return message


@pytest.mark.timeout(60)
def test_texts_that_repeat_what_patterns_begin_with() -> None:
    for _, content in traps(_SIZE):
        _reviewed(content)


@pytest.mark.parametrize(("name", "content"), [pytest.param(*one, id=one[0]) for one in shapes(_SIZE)])
def test_messages_of_a_nasty_build(name: str, content: bytes) -> None:
    message = _reviewed(content)
    assert len(message.attachments) <= MAX_PARTS
    assert sum(len(line.text) for line in message.lines) <= MAX_TEXT
    assert sum(len(line) for one in message.attachments for line in one.text) <= MAX_CHARACTERS


def test_the_messages_that_the_standard_library_is_tested_with() -> None:
    contents = list(python_messages())
    for content in contents:
        _reviewed(content)
    if not contents:
        pytest.skip("this Python came without its tests")


@pytest.mark.soak
def test_fifty_megabytes_of_text() -> None:
    assert len(_reviewed(b"Subject: long\r\n\r\n" + b"Words that go on. " * (50 << 16)).lines) > 0


@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    _reviewed(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode("utf-8", "replace"))


_WORDS = (
    "attached", "مرفق", "لم", "not", "dear", "عزيزي", "[name]", "{{", "}}", "sunday", "الأحد", "12", "march", "رمضان",
    "2026", "password:", "كلمة المرور", "x9!kkkk", "4539148803436467", "sa0380000000608010167519", "784199012345671",
    "\n", ",", ".", ":", "> ", "from: a@example.com", "to:", "subject:", "--", "شكرا", "https://x.example", "<a href=",
    ">", "ـ", "\u202e",
)  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), max_size=60))
def test_any_order_of_words_that_rules_know(words: list[str]) -> None:
    _reviewed(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + " ".join(words).encode())
