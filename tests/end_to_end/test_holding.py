"""How long something is kept: the header, the envelope's parameters, the rules; as `show` tells it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.running import Gateway, letter, until

BEN = "ben@example.com"
HOUR = 3600.0


def recipients(gateway: Gateway, id: str) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = gateway.command("show", id, "--json").json["recipients"]
    return shown


def seconds_until(moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()


def accept(
    gateway: Gateway, parameters: list[str], message: bytes, recipient: str = "bob@example.net"
) -> tuple[str, str]:
    """The id, and what the 250 said."""
    with gateway.session(BEN) as session:
        assert session.mail(BEN, parameters)[0] == 250
        assert session.rcpt(recipient)[0] == 250
        code, text = session.data(message)
    assert code == 250, text
    _, id, said = text.decode().split(" ", 2)
    return id, said


@pytest.mark.parametrize(
    ("parameters", "field", "seconds", "said"),
    [
        ([], "", HOUR, "held for 1h, can be undone"),
        ([], "Takeback-Hold: 5m", 300, "held for 5m, can be undone"),
        ([], "takeback-HOLD:\r\n 1d", 24 * HOUR, "held for 1d, can be undone"),
        (["HOLDFOR=90"], "", 90, "held for 1m 30s, can be undone"),
        (["HOLDFOR=7200"], "Takeback-Hold: 5m", 2 * HOUR, "held for 2h, can be undone"),
        ([], "Takeback-Hold: until released", None, "held until released"),
        (["HOLDFOR=7200"], "Auto-Submitted: auto-generated", 2 * HOUR, "held for 2h, can be undone"),
    ],
)
def test_what_was_asked_for(
    gateway: Gateway, parameters: list[str], field: str, seconds: float | None, said: str
) -> None:
    id, reply = accept(gateway, parameters, letter(BEN, "wish", *([field] if field else [])))
    assert reply == said
    [bob] = recipients(gateway, id)
    assert bob["state"] == "held"
    if seconds is None:
        assert bob["due_at"] is None
    else:
        assert seconds - 60 < seconds_until(bob["due_at"]) <= seconds


def test_until_a_moment(gateway: Gateway) -> None:
    moment = (datetime.now(UTC) + timedelta(hours=3)).replace(microsecond=0)
    id, _ = accept(gateway, [f"HOLDUNTIL={moment:%Y-%m-%dT%H:%M:%SZ}"], letter(BEN))
    assert [each["due_at"] for each in recipients(gateway, id)] == [f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z"]


def test_a_moment_that_is_past_means_at_once(gateway: Gateway) -> None:
    accept(gateway, ["HOLDUNTIL=2020-01-01T00:00:00Z"], letter(BEN), "past@example.net")
    until(lambda: gateway.mailbox("past@example.net"), "it to arrive")


def test_nobody_waits_for_what_a_program_sends(gateway: Gateway) -> None:
    _, said = accept(gateway, [], letter(BEN, "robot", "Auto-Submitted: auto-replied"), "robot@example.net")
    assert said == "accepted"
    until(lambda: gateway.mailbox("robot@example.net"), "it to arrive")


def test_auto_submitted_no_is_a_person(gateway: Gateway) -> None:
    _, said = accept(gateway, [], letter(BEN, "person", "Auto-Submitted: no"))
    assert said == "held for 1h, can be undone"


def test_recipients_with_windows_of_their_own(gateway: Gateway) -> None:
    id = gateway.submit(BEN, ["first@now.example", "second@example.net", "third@example.net"])
    until(lambda: gateway.mailbox("first@now.example"), "the first to arrive")
    until(lambda: recipients(gateway, id)[0]["state"] == "sent", "that to be recorded")
    assert [each["state"] for each in recipients(gateway, id)] == ["sent", "held", "held"]


def test_a_window_ends_by_itself(gateway: Gateway) -> None:
    started = time.monotonic()
    accept(gateway, ["HOLDFOR=2"], letter(BEN), "window@example.net")
    until(lambda: gateway.mailbox("window@example.net"), "it to arrive")
    assert time.monotonic() - started > 1.9


def test_two_wishes_that_differ(gateway: Gateway) -> None:
    with gateway.session(BEN) as session:
        session.mail(BEN)
        session.rcpt("bob@example.net")
        said = session.data(letter(BEN, "two", "Takeback-Hold: 5m", "Takeback-Hold: 6m"))
    assert said == (550, b"5.6.0 Takeback-Hold: the message has several Takeback-Hold fields that differ")


def test_a_wish_that_cannot_be_read_is_told_in_ascii(gateway: Gateway) -> None:
    with gateway.session(BEN) as session:
        session.mail(BEN)
        session.rcpt("bob@example.net")
        code, said = session.data(letter(BEN, "odd", "Takeback-Hold: \u0665m"))
    assert code == 550
    assert said.isascii() and said.startswith(rb"5.6.0 Takeback-Hold: '\u0665m' is not a duration")
