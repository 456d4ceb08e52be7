"""Roles, delegates and keys by command; a password for one device at the real door."""

from __future__ import annotations

import asyncio
import smtplib
from pathlib import Path

import pytest

from takeback.auth.credentials import Made, make_app_password, read_api_key
from takeback.config import load
from takeback.ports.people import Author
from takeback.store.opening import open_store
from takeback.store.people_store import SqlPeopleStore
from tests.end_to_end.running import Gateway, Ran, call_command

ANN, BEN = "ann@example.com", "ben@example.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "takeback.toml"
    path.write_text('[data]\nfolder = "data"\n[[relay]]\nto = "lmtp://localhost"\n')
    return path


def takeback(file: Path, *arguments: str) -> Ran:
    return call_command(*arguments, "--config", str(file))


def test_a_key_is_shown_once_and_revoked(file: Path) -> None:
    made = takeback(file, "key", "add", ANN, "laptop", "--scope", "read", "--expires", "90d", "--json")
    assert made.status == 0
    named = read_api_key(made.json["secret"])
    assert named is not None and named[0] == made.json["id"]
    (listed,) = takeback(file, "key", "list", "--json").json
    assert (listed["account"], listed["name"], listed["scopes"]) == (ANN, "laptop", ["read"])
    assert listed["last_used_at"] is None and listed["expires_at"] > listed["created_at"]
    assert "laptop" in takeback(file, "key", "list").out
    assert takeback(file, "key", "revoke", made.json["id"]).status == 0
    assert takeback(file, "key", "revoke", made.json["id"]).status == 4
    assert takeback(file, "key", "list", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "add", "nobody", "laptop"),
        ("key", "add", ANN, "laptop", "--expires", "soon"),
        ("key", "add", ANN, "laptop", "--scope", "everything"),
        ("account", "role", ANN, "emperor"),
        ("account", "delegate", ANN, ANN),
        ("account", "delegate", ANN, "nobody"),
    ],
)
def test_wrong_usage_changes_nothing(file: Path, arguments: tuple[str, ...]) -> None:
    assert takeback(file, *arguments).status == 2


def test_a_key_needs_a_name(file: Path) -> None:
    assert takeback(file, "key", "add", ANN, " ").status == 1


def test_roles_and_delegates_are_given_and_taken(file: Path) -> None:
    said = takeback(file, "account", "role", ANN, "administrator").out
    assert said == "ann@example.com has administrator.\n"
    assert "as before" in takeback(file, "account", "role", ANN, "administrator").out
    assert takeback(file, "account", "role", ANN, "administrator", "--remove").status == 0
    assert "may act for ann@example.com" in takeback(file, "account", "delegate", ANN, BEN).out
    assert "may no longer act" in takeback(file, "account", "delegate", ANN, BEN, "--remove").out


def test_a_device_logs_in_with_its_own_password_until_it_is_revoked(gateway: Gateway) -> None:
    async def make() -> Made:
        async with open_store(load(gateway.file).data) as store:
            people = SqlPeopleStore(store.access)
            return await make_app_password(people, store.now(), ANN, "phone", Author("test"))

    async def revoke(id: str) -> bool:
        async with open_store(load(gateway.file).data) as store:
            return await SqlPeopleStore(store.access).revoke_app_password(ANN, id, Author("test"))

    made = asyncio.run(make())
    with gateway.session(ANN, made.secret) as session:
        assert session.noop()[0] == 250
    assert asyncio.run(revoke(made.id))
    with pytest.raises(smtplib.SMTPAuthenticationError), gateway.session(ANN, made.secret):
        pass
