"""Who may not take back now, and until when."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import HOUR, MINUTE, SECOND
from takeback.recall.permission import (
    PERIOD,
    Limits,
    NotNow,
    Standing,
    check,
    check_second_person,
    needs_second_person,
)

NOW = 1_800_000_000 * SECOND
LIMITS = Limits(per_hour=3, after_password_change=HOUR, second_person_above=500)


def refusal(standing: Standing, now: int = NOW) -> NotNow | None:
    try:
        check(standing, LIMITS, now)
    except NotNow as error:
        return error
    return None


def test_the_next_one_within_the_hour_is_refused() -> None:
    times = [NOW - 50 * MINUTE, NOW - 20 * MINUTE, NOW - SECOND]
    refused = refusal(Standing(times, None))
    assert refused is not None and refused.until == NOW + 10 * MINUTE
    assert str(refused).startswith(
        "3 recalls of this account's mail were asked for within an hour; the next one is possible in 10m"
    )
    assert refusal(Standing(times, None), NOW + 10 * MINUTE) is None
    assert refusal(Standing(times[1:], None)) is None


@given(st.lists(st.integers(NOW - 2 * HOUR, NOW), max_size=12))
def test_what_is_said_about_the_next_time_is_true(times: list[int]) -> None:
    refused = refusal(Standing(times, None))
    assert (refused is not None) == (sum(time > NOW - PERIOD for time in times) >= 3)
    if refused is not None and refused.until is not None:
        assert refusal(Standing(times, None), refused.until) is None
        assert refusal(Standing(times, None), refused.until - 1) is not None


def test_a_fresh_password_takes_nothing_back() -> None:
    refused = refusal(Standing([], NOW - 10 * MINUTE))
    assert refused is not None and refused.until == NOW + 50 * MINUTE
    assert "changed less than 1h ago" in str(refused) and "another 50m" in str(refused)
    assert refusal(Standing([], NOW - HOUR)) is None


def test_nothing_is_counted_where_there_is_no_limit() -> None:
    check(Standing([NOW] * 1000, NOW), Limits(0, 0, 0), NOW)


@pytest.mark.parametrize(
    ("mailboxes", "above", "needed"), [(500, 500, False), (501, 500, True), (9_999, 0, False), (None, 500, True)]
)
def test_many_mailboxes_need_two_people(mailboxes: int | None, above: int, needed: bool) -> None:
    assert needs_second_person(mailboxes, Limits(0, 0, above)) is needed


def test_the_second_person_is_another() -> None:
    check_second_person("ann@example.com", "local:root")
    check_second_person("web:ann@example.com", "web:ben@example.com as administrator")
    check_second_person("api:ann@example.com/laptop", "api:ben@example.com/laptop")
    ways_in = ("ann@example.com", "mail:ann@example.com", "web:ann@example.com", "api:ann@example.com/a/b@c")
    for asked, confirmed in product(ways_in, repeat=2):
        with pytest.raises(NotNow, match="somebody else"):
            check_second_person(f"{asked} as delegate", f"{confirmed} as administrator")


def test_a_key_cannot_be_named_so_that_it_seems_another_account() -> None:
    for name in ("x@y", "x@y/z", "/", "a/b/c"):
        with pytest.raises(NotNow):
            check_second_person("web:ann", f"api:ann/{name}")
        with pytest.raises(NotNow):
            check_second_person(f"api:ann/{name}", "api:ann/laptop as administrator")
