"""Secrets that are made by chance and shown once: sessions, passwords for devices, API keys, links.

They hold so much chance that a plain hash is enough to keep: nobody can try them out, and looking one up costs no work
factor.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from takeback.clock import Instant
from takeback.errors import TakebackError
from takeback.ids import ALPHABET, digest, new_id, new_secret
from takeback.ports.people import Author, NewApiKey, NewAppPassword, People, Scope
from takeback.visible import visible

LONGEST_NAME = 60
MOST_APP_PASSWORDS = 50
MOST_API_KEYS = 50
_KEY_PREFIX = "tb"
_GROUPS, _GROUP_LENGTH = 5, 4
_APP_PASSWORD = re.compile(rf"[{ALPHABET}]{{{_GROUPS * _GROUP_LENGTH}}}")
_BETWEEN = re.compile(r"[\s-]")


class UnfitName(TakebackError):
    """This cannot be the name of a device or a key."""


class TooMany(TakebackError):
    """The account has as many of these as it may have; one has to be revoked first."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made; `secret` is shown now and never again."""

    id: str
    name: str
    secret: str


async def make_app_password(people: People, now: Instant, account: str, name: str, author: Author) -> Made:
    """Afterwards the account has one more password for submitting mail. Raises UnfitName, TooMany."""
    if len(await people.app_passwords(account)) >= MOST_APP_PASSWORDS:
        raise TooMany("there are {most} already; revoke one first", most=MOST_APP_PASSWORDS)
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    made = Made(new_id(now), _fit(name), "-".join(groups))
    hashed = app_password_digest(account, made.secret)
    assert hashed is not None
    await people.add_app_password(NewAppPassword(made.id, account, made.name, hashed, author))
    return made


def app_password_digest(account: str, password: str) -> str | None:
    """What is stored of an app password and looked up: the same with or without hyphens, spaces or capitals. None for
    a text that cannot be one, so that other passwords are never looked up."""
    compact = _BETWEEN.sub("", password).lower()
    return digest(f"{account}\0{compact}") if _APP_PASSWORD.fullmatch(compact) else None


async def make_api_key(
    people: People,
    now: Instant,
    account: str,
    name: str,
    scopes: frozenset[Scope],
    author: Author,
    expires_at: Instant | None = None,
) -> Made:
    """Afterwards the account has one more API key. Raises UnfitName, TooMany."""
    if len(await people.api_keys(account)) >= MOST_API_KEYS:
        raise TooMany("there are {most} already; revoke one first", most=MOST_API_KEYS)
    id, secret = new_id(now), new_secret()
    await people.add_api_key(NewApiKey(id, account, _fit(name), digest(secret), scopes, author, expires_at))
    return Made(id, _fit(name), f"{_KEY_PREFIX}_{id}_{secret}")


def read_api_key(text: str) -> tuple[str, str] | None:
    """The id that a key names and what the store keeps of its secret; None for a text that is no key."""
    prefix, _, rest = text.strip().partition("_")
    id, _, secret = rest.partition("_")
    return (id, digest(secret)) if prefix == _KEY_PREFIX and id and secret else None


def _fit(name: str) -> str:
    fit = visible(" ".join(name.split()), LONGEST_NAME)
    if not fit:
        raise UnfitName("give it a name, such as the device it is for")
    return fit
