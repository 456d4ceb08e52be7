"""Durations and sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import DAY, HOUR, MINUTE, SECOND
from takeback.quantities import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", 0),
        ("30s", 30 * SECOND),
        ("5m", 5 * MINUTE),
        ("2h", 2 * HOUR),
        ("3d", 3 * DAY),
        ("1h30m", 90 * MINUTE),
        ("1h 30m", 90 * MINUTE),
        (" 2 H ", 2 * HOUR),
        ("999999999s", 999_999_999 * SECOND),
    ],
)
def test_durations(text: str, duration: int) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", " ", "5", "m", "-5m", "5 minutes", "1.5h", "5m!", "1000000000s", "99999d", "٥m", "5m\0", "1e3s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer than"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0B", 0), ("512B", 512), ("64KB", 65536), ("50MB", 50 << 20), ("1GB", 1 << 30), ("1 kb", 1024)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", "MB", "-1MB", "1.5MB", "1TB", "1MiB", "٥MB", "1MB2KB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (999_999, "0s"),
        (59 * SECOND, "59s"),
        (60 * SECOND, "1m"),
        (4 * MINUTE + 5 * SECOND, "4m 5s"),
        (2 * DAY + 3 * HOUR + 4 * MINUTE, "2d 3h"),
        (DAY + SECOND, "1d 1s"),
    ],
)
def test_durations_for_people(duration: int, text: str) -> None:
    assert format_duration(duration) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (1 << 20, "1.0 MB"),
        (1_048_575, "1.0 MB"),
        (1 << 40, "1024.0 GB"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 999_999_999))
def test_what_is_told_is_what_would_be_read(seconds: int) -> None:
    """But for what the two largest units leave out."""
    told = parse_duration(format_duration(seconds * SECOND))
    assert 0 <= seconds * SECOND - told < HOUR
    assert parse_duration(format_duration(told)) == told


@given(st.integers(0, 10**9 - 1), st.sampled_from("smhd"))
def test_one_unit_round_trip(count: int, unit: str) -> None:
    length = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}[unit]
    if count * length <= 999_999_999 * SECOND:
        assert parse_duration(f"{count}{unit}") == count * length
