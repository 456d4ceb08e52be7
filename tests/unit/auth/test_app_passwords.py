"""App passwords stand beside any backend, and let nobody else in."""

from __future__ import annotations

import asyncio

import pytest

from takeback.auth.app_passwords import WithAppPasswords
from takeback.auth.backends import AuthUnavailable
from takeback.auth.credentials import app_password_digest
from takeback.auth.identity import Identity
from takeback.clock import Instant
from takeback.errors import StoreUnavailable

ANN = "ann@example.com"
SECRET = "7gk2-m0xq-9vtc-d4nh-2b8w"


class Backend:
    """Knows one password, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        self.asked.append(password)
        return Identity(username, username) if password == "right" else None

    def close(self) -> None:
        return None


async def is_good(account: str, secret: str) -> bool:
    return (account, secret) == (ANN, app_password_digest(ANN, SECRET))


def verify(username: str, password: str, backend: Backend | None = None) -> Identity | None:
    both = WithAppPasswords(backend or Backend(), is_good, "example.com")
    return asyncio.run(both.verify(username, password, 0))


@pytest.mark.parametrize("written", [SECRET, SECRET.upper(), SECRET.replace("-", ""), SECRET.replace("-", " ")])
@pytest.mark.parametrize("username", [ANN, "Ann@Example.com", "ann"])
def test_an_app_password_is_its_accounts(username: str, written: str) -> None:
    assert verify(username, written) == Identity(ANN, ANN)


@pytest.mark.parametrize("username", ["ben@example.com", "", "\0", "@"])
def test_and_nobody_elses(username: str) -> None:
    assert verify(username, SECRET) is None


def test_another_password_is_the_backends_business() -> None:
    backend = Backend()
    assert verify(ANN, "right", backend) == Identity(ANN, ANN)
    assert verify(ANN, "wrong", backend) is None
    assert verify(ANN, SECRET[:-1] + "x", backend) is None
    assert backend.asked == ["right", "wrong", SECRET[:-1] + "x"]


def test_what_is_kept_differs_from_account_to_account() -> None:
    assert app_password_digest(ANN, SECRET) != app_password_digest("ben@example.com", SECRET)


@pytest.mark.parametrize("text", ["", "right", SECRET[:-1], SECRET + "a", "i" * 20, "\ud800" * 20, "a" * 100_000])
def test_what_cannot_be_one_is_not_looked_up(text: str) -> None:
    assert app_password_digest(ANN, text) is None


def test_a_store_that_does_not_answer_is_neither_right_nor_wrong() -> None:
    async def fail(*_: str) -> bool:
        raise StoreUnavailable("no answer")

    with pytest.raises(AuthUnavailable):
        asyncio.run(WithAppPasswords(Backend(), fail, "").verify(ANN, SECRET, 0))
