"""Time as text and back, and the names that are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback import clock
from takeback.clock import SECOND, from_datetime, parse_rfc3339, rfc3339, rfc5322, to_datetime
from takeback.ids import ALPHABET, new_id, new_token

INSTANTS = st.integers(0, 253_402_300_799_999_999)  # to the end of the year 9999


@given(INSTANTS)
def test_rfc3339_round_trip(instant: int) -> None:
    assert parse_rfc3339(rfc3339(instant)) == instant


@given(INSTANTS)
def test_datetime_round_trip(instant: int) -> None:
    assert from_datetime(to_datetime(instant)) == instant


@given(INSTANTS, INSTANTS)
def test_text_sorts_as_time_does(one: int, other: int) -> None:
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T02:55:00Z",
        "2026-11-24t02:55:00z",
        "2026-11-24 02:55:00Z",
        "2026-11-24T02:55:00.000000Z",
        "2026-11-24T05:55:00+03:00",
        "2026-11-23T21:25:00-05:30",
    ],
)
def test_any_offset_is_read(text: str) -> None:
    assert rfc3339(parse_rfc3339(text)) == "2026-11-24T02:55:00.000000Z"


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-24", "2026-11-24T02:55:00", "2026-11-24T25:00:00Z", "2026-02-30T00:00:00Z", "20261124T025500Z",
     "2026-11-24T02:55:00Zjunk", "٢٠٢٦-11-24T02:55:00Z"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)


def test_a_datetime_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="names no instant"):
        from_datetime(datetime(2026, 11, 24))  # noqa: DTZ001 - that is the point


def test_microseconds_survive_any_offset() -> None:
    moment = datetime(2026, 11, 24, 2, 55, 0, 123_457, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert from_datetime(moment) % SECOND == 123_457
    assert to_datetime(from_datetime(moment)) == moment.astimezone(UTC)


def test_the_date_of_a_header() -> None:
    assert rfc5322(parse_rfc3339("2026-11-24T02:55:00Z")) == "Tue, 24 Nov 2026 02:55:00 +0000"


def test_clocks_go_on() -> None:
    before = clock.monotonic()
    assert clock.monotonic() >= before
    assert abs(clock.now() - from_datetime(datetime.now(UTC))) < 60 * SECOND


@given(st.integers(0, 2**35 * SECOND - 1))
def test_ids_are_short_and_plain(instant: int) -> None:
    for text in (new_id(instant), new_token()):
        assert len(text) == 16
        assert set(text) <= set(ALPHABET)


def test_ids_do_not_repeat_and_sort_by_second() -> None:
    assert len({new_id(SECOND) for _ in range(10_000)}) == 10_000
    assert max(new_id(SECOND) for _ in range(100)) < min(new_id(2 * SECOND) for _ in range(100))
    assert len({new_token() for _ in range(10_000)}) == 10_000
