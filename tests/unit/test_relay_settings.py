"""The `[[relay]]` section: what it means, and what its errors tell people to write."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from takeback.clock import SECOND
from takeback.mail.address import Pattern
from takeback.ports import Relay
from takeback.relay.destination import Folder, Server, parse_destination
from takeback.relay.maildir import MaildirRelay
from takeback.relay.relays import Relays, make_relay
from takeback.relay.smarthost import Smarthost
from tests.doubles.consignments import relay_section


@pytest.mark.parametrize(
    ("text", "destination", "name"),
    [
        ("smtp://mail.example", Server("smtp", "mail.example", 25), "smtp://mail.example:25"),
        ("smtp://mail.example:587/", Server("smtp", "mail.example", 587), "smtp://mail.example:587"),
        ("SMTPS://Mail.Example", Server("smtps", "mail.example", 465), "smtps://mail.example:465"),
        ("lmtp://[::1]", Server("lmtp", "::1", 24), "lmtp://[::1]:24"),
        ("lmtp:///run/lmtp", Server("lmtp", "", 0, "/run/lmtp"), "lmtp:///run/lmtp"),
        ("maildir:///srv/{user}/m", Folder("/srv/{user}/m"), "maildir:///srv/{user}/m"),
        ("maildir:///srv/{address}", Folder("/srv/{address}"), "maildir:///srv/{address}"),
    ],
)
def test_destination(text: str, destination: Server | Folder, name: str) -> None:
    assert parse_destination(text) == destination
    assert str(destination) == name


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("", "smtp://host:587"),
        ("mail.example:25", "smtp://host:587"),
        ("http://mail.example", "smtp://host:587"),
        ("smtp://", "smtp://host:587"),
        ("smtp:///path", "smtp://host:587"),
        ("smtp://mail.example/path", "smtp://host:587"),
        ("smtp://mail.example:0", "smtp://host:587"),
        ("smtp://mail.example:65536", "smtp://host:587"),
        ("smtp://mail.example:x", "smtp://host:587"),
        ("smtp://[::1", "smtp://host:587"),
        ("smtp://a b", "smtp://host:587"),
        ("smtp://mail.example?x=1", "means nothing"),
        ("smtp://ann:secret@mail.example", "username and password_file"),
        ("maildir://relative/{user}", "maildir:///folder/{user}"),
        ("maildir:///srv/{domain}", "{user} and {address}"),
        ("maildir:///srv/{user!r}", "{user} and {address}"),
        ("maildir:///srv/{user:>9}", "{user} and {address}"),
        ("maildir:///srv/{user.__class__}", "{user} and {address}"),
        ("maildir:///srv/{", "{user} and {address}"),
        ("maildir:///srv/\0", "maildir:///folder/{user}"),
    ],
)
def test_no_destination(text: str, mend: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_destination(text)
    assert mend in str(caught.value)
    assert "secret" not in str(caught.value)


LOGIN = {"username": "ann", "password": "s3cret"}


@pytest.mark.parametrize(
    ("section", "tls"),
    [
        ({"to": "smtp://mail.example"}, "opportunistic"),
        ({"to": "smtp://mail.example", **LOGIN}, "required"),
        ({"to": "smtp://mail.example", "tls": "off", **LOGIN}, "off"),
        ({"to": "smtps://mail.example"}, "required"),
        ({"to": "lmtp://mail.example"}, "opportunistic"),
        ({"to": "lmtp:///run/lmtp", **LOGIN}, "off"),
        ({"to": "maildir:///srv/{user}"}, "off"),
    ],
)
def test_how_tls_is_meant(section: dict[str, Any], tls: str) -> None:
    assert relay_section(**section).tls == tls


def test_one_pattern_needs_no_list() -> None:
    assert relay_section(**{"to": "smtp://x", "for": "*@x.example"}).condition.recipients == (Pattern("*@x.example"),)


def test_keys_as_people_write_them() -> None:
    section = relay_section(
        **{
            "for": ["*@Example.com"],
            "from": ["Ann@gmail.example"],
            "to": "smtp://mail.example:587",
            "connections": 3,
            "connect_timeout": "5s",
            "command_timeout": "1m",
            "answer_timeout": "15m",
        }
    )
    assert section.condition.recipients == (Pattern("*@Example.com"),)
    assert section.condition.senders == (Pattern("Ann@gmail.example"),)
    assert (section.connect_timeout, section.command_timeout, section.answer_timeout) == (
        5 * SECOND,
        60 * SECOND,
        900 * SECOND,
    )


@pytest.mark.parametrize(
    ("section", "mend"),
    [
        ({}, "Field required"),
        ({"to": "smtp://x", "four": []}, "Extra inputs"),
        ({"to": 25}, "instance of"),
        ({"to": "nowhere"}, "smtp://host:587"),
        ({"to": "smtp://x", "for": [1]}, '["*@example.com"]'),
        ({"to": "smtp://x", "for": []}, "leave the key out"),
        ({"to": "smtp://x", "from": ["x.example"]}, "*@example.com"),
        ({"to": "smtp://x", "tls": "maybe"}, "'required', 'opportunistic' or 'off'"),
        ({"to": "smtp://x", "tls": "opportunistic", **LOGIN}, 'tls = "required"'),
        ({"to": "smtps://x", "tls": "off"}, "remove tls"),
        ({"to": "lmtp:///s", "tls": "required"}, "remove tls"),
        ({"to": "maildir:///s/{user}", **LOGIN}, "remove them"),
        ({"to": "smtp://x", "username": "ann"}, "password_file"),
        ({"to": "smtp://x", "password": "s3cret"}, "username"),
        ({"to": "smtp://x", "password_command": "pass", **LOGIN}, "keep one of them"),
        ({"to": "smtp://x", "connections": 0}, "greater than or equal to 1"),
        ({"to": "smtp://x", "answer_timeout": "0s"}, "greater than or equal"),
        ({"to": "smtp://x", "answer_timeout": "soon"}, "is not a duration"),
    ],
)
def test_errors_tell_the_mend_and_no_secret(section: dict[str, Any], mend: str) -> None:
    with pytest.raises(ValidationError) as caught:
        relay_section(**section)
    assert mend in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["password", "password_command", "token_command"])
def test_secrets_do_not_show(key: str) -> None:
    section = relay_section(**{"to": "smtp://x", "username": "ann", key: "s3cret"})
    assert "s3cret" not in repr(section)
    assert "s3cret" not in str(section)


@pytest.mark.parametrize(("to", "kind"), [("smtp://x", Smarthost), ("maildir:///s/{user}", MaildirRelay)])
def test_each_destination_has_its_relay(to: str, kind: type[Relay]) -> None:
    assert isinstance(make_relay(relay_section(to=to), "us.example"), kind)


def test_routes_have_names_and_capacities() -> None:
    sections = [
        relay_section(**{"to": "smtp://a", "from": ["ann@x.example"], "connections": 2}),
        relay_section(**{"to": "maildir:///m/{user}", "for": ["*@inside.example"], "connections": 5}),
        relay_section(to="smtp://a"),
    ]
    relays = Relays(sections, "us.example", lambda account, address: account == "1" and address == "ann@x.example")
    routes = [
        relays.route("b@else.example", "ann@x.example", "1"),
        relays.route("b@inside.example", "ann@x.example", "2"),
        relays.route("b@else.example", "ann@x.example", "2"),
    ]
    assert [route.name for route in routes if route] == [
        "smtp://a:25 (relay 1)",
        "maildir:///m/{user}",
        "smtp://a:25 (relay 3)",
    ]
    assert relays.capacity == 54
    assert Relays(sections[:2], "us.example", lambda *_: False).route("b@x", "ann@x.example", "1") is None
