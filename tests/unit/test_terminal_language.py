"""How the commands say things: which language, how many, and in what order the letters come to stand."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping

import pytest
from rich.console import Console

from takeback.cli import tongue, words
from takeback.cli.all_commands import _language_first
from takeback.cli.tongue import Said
from takeback.clock import HOUR, MINUTE, SECOND, parse_rfc3339
from takeback.errors import NotFound
from takeback.flows.ask import Told
from takeback.hold.states import State
from takeback.i18n.language import language
from takeback.ports.store import EventView, FindingView, MessageView, Origin, RecipientView
from takeback.review.finding import Finding, Reason, Where

NOW = parse_rfc3339("2026-11-24T10:00:00Z")
FSI, PDI = "\u2068", "\u2069"


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    tongue.speak(language("en"))


@pytest.fixture
def arabic() -> None:
    tongue.speak(language("ar"))


@pytest.mark.parametrize(
    ("asked", "environment", "code"),
    [
        (None, {}, "en"),
        ("ar", {"TAKEBACK_LANG": "en"}, "ar"),
        (None, {"TAKEBACK_LANG": "ar", "LC_ALL": "en_GB.UTF-8"}, "ar"),
        (None, {"TAKEBACK_LANG": "", "LC_ALL": "ar_SA.UTF-8", "LANG": "en_GB.UTF-8"}, "ar"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "ar_EG.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "ar.UTF-8", "LANG": "en_GB.UTF-8"}, "ar"),
        (None, {"LANG": "ar@latin"}, "ar"),
        (None, {"LANG": "AR-eg"}, "ar"),
        (None, {"LANG": "POSIX"}, "en"),
        (None, {"LANG": "tlh_QO"}, "en"),
        (None, {"LANG": "../../etc"}, "en"),
    ],
)
def test_which_language(asked: str | None, environment: Mapping[str, str], code: str) -> None:
    assert tongue.choose(asked, environment).code == code


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["undo", "last"], ["undo", "last"]),
        (["undo", "last", "--lang", "ar"], ["--lang", "ar", "undo", "last"]),
        (["undo", "--lang=ar", "--json"], ["--lang=ar", "undo", "--json"]),
        (["undo", "--", "--lang", "ar"], ["undo", "--", "--lang", "ar"]),
        (["undo", "--lang"], ["--lang", "undo"]),
    ],
)
def test_the_language_may_be_named_anywhere(typed: list[str], read: list[str]) -> None:
    assert _language_first(typed) == read


def recipient(address: str, state: State = State.HELD, reply: str = "", due: int | None = None) -> RecipientView:
    return RecipientView(address, state, due, NOW, reply, "")


def many(count: int, state: State = State.UNDONE) -> list[RecipientView]:
    return [recipient(f"p{number}@x.example", state) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "أُوقفت لمستلم واحد: "),
        (2, "أُوقفت لمستلمَين: "),
        (3, "أُوقفت لـ3 مستلمين: "),
        (11, "أُوقفت لـ11 مستلمًا: "),
        (100, "أُوقفت لـ100 مستلم: "),
    ],
)
def test_arabic_counts(arabic: None, count: int, said: str) -> None:
    line = words.undone(Told("1", many(count), []))
    assert line.startswith(f"{said}{FSI}p0@x.example{PDI}")
    assert ("آخر" in line) == (count > 3)


def test_too_late_in_arabic(arabic: None) -> None:
    late = [recipient("b@x.example", State.SENT, "250 Ok"), recipient("c@x.example", State.LEAVING)]
    assert words.undone(Told("1", [], late)).startswith(
        f"فات الأوان على مستلمَين: {FSI}b@x.example{PDI} سُلِّمت نسخته في {FSI}"
    )
    assert f"({FSI}250 Ok{PDI})؛ {FSI}c@x.example{PDI} يجري" in words.undone(Told("1", [], late))


def test_release_and_hold_in_arabic(arabic: None) -> None:
    assert words.released(Told("1", many(1), [])) == "في الطريق إلى مستلم واحد."
    assert words.held(Told("1", many(2), [])) == "عُلِّقت لمستلمَين إلى أن تُرسلها."
    due = [recipient("a@x.example", due=NOW)]
    assert words.held(Told("1", due, [])).startswith(f"عُلِّقت لمستلم واحد حتى {FSI}2026-11-24 ")
    assert words.released(Told("1", [], many(1, State.FAILED))).startswith("لا شيء يُرسل لمستلم واحد: ")


def test_every_way_to_end_has_words_in_arabic(arabic: None) -> None:
    for state in State:
        said = words.undone(Told("1", [], [recipient("a@x.example", state)]))
        assert state.value not in said and "{" not in said


@pytest.mark.parametrize("text", ["\u202eevil", "\u2069\u2069out", "\x1b[31mred", "a\nb"])
def test_what_others_wrote_cannot_leave_its_place(arabic: None, text: str) -> None:
    said = tongue.t("no such message: {reference}", reference=text)
    assert said.count(FSI) == said.count(PDI) == 1
    assert said.endswith(PDI) and said.isprintable() is False
    assert not set(said) & set("\u202e\x1b\n")


def test_english_has_no_marks() -> None:
    assert tongue.t("no such message: {reference}", reference="x") == "no such message: x"
    assert tongue.complaint(NotFound("no such message: {reference}", reference="\x1b")) == "no such message: ␛"
    assert tongue.complaint(NotFound("as it {is}")) == "as it {is}"


def test_errors_in_arabic(arabic: None) -> None:
    error = NotFound("no such message: {reference}", reference="x")
    assert str(error) == "no such message: x", "what programs read stays as it is"
    assert tongue.complaint(error) == f"لا توجد رسالة كهذه: {FSI}x{PDI}"
    assert tongue.complaint(NotFound("nothing was ever sent")) == "لم يُرسَل شيء بعد"
    assert tongue.complaint(NotFound("never heard of \x1b")) == "never heard of ␛"


def test_durations() -> None:
    assert [tongue.duration(each) for each in (0, 9 * SECOND, 4 * MINUTE + 5 * SECOND, 51 * HOUR)] == [
        "0s",
        "9s",
        "4m 5s",
        "2d 3h",
    ]
    tongue.speak(language("ar"))
    assert tongue.duration(4 * MINUTE + 5 * SECOND) == "4 د 5 ث"
    assert words.leaving([recipient("a@x.example", due=NOW + MINUTE)], NOW) == "تغادر بعد 1 د"
    assert words.leaving([recipient("a@x.example")], NOW) == "تغادر حين تُرسلها"
    assert words.leaving([], NOW) == ""


def view(subject: str) -> MessageView:
    reason = Reason("in English", "بالعربية")
    finding = FindingView(Finding("typo_domain", 0.7, reason, Where(line=3)), "held", "right")
    to = [recipient("one@a-long-domain.example", due=NOW + MINUTE), recipient("two@x.example", State.SENT, "250 Ok")]
    return MessageView(
        "1tj8m4", "<1@x.example>", "ann", Origin.SUBMISSION, "ann@x.example", subject, 9, NOW, to, [finding]
    )


def printed(*parts: object, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(*parts, sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_in_a_table_no_cell_turns_its_neighbours(arabic: None, width: int) -> None:
    events = [EventView(NOW, "accepted", "ann", None, {"size": 9, "due_at": NOW, "new": ["a", "b"]})]
    shown = view("عرض السعر \u2069 and something long in English")
    lines = printed(words.outbox([shown, view("")], NOW), *words.message(shown, events, NOW), width=width)
    assert len(lines) > 12
    for line in lines:
        depth = 0
        for letter in line:
            depth += (letter == FSI) - (letter == PDI)
            assert depth >= 0, line
            assert depth or not ("\u0600" <= letter <= "\u06ff" or letter.isalpha()), line
        assert depth == 0, line


def test_a_message_in_arabic(arabic: None) -> None:
    text = "\n".join(printed(*words.message(view("Lunch"), [], NOW), width=200))
    for each in ("الموضوع", "بالعربية", "السطر 3", "تُطيل التعليق (في محلّها)", "معلّقة", "9 بايتات"):
        assert each in text, each
    assert "in English" not in text


def test_what_a_recall_came_to_stands_in_the_record_in_words() -> None:
    detail = {"recall": "1tj8", "also_read": False, "reason": "earlier"}
    events = [EventView(NOW, "recall_recalled", "takeback", "a@x.example", detail)]
    text = "\n".join(printed(*words.message(view("Lunch"), events, NOW), width=200))
    assert "recall: recalled, unread" in text
    assert "recall: 1tj8, also_read: no, reason: by an earlier recall" in text
    tongue.speak(language("ar"))
    text = "\n".join(printed(*words.message(view("Lunch"), events, NOW), width=200))
    assert "استُرجعت قبل أن تُقرأ" in text and "السبب: في استرجاع سابق" in text
    assert not re.search("recall_|False|earlier", text)


def test_said_is_not_isolated_twice(arabic: None) -> None:
    inner = tongue.theirs("x")
    assert tongue.t("{name}: {value}", name=inner, value=Said("y")) == f"{FSI}x{PDI}: y"
