"""The `[[mailboxes]]` section: what is wrong is said in one line, and no secret shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from takeback.config import parse
from takeback.errors import ConfigError
from takeback.mailboxes.settings import MailboxSettings

IMAP = {
    "for": ["*@example.com"],
    "kind": "imap",
    "url": "imaps://imap.example.com",
    "username": "master",
    "password": "s3cret",
}


def read(section: dict[str, Any]) -> MailboxSettings:
    document = {"relay": [{"to": "lmtp://localhost"}], "mailboxes": [section]}
    (settings,) = parse(document, Path("takeback.toml")).mailboxes
    return settings


def test_a_section_and_its_defaults() -> None:
    settings = read(IMAP)
    assert settings.covers("Ann@Example.com") and not settings.covers("ann@example.org")
    assert settings.login_template == "{user}*{master}"
    assert settings.connections == 20
    assert "\\Sent" in settings.skip_folders


def test_the_secret_does_not_show() -> None:
    assert "s3cret" not in repr(read(IMAP))


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"kind": "graph"}, "mailboxes[1].kind: graph is not built yet"),
        ({"kind": "gmail"}, "is not built yet"),
        ({"kind": "pop"}, "mailboxes[1].kind"),
        ({"for": []}, "mailboxes[1].for: an empty list would match nobody"),
        ({"for": ["nonsense"]}, "names no addresses"),
        ({"url": "http://imap.example.com"}, "is not an IMAP server"),
        ({"username": ""}, "password needs username"),
        ({"password_env": "PASSWORD"}, "keep one of them"),
        ({"password": None}, "username needs one of"),
        ({"login": "{who}*master"}, "{who} means nothing"),
        ({"login": "{master}"}, "for must name one address"),
        ({"login": "authzid:{master}"}, "for must name one address"),
        ({"connections": 0}, "mailboxes[1].connections"),
        ({"test_mailbox": "nobody"}, "is not an address"),
        ({"test_mailbox": "canary@elsewhere.example"}, "not among the addresses"),
        ({"unknown": 1}, "mailboxes[1].unknown: unknown key"),
    ],
)
def test_errors_tell_the_mend(change: dict[str, Any], mend: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read({key: value for key, value in (IMAP | change).items() if value is not None})
    assert mend in str(caught.value)
    assert "\n" not in str(caught.value) and "s3cret" not in str(caught.value)


JMAP = {"for": ["ann@example.com"], "kind": "jmap", "url": "https://mail.example.com", "password": "s3cret"}


def test_jmap_with_a_login_of_its_own_with_a_token_and_with_a_master_user() -> None:
    assert read(JMAP | {"username": "ann"}).login_template == "{master}"
    assert read(JMAP).username == ""
    assert read(JMAP | {"for": ["*@example.com"], "username": "m", "login": "{address}%{master}"}).covers(
        "b@example.com"
    )


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"for": ["*@example.com"], "username": "ann"}, "for must name one address"),
        ({"for": ["*@example.com"]}, "for must name one address"),
        ({"login": "authzid", "username": "ann"}, "is for imap; jmap wants"),
        ({"url": "http://mail.example.com"}, "does not go over http"),
        ({"url": "imaps://mail.example.com"}, "is no address for jmap"),
        ({"url": "https://ann@mail.example.com"}, "belongs into username"),
        ({"password": None}, "username needs one of"),
    ],
)
def test_errors_of_jmap_tell_the_mend(change: dict[str, Any], mend: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read({key: value for key, value in (JMAP | change).items() if value is not None})
    assert mend in str(caught.value) and "s3cret" not in str(caught.value)


def test_one_mailbox_with_its_own_login() -> None:
    settings = read(IMAP | {"for": ["ann@example.com"], "login": "{master}", "username": "ann"})
    assert settings.login_template == "{master}"


@pytest.mark.parametrize("login", ["authzid", "authzid:{address}", "{address}*{master}"])
def test_ways_to_act_for_others(login: str) -> None:
    assert read(IMAP | {"login": login}).login_template == login
