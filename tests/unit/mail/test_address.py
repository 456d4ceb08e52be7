from __future__ import annotations

import pytest

from takeback.mail import address
from takeback.mail.address import Pattern


@pytest.mark.parametrize(
    ("one", "other", "owner", "recipient"),
    [
        ("ann@example.org", "ann@EXAMPLE.org", True, True),
        ("ann@example.org", "Ann@example.org", True, False),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", True, True),
        ("ann@BÜCHER.example", "ann@XN--BCHER-KVA.example", True, True),
        ("ann@bücher。example", "ann@bücher.example", True, True),
        ('"ann"@example.org', "ann@example.org", True, False),
        ('"a b"@example.org', "a b@example.org", False, False),
        ("u\u0308@example.org", "\u00fc@example.org", True, False),
        ("ann@example.org", "ann@example.com", False, False),
        ("ann@example.org", "bob@example.org", False, False),
        ("ann@example.org", "ann", False, False),
        ("ann@a@example.org", "a@example.org", False, False),
        ("ann@-ü-.example", "ann@-Ü-.example", True, True),
    ],
)
def test_sameness(one: str, other: str, owner: bool, recipient: bool) -> None:
    assert address.same(one, other) is owner
    assert address.same(other, one) is owner
    assert (address.key(one) == address.key(other)) is recipient


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("Ann@Example.org", "Ann", "example.org"),
        ("postmaster", "postmaster", ""),
        ('"a@b"@example.org', '"a@b"', "example.org"),
        ("a@[IPv6:2001:DB8::1]", "a", "[ipv6:2001:db8::1]"),
        ("", "", ""),
    ],
)
def test_parts(text: str, local: str, domain: str) -> None:
    assert address.local_part_of(text) == local
    assert address.domain_of(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "a.b@c.d",
        "o'neil+x=1@example.org",
        '"a b"@c',
        r'"a\"b"@c',
        "أحمد@مثال.إختبار",
        "a@[192.0.2.1]",
        "a@x_y.z",
    ],
)
def test_an_address(text: str) -> None:
    assert address.is_addr_spec(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b", "a@", "a b@c", "a@b c", ".a@b", "a.@b", "a..b@c", "a@b..c", "a@.b", "<a@b>", "a@b@c", "a@b)c",
     "a,b@c", "a\u200b@b", "a\u202e@b", "a\0@b", "a@b\n", "a@evil＠example.org", "a@b\u00a0", '"a"b"@c',
     "x" * 65 + "@b", "a@" + "b" * 256, "a\u2028@b"],
)  # fmt: skip
def test_no_address(text: str) -> None:
    assert not address.is_addr_spec(text)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["a@b", "", "postmaster"], []),
        ("ann@example.org", ["Ann@EXAMPLE.org"], ["bob@example.org", "ann@sub.example.org", "ann"]),
        ("*@example.org", ["a@example.org", "b@Example.Org"], ["a@sub.example.org", "a@notexample.org", "a"]),
        ("*@*.example.org", ["a@x.example.org", "a@x.y.EXAMPLE.org"], ["a@example.org", "a@notexample.org"]),
        ("*@bücher.example", ["a@xn--bcher-kva.example"], ["a@bucher.example"]),
        ("*@*.xn--bcher-kva.example", ["a@x.bücher.example"], ["a@bücher.example"]),
    ],
)
def test_pattern(pattern: str, matching: list[str], others: list[str]) -> None:
    assert [text for text in matching + others if Pattern(pattern).matches(text)] == matching


@pytest.mark.parametrize(
    "text", ["", "example.org", "@example.org", "a*@b", "*@", "*@*", "*@a.*.b", "ann@*.b", "*@*.", "**@b"]
)
def test_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="names no addresses"):
        Pattern(text)
