"""What a row of the outbox says of a message: pure, at any time, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Instant
from takeback.flows.ask import Told
from takeback.hold.states import State
from takeback.i18n.language import language
from takeback.ports.store import MessageView, Origin, RecipientView
from takeback.web import phrases
from takeback.web.rows import Beside, Tone, row
from takeback.web.speech import Speech, coarsely, isolated

NOW = 1_700_000_000 * SECOND
ZONE = ZoneInfo("Africa/Cairo")
ENGLISH, ARABIC = Speech(language("en"), ZONE), Speech(language("ar"), ZONE)


def recipient(
    state: State, due_at: Instant | None = None, address: str = "bob@x.example", at: Instant = NOW
) -> RecipientView:
    return RecipientView(address, state, due_at, at, "", "")


def message(*recipients: RecipientView, subject: str = "Hello") -> MessageView:
    return MessageView(
        "1abc", "<1@x>", "ann", Origin.SUBMISSION, "ann@x.example", subject, 2048, NOW - 10 * SECOND, recipients
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (-5 * SECOND, (0, "second")),
        (1, (1, "second")),
        (24 * SECOND, (24, "second")),
        (119 * SECOND + 1, (120, "second")),
        (120 * SECOND, (2, "minute")),
        (179 * SECOND, (2, "minute")),
        (2 * HOUR - 1, (119, "minute")),
        (2 * HOUR, (2, "hour")),
        (2 * DAY, (2, "day")),
    ],
)
def test_nobody_is_promised_more_than_a_second_too_much(left: int, said: tuple[int, str]) -> None:
    assert coarsely(left) == said


def test_the_first_copy_to_leave_counts() -> None:
    shown = row(message(recipient(State.HELD, NOW + MINUTE), recipient(State.HELD, NOW + 24 * SECOND)), NOW, ENGLISH)
    assert shown.countdown is not None
    assert shown.countdown.said == "in 24 seconds"
    assert shown.countdown.spent == 1000 * 10 // 34
    assert shown.stoppable == 2 and shown.tone is Tone.WAITING


def test_what_waits_for_a_release_has_no_countdown() -> None:
    shown = row(message(recipient(State.HELD)), NOW, ENGLISH)
    assert shown.countdown is None and shown.waits


@pytest.mark.parametrize(
    ("states", "tone"),
    [
        ([State.UNDONE, State.UNDONE], Tone.STOPPED),
        ([State.UNDONE, State.SENT], Tone.OVER),
        ([State.SENT, State.LEAVING], Tone.WAITING),
        ([State.HELD, State.UNKNOWN], Tone.DOUBT),
        ([State.LET_BE], Tone.OVER),
    ],
)
def test_what_needs_the_eye_decides_the_look(states: Sequence[State], tone: Tone) -> None:
    assert row(message(*map(recipient, states)), NOW, ENGLISH).tone is tone


def test_many_recipients_are_counted() -> None:
    many = [recipient(State.HELD, NOW + MINUTE, f"a{number}@x.example") for number in range(10_000)]
    shown = row(message(*many), NOW, ENGLISH)
    assert [each.striptags() for each in shown.to] == ["a0@x.example", "a1@x.example", "a2@x.example", "9,997 others"]
    assert shown.choices == [] and shown.stoppable == 10_000


def test_text_of_others_is_isolated_and_cannot_be_markup() -> None:
    shown = row(message(recipient(State.HELD), subject="<b>\u202eevil"), NOW, ENGLISH, Beside(["\x1b<i>.pdf"]))
    assert shown.title == "<bdi>&lt;b&gt;\\u202eevil</bdi>"
    assert shown.attachments == ["<bdi>␛&lt;i&gt;.pdf</bdi>"]


def test_a_subject_that_may_not_be_seen_is_not_shown() -> None:
    shown = row(message(recipient(State.HELD), subject="Secret"), NOW, ENGLISH, Beside(hides_subject=True))
    assert shown.title == "(subject not shown)"


def told(stopped: int, *too_late: RecipientView) -> Told:
    return Told("1abc", [recipient(State.UNDONE)] * stopped, too_late)


def said(told: Told, speech: Speech) -> str:
    return " ".join(sentence.striptags() for sentence in phrases.stopped(told, speech))


def test_the_answer_to_undo() -> None:
    sent = recipient(State.SENT)
    assert said(told(3), ENGLISH) == "Stopped for 3 recipients."
    assert said(told(3, sent, sent), ENGLISH) == (
        "Stopped for 3 recipients. Too late for 2 recipients: handed over at 00:13:20."
    )
    assert said(told(0, recipient(State.LEAVING)), ENGLISH) == (
        "Too late for 1 recipient: being handed over since 00:13:20."
    )


def test_several_times_are_a_span_and_several_states_several_sentences() -> None:
    late = [recipient(State.SENT), recipient(State.SENT, at=NOW + 2 * SECOND), recipient(State.FAILED)]
    assert said(told(0, *late), ENGLISH) == (
        "Too late for 2 recipients: handed over at 00:13:20–00:13:22. "
        "Too late for 1 recipient: refused by the other server at 00:13:20."
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "أُوقفت لمستلم واحد."), (2, "أُوقفت لمستلمَين."), (3, "أُوقفت لـ3 مستلمين."), (11, "أُوقفت لـ11 مستلمًا."),
     (100, "أُوقفت لـ100 مستلم.")],
)  # fmt: skip
def test_arabic_counts_as_arabic_does(number: int, words: str) -> None:
    assert said(told(number), ARABIC) == words


def test_words_are_escaped_and_values_isolated() -> None:
    assert ENGLISH.t("{a} & {b}", a="<x>", b=isolated("y")) == "<bdi>&lt;x&gt;</bdi> &amp; <bdi>y</bdi>"
    assert ENGLISH.t("{a}", a="{b}") == "<bdi>{b}</bdi>"
