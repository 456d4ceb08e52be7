"""What every backend promises, asked of our own accounts, of an IMAP double, and of a real Dovecot."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from takeback.auth.backends import AccountsBackend, Authenticator, ImapBackend, StoredPassword
from takeback.auth.identity import Identity
from takeback.auth.passwords import Passwords, prepare
from takeback.auth.settings import AuthSettings
from takeback.clock import MINUTE, SECOND
from tests.contract.auth.dovecot_server import PROGRAM, Dovecot, dovecot
from tests.contract.auth.imap_double import ImapDouble

NOW = 1_000_000 * SECOND
PASSWORDS = {
    "ann@example.com": "correct horse",
    "quoted@example.com": 'back\\slash "quote" {12} %u * (x',
    "arabic@example.com": "كلمة السر ☂ pässword",
    "long@example.com": "p" * 1024,
    "jos\u00e9@example.com": "accented name",
}
Open = Callable[[], AbstractAsyncContextManager[Authenticator]]


@pytest.fixture(scope="module")
def hashes() -> dict[str, StoredPassword]:
    passwords = Passwords()
    stored = {
        key: StoredPassword(key.capitalize(), passwords.hash_now(prepare(word))) for key, word in PASSWORDS.items()
    }
    passwords.close()
    return stored


@pytest.fixture(scope="module")
def real_dovecot() -> Iterator[Dovecot]:
    if not Path(PROGRAM).exists():
        reason = f"{PROGRAM} is missing (Debian: dovecot-imapd)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with dovecot(PASSWORDS) as server:
        yield server


@pytest.fixture(params=["accounts", "double", "double without SASL", "dovecot", "dovecot with TLS"])
def opened(request: pytest.FixtureRequest, hashes: dict[str, StoredPassword]) -> Open:
    kind: str = request.param
    if kind == "accounts":
        return lambda: _accounts(hashes)
    if kind == "double":
        return lambda: _double(ImapDouble(passwords=PASSWORDS))
    if kind == "double without SASL":
        return lambda: _double(ImapDouble(passwords=PASSWORDS, capabilities=b"IMAP4rev1"))
    server: Dovecot = request.getfixturevalue("real_dovecot")
    if kind == "dovecot":
        return lambda: _imap(f"imap://127.0.0.1:{server.imap_port}")
    return lambda: _imap(f"imaps://localhost:{server.imaps_port}", server.ca_file)


@asynccontextmanager
async def _accounts(hashes: dict[str, StoredPassword]) -> AsyncIterator[Authenticator]:
    async def look_up(key: str) -> StoredPassword | None:
        return hashes.get(key)

    async def replace_hash(_key: str, _old: str, _new: str) -> None:
        raise AssertionError("the hashes are up to date")

    backend = AccountsBackend(look_up, replace_hash, Passwords(), "example.com")
    try:
        yield backend
    finally:
        backend.close()


@asynccontextmanager
async def _double(double: ImapDouble) -> AsyncIterator[Authenticator]:
    async with double.running(), _imap(f"imap://127.0.0.1:{double.port}") as backend:
        yield backend


@asynccontextmanager
async def _imap(url: str, ca_file: str = "") -> AsyncIterator[Authenticator]:
    backend = ImapBackend(
        AuthSettings.model_validate({"backend": "imap", "url": url, "ca_file": ca_file, "domain": "example.com"})
    )
    try:
        yield backend
    finally:
        backend.close()


def verify(opened: Open, username: str, password: str) -> Identity | None:
    async def scenario() -> Identity | None:
        async with opened() as backend:
            return await backend.verify(username, password, NOW)

    return asyncio.run(scenario())


@pytest.mark.parametrize(("key", "password"), PASSWORDS.items(), ids=lambda text: text[:8])
def test_the_right_password_gives_the_account_whatever_characters_it_has(opened: Open, key: str, password: str) -> None:
    identity = verify(opened, key, password)
    assert identity is not None
    assert identity.key == key
    assert identity.address.lower() == key


@pytest.mark.parametrize("username", ["ann", "ANN", "Ann@Example.com", " ann@example.com "])
def test_every_spelling_of_a_user_name_gives_the_same_account(opened: Open, username: str) -> None:
    identity = verify(opened, username, "correct horse")
    assert identity is not None
    assert identity.key == "ann@example.com"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ann@example.com", "Correct horse"),
        ("ann@example.com", "correct horse "),
        ("ann@example.com", "p" * 1024),
        ("nobody@example.com", "correct horse"),
        ("ann@other.example", "correct horse"),
        ("ann@example.com", ""),
        ("long@example.com", "p" * 1025),
        ("ann@example.com", "correct horse\0"),
        ("ann@example.com", "correct\ud800horse"),
        ("ann@example.com\0", "correct horse"),
        ("ann@example.com\r\nt9 NOOP", "correct horse"),
        ("ann@example.com {9999}", "correct horse"),
        ('"', "x\r\nt9 LOGOUT"),
        ("", "correct horse"),
        ("a" * 400, "correct horse"),
    ],
)
def test_anything_else_gives_nobody(opened: Open, username: str, password: str) -> None:
    assert verify(opened, username, password) is None


def test_many_logins_side_by_side_are_each_told_their_own_answer(opened: Open) -> None:
    async def scenario() -> list[bool]:
        async with opened() as backend:
            answers = await asyncio.gather(
                *(backend.verify("ann", "wrong" if n % 2 else "correct horse", NOW) for n in range(30))
            )
            return [answer is not None for answer in answers]

    assert asyncio.run(scenario()) == [n % 2 == 0 for n in range(30)]


def test_a_success_is_not_taken_for_another_password_or_account(opened: Open) -> None:
    async def scenario() -> None:
        async with opened() as backend:
            for _ in range(2):
                assert await backend.verify("ann", "correct horse", NOW) is not None
                assert await backend.verify("ann", "wrong", NOW) is None
                assert await backend.verify("long", "correct horse", NOW) is None
                assert await backend.verify("ann", "correct horse", NOW + 5 * MINUTE) is not None

    asyncio.run(scenario())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(username=st.text(max_size=12), password=st.text(max_size=12))
def test_no_text_is_an_error(opened: Open, username: str, password: str) -> None:
    assert verify(opened, username, password) is None
