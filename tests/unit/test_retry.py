"""When to try again, when to tell, when to give up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import DAY, HOUR, MINUTE
from takeback.hold.retry import DELAYS, JITTER, delay_after, is_delay_report_due, is_time_to_give_up


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [(1, MINUTE), (2, 2 * MINUTE), (3, 5 * MINUTE), (9, 4 * HOUR), (10, 4 * HOUR), (99, 4 * HOUR)],
)
def test_delays_grow_and_then_stay(attempts: int, delay: int) -> None:
    assert delay_after(attempts, 0.5) == delay


def test_delays_never_shrink() -> None:
    assert list(DELAYS) == sorted(DELAYS)


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_spread_within_its_share(attempts: int, chance: float) -> None:
    middle = delay_after(attempts, 0.5)
    assert (1 - JITTER) * middle <= delay_after(attempts, chance) <= (1 + JITTER) * middle


def test_chance_matters() -> None:
    assert delay_after(1, 0) < delay_after(1, 0.5) < delay_after(1, 0.99)


@pytest.mark.parametrize(("age", "due"), [(4 * HOUR - 1, False), (4 * HOUR, True), (DAY, True)])
def test_the_delay_is_told_once_after_four_hours(age: int, due: bool) -> None:
    assert is_delay_report_due(1000, False, 1000 + age) == due
    assert not is_delay_report_due(1000, True, 1000 + age)


@pytest.mark.parametrize(("age", "due"), [(0, False), (5 * DAY - 1, False), (5 * DAY, True)])
def test_it_is_given_up_after_five_days(age: int, due: bool) -> None:
    assert is_time_to_give_up(1000, 1000 + age) == due
