"""What only our own accounts promise: nothing stale, no telling who exists, hashes that keep up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher

from takeback.auth.backends import AccountsBackend, AuthUnavailable, StoredPassword
from takeback.auth.passwords import NOBODY, Passwords
from takeback.clock import MINUTE, SECOND
from takeback.errors import StoreUnavailable

NOW = 1_000_000 * SECOND
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class CountingPasswords(Passwords):
    """The real thing, which also remembers what was checked against what."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: list[str] = []

    async def verify(self, stored: str, prepared: str) -> bool:
        self.checked.append(stored)
        return await super().verify(stored, prepared)


@dataclass
class Scene:
    """One account, ann, and a store that can be down for reading or for writing."""

    stored: StoredPassword | None
    readable: bool = True
    writable: bool = True
    passwords: CountingPasswords = field(default_factory=CountingPasswords)

    async def look_up(self, key: str) -> StoredPassword | None:
        if not self.readable:
            raise StoreUnavailable("the store is down")
        return self.stored if key == "ann@example.com" else None

    async def replace_hash(self, key: str, old: str, new: str) -> None:
        if not self.writable:
            raise StoreUnavailable("the store is down")
        assert key == "ann@example.com"
        assert self.stored is not None
        assert self.stored.hash == old
        self.stored = StoredPassword(self.stored.address, new)

    def backend(self) -> AccountsBackend:
        return AccountsBackend(self.look_up, self.replace_hash, self.passwords, "")


def ann(password: str) -> StoredPassword:
    passwords = Passwords()
    stored = StoredPassword("Ann@example.com", passwords.hash_now(password))
    passwords.close()
    return stored


def outcomes(scene: Scene, *attempts: tuple[str, str, int]) -> list[bool]:
    async def scenario() -> list[bool]:
        backend = scene.backend()
        try:
            return [await backend.verify(*attempt) is not None for attempt in attempts]
        finally:
            backend.close()

    return asyncio.run(scenario())


def test_a_right_password_is_hashed_once_in_five_minutes_and_a_wrong_one_each_time() -> None:
    scene = Scene(ann("correct horse"))
    right, wrong = ("ann@example.com", "correct horse", NOW), ("ann@example.com", "wrong", NOW)
    late = ("ann@example.com", "correct horse", NOW + 5 * MINUTE)
    assert outcomes(scene, right, right, right) == [True] * 3
    assert len(scene.passwords.checked) == 1
    scene.passwords = CountingPasswords()
    assert outcomes(scene, right, wrong, wrong, late) == [True, False, False, True]
    assert len(scene.passwords.checked) == 4


@pytest.mark.parametrize("successor", [None, "new password"])
def test_a_changed_password_or_a_removed_account_counts_at_once(successor: str | None) -> None:
    scene = Scene(ann("correct horse"))
    later = None if successor is None else ann(successor)

    async def scenario() -> None:
        backend = scene.backend()
        try:
            assert await backend.verify("ann@example.com", "correct horse", NOW) is not None
            scene.stored = later
            assert await backend.verify("ann@example.com", "correct horse", NOW) is None
        finally:
            backend.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("username", ["nobody@example.com", "\0", ""])
def test_an_account_that_does_not_exist_costs_one_hash_like_any_other(username: str) -> None:
    scene = Scene(ann("correct horse"))
    assert outcomes(scene, (username, "correct horse", NOW)) == [False]
    assert scene.passwords.checked == [NOBODY]


def test_a_hash_of_an_old_cost_is_made_anew_at_the_next_right_login_only() -> None:
    old = CHEAP.hash("correct horse")
    scene = Scene(StoredPassword("Ann@example.com", old))
    assert outcomes(scene, ("ann@example.com", "wrong", NOW)) == [False]
    assert scene.stored is not None
    assert scene.stored.hash == old
    scene.passwords = CountingPasswords()
    right = ("ann@example.com", "correct horse", NOW)
    assert outcomes(scene, right, right) == [True, True]
    assert scene.stored.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_that_cannot_be_made_anew_now_keeps_nobody_out() -> None:
    scene = Scene(StoredPassword("Ann@example.com", CHEAP.hash("correct horse")), writable=False)
    assert outcomes(scene, ("ann@example.com", "correct horse", NOW)) == [True]


@pytest.mark.parametrize(
    "scene",
    [
        Scene(StoredPassword("Ann@example.com", "no hash at all")),
        Scene(StoredPassword("Ann@example.com", ""), readable=False),
    ],
    ids=["unreadable hash", "store down"],
)
def test_what_cannot_be_found_out_is_neither_yes_nor_no(scene: Scene) -> None:
    with pytest.raises(AuthUnavailable):
        outcomes(scene, ("ann@example.com", "correct horse", NOW))
