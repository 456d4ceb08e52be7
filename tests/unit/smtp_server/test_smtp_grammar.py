from __future__ import annotations

import pytest

from takeback.smtp.grammar import (
    LONGEST_PATH,
    GrammarError,
    decode_xtext,
    parse_client_name,
    parse_forward_path,
    parse_reverse_path,
)


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("<>", "", ""),
        ("<> SIZE=1", "", " SIZE=1"),
        ("<ann@example.com> SIZE=1  RET=FULL", "ann@example.com", " SIZE=1  RET=FULL"),
        ("<a.b+c=d!#$%&'*/?^_`{|}~-@x-y.z1>", "a.b+c=d!#$%&'*/?^_`{|}~-@x-y.z1", ""),
        ('<"a> <b \\" \\\\ , @"@example.com>', '"a> <b \\" \\\\ , @"@example.com', ""),
        ('<""@example.com>', '""@example.com', ""),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
        ("<@one.example,@two.example:a@b.example>", "a@b.example", ""),
        ("<مستلم@مثال.إختبار>", "مستلم@مثال.إختبار", ""),
        ("<a@1.example>", "a@1.example", ""),
        (f"<{'a' * (LONGEST_PATH - 12)}@b.example>", f"{'a' * (LONGEST_PATH - 12)}@b.example", ""),
    ],
)
def test_paths(text: str, address: str, rest: str) -> None:
    assert parse_reverse_path(text) == (address, rest)


@pytest.mark.parametrize(
    "text",
    [
        *("", "<", "ann@example.com", "<ann@example.com", "<ann>", "<@example.com>", "<ann@>", "< ann@example.com>"),
        *("<.ann@b.example>", "<ann.@b.example>", "<a..n@b.example>", "<a n@b.example>", "<a@b@c.example>", "<<a@b>>"),
        *('<"ann@b.example>', '<"a"b@c.example>', '<"a\\"@b.example>', "<a@b_c.example>", "<a@b..example>", "<a@b.>"),
        *("<a@-b.example>", "<a@b-.example>", "<a@[300.0.0.1]>", "<a@[IPv6:x]>", "<a@[1.2.3.4>", "<a@[IPv6:]>"),
        *("<a@[fun:1]>", "<@b.example>", "<@b.example:>", "<b.example:a@c.example>", "<a@b.example>X", "<>X"),
        *("<a\t@b.example>", "<a\x1b[2J@b.example>", "<a\u0085@b.example>", '<"a\x7f"@b.example>'),
        f"<{'a' * (LONGEST_PATH - 11)}@b.example>",
        f"<{'é' * (LONGEST_PATH // 2)}@b.example>",
        f"<@{'a' * LONGEST_PATH}:a@b.example>",
    ],
)
def test_no_paths(text: str) -> None:
    with pytest.raises(GrammarError):
        parse_reverse_path(text)
    with pytest.raises(GrammarError):
        parse_forward_path(text, "own.example")


@pytest.mark.parametrize("written", ["Postmaster", "postmaster", "POSTMASTER"])
def test_postmaster_needs_no_domain(written: str) -> None:
    assert parse_forward_path(f"<{written}> NOTIFY=NEVER", "own.example") == (
        f"{written}@own.example",
        " NOTIFY=NEVER",
    )


def test_postmaster_is_nobody_to_send_as() -> None:
    with pytest.raises(GrammarError):
        parse_reverse_path("<postmaster>")


def test_long_hopeless_paths_are_refused_at_once() -> None:
    """Were a pattern to try all ways to cut this up, the test would not end."""
    for text in ("<" + "a." * 2000, "<a@" + "b-" * 2000, "<a@" + "b." * 2000, "<" + "@b," * 1300, '<"' + "\\a" * 2000):
        with pytest.raises(GrammarError):
            parse_reverse_path(text)


@pytest.mark.parametrize("name", ["a", "client.example", "my_laptop", "[192.0.2.1]", "[IPv6:::1]", "خادم.example"])
def test_client_names(name: str) -> None:
    assert parse_client_name(name) == name


@pytest.mark.parametrize("name", ["", "a b", "a(b)", "a;b", "a\tb", "<a>", "a\x1b", "a" * 256, "é" * 128])
def test_no_client_names(name: str) -> None:
    with pytest.raises(GrammarError):
        parse_client_name(name)


@pytest.mark.parametrize(("text", "decoded"), [("abc", "abc"), ("a+3Db+2Bc", "a=b+c"), ("+20", " "), ("<>", "<>")])
def test_xtext(text: str, decoded: str) -> None:
    assert decode_xtext(text) == decoded


@pytest.mark.parametrize("text", ["", "a=b", "a+b", "a+2b", "a+2", "a b", "é", "+0D+0A", "+00", "+7F", "+E9", "+1B"])
def test_no_xtext(text: str) -> None:
    with pytest.raises(GrammarError):
        decode_xtext(text)
