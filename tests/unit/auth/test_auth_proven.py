from __future__ import annotations

from itertools import combinations

from takeback.auth.proven import ProvenLogins
from takeback.clock import MINUTE, SECOND

START = 1_000_000 * SECOND


def test_a_success_is_remembered_for_five_minutes() -> None:
    proven = ProvenLogins()
    login = proven.digest("ann", "secret", "hash")
    assert not proven.holds(login, START)
    proven.add(login, START)
    assert proven.holds(login, START)
    assert proven.holds(login, START + 5 * MINUTE - 1)
    assert not proven.holds(login, START + 5 * MINUTE)


def test_a_clock_that_went_backward_proves_nothing() -> None:
    proven = ProvenLogins()
    login = proven.digest("ann", "secret", "hash")
    proven.add(login, START)
    assert not proven.holds(login, START - 1)


def test_a_changed_password_name_or_hash_is_another_login() -> None:
    proven = ProvenLogins()
    logins = [
        proven.digest("ann", "secret", "hash"),
        proven.digest("bob", "secret", "hash"),
        proven.digest("ann", "other", "hash"),
        proven.digest("ann", "secret", "new hash"),
        proven.digest("ann" + "secret", "", "hash"),
    ]
    assert all(one != other for one, other in combinations(logins, 2))


def test_each_instance_has_its_own_key_and_keeps_no_password() -> None:
    one, other = ProvenLogins(), ProvenLogins()
    assert one.digest("ann", "secret", "hash") != other.digest("ann", "secret", "hash")
    assert b"secret" not in one.digest("ann", "secret", "hash")


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    proven = ProvenLogins(capacity=2)
    first, second, third = (proven.digest(name, "secret", "hash") for name in ("a", "b", "c"))
    proven.add(first, START)
    proven.add(second, START + 1)
    proven.add(first, START + 2)  # proven again, so now the second is the oldest
    proven.add(third, START + 3)
    assert len(proven) == 2
    assert proven.holds(first, START + 3)
    assert not proven.holds(second, START + 3)
    assert proven.holds(third, START + 3)
