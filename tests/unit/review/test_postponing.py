from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import HOUR, SECOND
from takeback.review.postponing import LONGEST, urgent
from takeback.review.settings import ReviewSettings

NOW = 1_000 * HOUR
RELEASE, HOLD = ReviewSettings(), ReviewSettings(on_failure="hold")
A_REVIEW = SECOND // 100


@given(backlog=st.integers(0, 100_000), workers=st.integers(1, 64))
def test_what_is_postponed_has_time_for_all_that_waits(backlog: int, workers: int) -> None:
    found = urgent(NOW, backlog, workers, RELEASE)
    assert found.due_before - NOW >= backlog * A_REVIEW // workers + 5 * SECOND


@given(backlog=st.integers(0, 100_000))
def test_nothing_is_postponed_for_longer_than_a_minute(backlog: int) -> None:
    assert urgent(NOW, backlog, 1, RELEASE).accepted_before >= NOW - LONGEST


@given(backlog=st.integers(0, 100_000))
def test_where_a_late_review_keeps_the_message_none_is_late_because_of_it(backlog: int) -> None:
    found = urgent(NOW, backlog, 1, HOLD)
    assert found.accepted_before >= NOW - HOLD.timeout + backlog * A_REVIEW


@pytest.mark.parametrize(("workers", "seconds"), [(1, 15), (2, 10), (4, 7.5)])
def test_more_workers_need_less_time(workers: int, seconds: float) -> None:
    assert urgent(NOW, 1_000, workers, RELEASE).due_before - NOW == seconds * SECOND
