from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from takeback.auth.passwords import (
    LONGEST_PASSWORD,
    NOBODY,
    Passwords,
    UnfitPassword,
    UnreadableHash,
    check_new,
    generate,
    prepare,
)
from takeback.ids import ALPHABET


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("correct horse", "correct horse"),
        ("no\u00a0break\u3000wide", "no break wide"),
        ("e\u0301", "\u00e9"),
        ("Upper lower", "Upper lower"),
        (" outer spaces stay ", " outer spaces stay "),
        ("p" * LONGEST_PASSWORD, "p" * LONGEST_PASSWORD),
    ],
)
def test_a_password_is_prepared_as_opaque_string(typed: str, prepared: str) -> None:
    assert prepare(typed) == prepared


@pytest.mark.parametrize(
    "typed",
    ["", "nul\0", "tab\t", "escape\x1b[2J", "c1\x85", "lone\ud800", "p" * (LONGEST_PASSWORD + 1), "é" * 513],
)
def test_what_cannot_be_a_password_is_refused_without_being_quoted(typed: str) -> None:
    with pytest.raises(UnfitPassword) as refusal:
        prepare(typed)
    assert not typed or typed not in str(refusal.value)


@given(st.text())
def test_preparing_is_final_and_fails_only_as_documented(typed: str) -> None:
    try:
        prepared = prepare(typed)
    except UnfitPassword:
        return
    assert prepare(prepared) == prepared


def test_a_chosen_password_needs_eight_characters() -> None:
    assert check_new("8 chars!") == "8 chars!"
    with pytest.raises(UnfitPassword, match="at least 8"):
        check_new("7 chars")


def test_a_generated_password_has_80_bits_and_obeys_the_rules() -> None:
    made = {generate() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert check_new(password) == password
        groups = password.split("-")
        assert [len(group) for group in groups] == [4, 4, 4, 4]
        assert set("".join(groups)) <= set(ALPHABET)
    assert len(ALPHABET) == 32  # five bits a character


def test_only_the_right_password_verifies_at_the_cost_that_was_decided(passwords: Passwords) -> None:
    async def scenario() -> None:
        stored = await passwords.hash("correct horse")
        assert await passwords.verify(stored, "correct horse")
        assert not await passwords.verify(stored, "Correct horse")
        assert not passwords.outdated(stored)
        cost = extract_parameters(stored)
        assert (cost.memory_cost, cost.time_cost, cost.parallelism) == (19456, 2, 1)
        assert stored.startswith("$argon2id$")

    asyncio.run(scenario())


def test_a_hash_of_another_cost_verifies_and_is_outdated(passwords: Passwords) -> None:
    stored = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("correct horse")
    assert asyncio.run(passwords.verify(stored, "correct horse"))
    assert passwords.outdated(stored)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$!$!", "$2b$12$bcrypt"])
def test_what_is_no_hash_is_reported_as_such(passwords: Passwords, stored: str) -> None:
    with pytest.raises(UnreadableHash):
        asyncio.run(passwords.verify(stored, "correct horse"))


def test_nobody_costs_as_much_as_somebody_and_never_verifies(passwords: Passwords) -> None:
    stored = passwords.hash_now("correct horse")
    assert extract_parameters(NOBODY) == extract_parameters(stored)
    assert not asyncio.run(passwords.verify(NOBODY, "correct horse"))


def test_hashing_leaves_the_event_loop_free_and_runs_two_at_a_time(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hashes meet at a barrier inside their threads; a third one beside them would break the count."""
    both = threading.Barrier(2)
    running: list[int] = []
    most: list[int] = []
    guard = threading.Lock()

    def matches(_self: Passwords, _stored: str, _prepared: str) -> bool:
        with guard:
            running.append(1)
            most.append(len(running))
        both.wait(timeout=20)
        with guard:
            running.pop()
        return True

    monkeypatch.setattr(Passwords, "_matches", matches)

    async def scenario() -> None:
        checks = [asyncio.ensure_future(passwords.verify("", "")) for _ in range(4)]
        await asyncio.sleep(0)  # the loop turns although both threads are busy
        assert all(await asyncio.gather(*checks))

    asyncio.run(scenario())
    assert max(most) == 2
