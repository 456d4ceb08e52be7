"""Which way a copy takes."""

from __future__ import annotations

import pytest

from takeback.mail.address import Pattern
from takeback.relay.routes import Condition, first_match


@pytest.mark.parametrize(
    ("pattern", "address", "expected"),
    [
        ("ann@example.com", "ann@example.com", True),
        ("Ann@Example.COM", "aNN@eXample.com", True),
        ("ann@example.com", "bann@example.com", False),
        ("*@example.com", "anybody@EXAMPLE.com", True),
        ("*@example.com", '"odd@local"@example.com', True),
        ("*@example.com", "a@mail.example.com", False),
        ("*@example.com", "a@notexample.com", False),
        ("*@*.example.com", "a@mail.example.com", True),
        ("*@*.example.com", "a@x.y.example.com", True),
        ("*@*.example.com", "a@example.com", False),
        ("*@*.example.com", "a@.example.com", False),
        ("*@*.example.com", "a@evilexample.com", False),
        ("*@example.com", "postmaster", False),
        ("*@example.com", "", False),
    ],
)
def test_pattern(pattern: str, address: str, expected: bool) -> None:
    assert Pattern(pattern).matches(address) is expected


@pytest.mark.parametrize("text", ["", "example.com", "@example.com", "a*@x", "a@*.x", "a@b@c", "a b@x", "*@", "*@*."])
def test_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match=r"write .*\*@example.com"):
        Pattern(text)


CONDITIONS = [
    Condition(recipients=(Pattern("*@inside.example"),)),
    Condition(senders=(Pattern("ann@gmail.example"), Pattern("*@firm.example"))),
    Condition(recipients=(Pattern("*@partner.example"),), senders=(Pattern("*@inside.example"),)),
    Condition(),
]


@pytest.mark.parametrize(
    ("recipient", "sender", "held", "expected"),
    [
        ("bob@inside.example", "ann@gmail.example", {"ann@gmail.example"}, 0),
        ("bob@else.example", "ann@gmail.example", {"ann@gmail.example"}, 1),
        ("bob@else.example", "Ann@Gmail.example", {"Ann@Gmail.example"}, 1),
        ("bob@else.example", "ann@gmail.example", {"eve@inside.example"}, 3),
        ("bob@partner.example", "x@inside.example", {"x@inside.example"}, 2),
        ("bob@partner.example", "x@inside.example", set(), 3),
        ("bob@else.example", "", {""}, 3),
    ],
)
def test_the_first_that_holds(recipient: str, sender: str, held: set[str], expected: int) -> None:
    assert first_match(CONDITIONS, recipient, sender, held.__contains__) == expected


def test_no_way() -> None:
    assert first_match(CONDITIONS[:3], "bob@else.example", "eve@x.example", lambda _: True) is None
    assert first_match([], "bob@else.example", "eve@x.example", lambda _: True) is None
