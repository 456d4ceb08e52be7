"""Commands by mail: what an asker in a hurry may write, and what must not be taken for a command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.mail.command import Act, Command, NotUnderstood, read


def mail(subject: str, text: str = "", *more: str) -> bytes:
    return "\r\n".join([f"Subject: {subject}", *more, "", *text.split("\n")]).encode()


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("", ""),
        ("undo", ""),
        ("Undo!", ""),
        ("", "STOP"),
        ("تراجع", ""),
        ("تَراجَعْ!", ""),
        ("=?utf-8?B?2KrYsdin2KzYuQ==?=", "مرسلة من الـ iPhone"),
        ("", "أوقف"),
        ("", "اوقف"),
        ("", "Sent from my iPhone"),
        ("", "\n\n-- \nAnn Example\nundo nothing, I am a signature"),
        ("Re: undo", ""),
    ],
)
def test_the_newest_is_stopped(subject: str, text: str) -> None:
    assert read(mail(subject, text)) == Command(Act.UNDO)


@pytest.mark.parametrize(
    ("subject", "text", "act", "words"),
    [
        ("send", "", Act.RELEASE, ""),
        ("أرسلها", "", Act.RELEASE, ""),
        ("hold 10m", "", Act.HOLD, "10m"),
        ("", "hold until released\n-- \nAnn", Act.HOLD, "until released"),
        ("علّق 10m", "", Act.HOLD, "10m"),
        ("list", "", Act.LIST, ""),
        ("القائمة", "", Act.LIST, ""),
        ("recall", "", Act.RECALL, ""),
        ("استرجاع", "", Act.RECALL, ""),
        ("fine", "", Act.FINE, ""),
        ("", "Fine placeholder", Act.FINE, "placeholder"),
        ("لا بأس", "", Act.FINE, ""),
        ("", "لا باس، placeholder", Act.FINE, "placeholder"),
        ("سليمة", "", Act.FINE, ""),
    ],
)
def test_one_word_says_what(subject: str, text: str, act: Act, words: str) -> None:
    assert read(mail(subject, text)) == Command(act, (), words)


def test_the_subject_goes_before_the_text() -> None:
    assert read(mail("send", "undo")).act is Act.RELEASE


@pytest.mark.parametrize(
    "message",
    [
        mail("undo <a@b.example>"),
        mail("undo", "<a@b.example>"),
        mail("Fwd: Lunch", "Message-ID: <a@b.example>"),
        mail("Fwd: Lunch", "\n---------- Forwarded message ---------\nFrom: Ann\nMessage-Id: <a@b.example>"),
        mail("Fwd: Lunch", "", "X-Forwarded-Message-Id: <a@b.example>"),
        mail("Re: Lunch", "", "In-Reply-To: <a@b.example>"),
        mail("", "", "References: <a@b.example>"),
        mail(
            "Fwd: Lunch",
            "--x\nContent-Type: text/plain\n\n\n--x\nContent-Type: message/rfc822\n\n"
            "Message-ID: <a@b.example>\nIn-Reply-To: <other@b.example>\n\nsend\n--x--",
            "Content-Type: multipart/mixed; boundary=x",
        ),
    ],
)
def test_which_one_is_said_in_many_ways(message: bytes) -> None:
    command = read(message)
    assert command.act is Act.UNDO
    assert command.originals[:1] == ("<a@b.example>",)


def test_of_what_only_suggests_one_the_nearest_comes_first() -> None:
    thread = "References: <first@b.example> <second@b.example>", "In-Reply-To: <third@b.example>"
    assert read(mail("undo", "", *thread)).originals == ("<third@b.example>", "<second@b.example>", "<first@b.example>")


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("send 1ngf314vp79qj5xj", "", Command(Act.RELEASE, ("1ngf314vp79qj5xj",))),
        ("", "Undo 1NGF314VP79QJ5XJ.", Command(Act.UNDO, ("1ngf314vp79qj5xj",))),
        ("undo", "1ngf314vp79qj5xj", Command(Act.UNDO, ("1ngf314vp79qj5xj",))),
        ("1ngf314vp79qj5xj", "", Command(Act.UNDO, ("1ngf314vp79qj5xj",))),
        ("hold 1ngf314vp79qj5xj 10m", "", Command(Act.HOLD, ("1ngf314vp79qj5xj",), "10m")),
        ("fine placeholder 1ngf314vp79qj5xj", "", Command(Act.FINE, ("1ngf314vp79qj5xj",), "placeholder")),
        ("تراجع 1ngf314vp79qj5xj", "", Command(Act.UNDO, ("1ngf314vp79qj5xj",))),
    ],
)
def test_the_id_that_the_gateway_gave_names_it(subject: str, text: str, expected: Command) -> None:
    assert read(mail(subject, text, "References: <other@b.example>")) == expected


@pytest.mark.parametrize("subject", ["undo 1ngf314vp79q", "send #2", "recall bob@example.net", "stop <bob@localhost"])
def test_what_names_something_unknown_is_not_taken_for_the_newest(subject: str) -> None:
    with pytest.raises(NotUnderstood):
        read(mail(subject))


@pytest.mark.parametrize("subject", ["send now", "undo last", "stop it please!"])
def test_words_that_name_nothing_do_no_harm(subject: str) -> None:
    assert read(mail(subject)).originals == ()


def test_an_attached_original_gives_no_command() -> None:
    message = mail(
        "undo",
        "--x\nContent-Type: message/rfc822\n\nSubject: send\nMessage-ID: <a@b.example>\n\nlist\n--x--",
        "Content-Type: multipart/mixed; boundary=x",
    )
    assert read(message) == Command(Act.UNDO, ("<a@b.example>",))


def test_markup_is_no_text() -> None:
    page = "<html><head><title>send</title><style>undo{}</style></head><body><div>hold&nbsp;5m</div></body>"
    assert read(mail("", page, "Content-Type: text/html")) == Command(Act.HOLD, (), "5m")
    assert read(mail("", "<p>list</p>", "Content-Type: text/html")).act is Act.LIST


@pytest.mark.parametrize("text", ["please have a look", "undoing is easy", "don't send", "لا ترسل شيئا"])
def test_what_is_no_command_is_not_guessed(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(mail("", text))


@given(st.binary(max_size=2000))
def test_whatever_comes_is_a_command_or_is_not_understood(data: bytes) -> None:
    try:
        assert read(data).act in Act
    except NotUnderstood as error:
        assert str(error)


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: " + b"re: " * 200_000,
        b"\r\n" + b"<" * 1_000_000,
        b"Content-Type: text/html\r\n\r\n" + b"<br" * 300_000,
        b"\r\n" + b"On " * 300_000,
        b"References: " + b"<a@" * 300_000 + b"\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 100_000,
    ],
)
@pytest.mark.timeout(30)
def test_traps_are_walked_around(message: bytes) -> None:
    """An answer comes, whichever: a pattern that tries everything twice would take hours."""
    try:
        assert read(message + b"\r\nnothing that is a command").act in Act
    except NotUnderstood as error:
        assert str(error)
