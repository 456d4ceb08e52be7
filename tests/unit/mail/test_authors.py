from __future__ import annotations

import time

import pytest

from takeback.mail.authors import MAX_AUTHORS, UnclearAuthor, authors
from takeback.mail.headers import split


def read(*values: str, sender: tuple[str, ...] = ()) -> tuple[str, ...]:
    lines = [f"From: {value}\r\n" for value in values] + [f"Sender: {value}\r\n" for value in sender]
    return authors(split("".join(lines).encode("utf-8", "surrogateescape") + b"\r\n"))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@b", ["a@b"]),
        ("<a@b>", ["a@b"]),
        ("Ann <a@b>", ["a@b"]),
        ("Ann<a@b>", ["a@b"]),
        ('"Ann"<a@b>', ["a@b"]),
        ("Ann Q. Public <a@b>", ["a@b"]),
        ('"Public, Ann" <a@b>', ["a@b"]),
        ('"bob@evil" <a@b>', ["a@b"]),
        (r'"x\" <bob@evil>, \"" <a@b>', ["a@b"]),
        ('"Ann\r\n Public"\r\n\t<a@b>', ["a@b"]),
        ("=?utf-8?q?bob=40evil?= <a@b>", ["a@b"]),
        ("a@b (Ann)", ["a@b"]),
        ("(Ann) a@b", ["a@b"]),
        ("a@b, Bob <c@d>", ["a@b", "c@d"]),
        ("a@b,a@b", ["a@b"]),
        ("Team: a@b, Bob <c@d>;", ["a@b", "c@d"]),
        ("Nobody:;, a@b", ["a@b"]),
        ('"a b"@c', ['"a b"@c']),
        ('"a@b"@c', ['"a@b"@c']),
        ("a@[192.0.2.1]", ["a@[192.0.2.1]"]),
        ("أحمد <أحمد@مثال.إختبار>", ["أحمد@مثال.إختبار"]),
        ("Änne\u00a0Ö <ä@bücher.example>", ["ä@bücher.example"]),
    ],
)
def test_clear_authors(value: str, found: list[str]) -> None:
    assert list(read(value)) == found


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "a", "Ann", "<>", "Nobody:;", "a@", "@b", "a b@c", "a @b", "a@ b", "a@b c@d", "<a@b> <c@d>",
        "a@b <c@d>", "alice@example.org)bob@evil", "alice@example.org(x)@evil", "alice@example.org (bob@evil",
        "alice(x)@example.org", "a@b (<c@d>)", r"a@b (\) <c@d>)", "a@b (x (y))", "<@x:a@b>", "<<a@b>>", "<a@b", "a@b>",
        "Ann <a@b> x", '"Ann <a@b>', '"a"b@c', "a@b;", "a@b,", ",a@b", "a@b,,c@d", "Team: a@b", "Team: Sub: a@b;;",
        ":a@b;", ".a@b", "a.@b", "a..b@c", "a@b..c", r"a\@b@c", "a@b\x0c", "a\x1b@b", "a\u200b@b", "a@b\u2028<c@d>",
        "a@evil＠b.example", "a@b\udcff", "a@b, =?utf-8?q?c@d?=", "a%b[c]@d", "x" * 65 + "@b",
    ],
)  # fmt: skip
def test_unclear_authors(value: str) -> None:
    with pytest.raises(UnclearAuthor):
        read(value)


def test_there_is_exactly_one_from() -> None:
    with pytest.raises(UnclearAuthor, match="no From"):
        read()
    with pytest.raises(UnclearAuthor, match="more than one From"):
        read("a@b", "a@b")


def test_sender_counts_too() -> None:
    assert read("a@b, c@d", sender=("Ann <e@f>",)) == ("a@b", "c@d", "e@f")
    assert read("a@b", sender=("a@b",)) == ("a@b",)
    for sender in (("a@b", "a@b"), ("a@b, c@d",), ("",), ("Ann",)):
        with pytest.raises(UnclearAuthor, match="Sender"):
            read("a@b", sender=sender)


def test_resent_fields_do_not_count() -> None:
    header = split(b"Resent-From: bob@evil\r\nResent-Sender: nonsense\r\nFrom: a@b\r\n\r\n")
    assert authors(header) == ("a@b",)


def test_number_of_authors_is_bounded() -> None:
    assert len(read(", ".join(f"a{n}@b" for n in range(MAX_AUTHORS)))) == MAX_AUTHORS
    with pytest.raises(UnclearAuthor, match="too many"):
        read(", ".join(f"a{n}@b" for n in range(MAX_AUTHORS + 1)))


@pytest.mark.parametrize(
    "unit", ["a", "a.", '"', '"a" ', "(", "()", "\\", '"\\"', "a@", "<", "a@b,", "=?", " ", "\t(a) ", "é."]
)
def test_hostile_values_take_linear_time(unit: str) -> None:
    """A quadratic reader would need minutes for 200 KB; the bound is far from what a slow machine needs."""
    started = time.process_time()
    with pytest.raises(UnclearAuthor):
        read(unit * (200_000 // len(unit.encode())))
    assert time.process_time() - started < 5
