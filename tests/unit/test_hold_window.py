"""Which rule applies to a recipient, and when its copy may leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Instant, from_datetime
from takeback.hold.settings import HoldSettings
from takeback.hold.window import Facts, Wish, WishOutOfRange, due_times, due_times_by_findings

BOB, EVE = "bob@example.com", "eve@other.example"
NOW = from_datetime(datetime(2026, 11, 24, 12, 0, tzinfo=UTC))  # a Tuesday
FACTS = Facts(sender="ann@example.com", recipients=(BOB, EVE), size=10 << 10, has_attachment=False, automatic=False)


def settings(**values: Any) -> HoldSettings:
    return HoldSettings.model_validate(values)


def is_internal(address: str) -> bool:
    return address.endswith("@example.com")


def due(facts: Facts, now: Instant = NOW, **values: Any) -> list[Any]:
    """Seconds until each may leave; None until released."""
    return [seconds(time, now) for time in due_times(facts, settings(**values), is_internal, now)]


def due_after_review(facts: Facts, **values: Any) -> list[Any]:
    """The same by rules that ask for findings."""
    return [seconds(time, NOW) for time in due_times_by_findings(facts, settings(**values), is_internal, NOW)]


def seconds(time: Instant | None, now: Instant) -> float | None:
    return None if time is None else (time - now) / SECOND


def one_rule(when: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rule": [{"when": when, "window": "1m", **more}]}


BOTH, NEITHER, BOB_ONLY, EVE_ONLY = [60, 60], [30, 30], [60, 30], [30, 60]

CONDITIONS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, BOTH),
    ({"sender": "ann@example.com"}, BOTH),
    ({"sender": ["*@nowhere.example", "ANN@Example.COM"]}, BOTH),
    ({"sender": "*@other.example"}, NEITHER),
    ({"recipients": "internal"}, BOB_ONLY),
    ({"recipients": "external"}, EVE_ONLY),
    ({"recipients": ["internal", "external"]}, BOTH),
    ({"recipients": "*@other.example"}, EVE_ONLY),
    ({"recipients": ["*@*.example"]}, EVE_ONLY),
    ({"recipient_count": 2}, BOTH),
    ({"recipient_count": "> 1"}, BOTH),
    ({"recipient_count": "> 2"}, NEITHER),
    ({"recipient_count": ">= 2"}, BOTH),
    ({"recipient_count": "< 2"}, NEITHER),
    ({"recipient_count": "<=2"}, BOTH),
    ({"has_attachment": False}, BOTH),
    ({"has_attachment": True}, NEITHER),
    ({"size": "> 10KB"}, NEITHER),
    ({"size": ">= 10KB"}, BOTH),
    ({"size": "< 1MB"}, BOTH),
    ({"header": {"X-Priority": "1*"}}, BOTH),
    ({"header": {"subject": "*URGENT*"}}, BOTH),
    ({"header": {"subject": "urgent"}}, NEITHER),
    ({"header": {"subject": "*urgent*", "x-absent": "*"}}, NEITHER),
    ({"time": "tue"}, BOTH),
    ({"time": "wed-mon"}, NEITHER),
    ({"time": "12:00-12:01"}, BOTH),
    ({"time": "08:00-12:00"}, NEITHER),
    ({"recipients": "external", "size": "< 1MB"}, EVE_ONLY),
    ({"recipients": "external", "size": "> 1MB"}, NEITHER),
]


@pytest.mark.parametrize(("when", "expected"), CONDITIONS, ids=lambda value: str(value))
def test_every_condition(when: dict[str, Any], expected: list[int]) -> None:
    facts = replace(FACTS, header={"subject": "An urgent thing", "x-priority": "1 (Highest)"})
    assert due(facts, **one_rule(when)) == expected


def test_the_first_rule_that_matches_wins() -> None:
    rules = [
        {"when": {"recipients": "internal"}, "window": "0s"},
        {"when": {"recipients": "external"}, "window": "2m"},
        {"window": "5m"},
    ]
    assert due(FACTS, rule=rules) == [0, 120]
    assert due(FACTS, rule=rules[::-1]) == [300, 300]


@pytest.mark.parametrize(("window", "expected"), [("0s", [0, 0]), ("90s", [90, 90]), ("until released", [None, None])])
def test_without_a_rule_the_window_applies(window: str, expected: list[int | None]) -> None:
    assert due(FACTS, window=window) == expected


def test_a_rule_may_hold_until_released() -> None:
    assert due(FACTS, rule=[{"when": {"recipients": "external"}, "window": "Until  Released"}]) == [30, None]


@pytest.mark.parametrize(
    ("rules", "expected"), [([], [0, 0]), ([{"when": {"recipients": "external"}, "window": "1m"}], [0, 60])]
)
def test_automatic_mail_has_no_default_window_but_rules_apply(rules: list[Any], expected: list[int]) -> None:
    assert due(replace(FACTS, sender="", automatic=True), rule=rules) == expected


def test_a_null_sender_is_named_by_no_pattern_but_the_star() -> None:
    facts = replace(FACTS, sender="", automatic=True)
    assert due(facts, **one_rule({"sender": "*@example.com"})) == [0, 0]
    assert due(facts, **one_rule({"sender": "*"})) == BOTH


WISHES: list[tuple[dict[str, Any], Instant | None, list[int | None]]] = [
    ({}, NOW + 5 * MINUTE, [300, 300]),
    ({}, NOW, [0, 0]),
    ({}, NOW - HOUR, [0, 0]),
    ({}, None, [None, None]),
    ({"shortest": "10s"}, NOW + SECOND, [10, 10]),
    ({"shortest": "10s"}, NOW - DAY, [10, 10]),
    ({"longest": "1h"}, NOW + HOUR, [3600, 3600]),
    ({"longest": "1h"}, None, [None, None]),
    (one_rule({"recipients": "external"}), NOW + 5 * SECOND, [5, 5]),
    (one_rule({"recipients": "external"}, firm=True), NOW + 5 * SECOND, [5, 60]),
    (one_rule({"recipients": "external"}, firm=True), NOW + HOUR, [3600, 3600]),
    (one_rule({"recipients": "external"}, firm=True), None, [None, None]),
    ({"rule": [{"window": "until released", "firm": True}]}, NOW + HOUR, [None, None]),
    ({"rule": [{"window": "until released"}]}, NOW + HOUR, [3600, 3600]),
]


@pytest.mark.parametrize(("values", "wish", "expected"), WISHES, ids=lambda value: str(value))
def test_what_the_sender_asked_for(values: dict[str, Any], wish: Instant | None, expected: list[Any]) -> None:
    assert due(replace(FACTS, wish=Wish(wish)), **values) == expected


def test_a_wish_beyond_the_longest_is_refused() -> None:
    with pytest.raises(WishOutOfRange):
        due(replace(FACTS, wish=Wish(NOW + HOUR + 1)), longest="1h")


@given(st.one_of(st.none(), st.integers(NOW - DAY, NOW + 30 * DAY)), st.integers(0, 3600), st.integers(0, 3600))
def test_a_firm_window_is_never_shortened(wish: Instant | None, window: int, shortest: int) -> None:
    values: dict[str, Any] = {"shortest": f"{shortest}s", "rule": [{"window": f"{window}s", "firm": True}]}
    for seconds in due(replace(FACTS, wish=Wish(wish)), **values):
        assert seconds is None or seconds >= max(window, shortest)


SPANS: list[tuple[str, str, bool]] = [
    ("18:00-08:00", "tue 17:59", False),
    ("18:00-08:00", "tue 18:00", True),
    ("18:00-08:00", "wed 07:59", True),
    ("18:00-08:00", "wed 08:00", False),
    ("fri 18:00-08:00", "fri 18:00", True),
    ("fri 18:00-08:00", "sat 07:59", True),
    ("fri 18:00-08:00", "fri 07:59", False),
    ("fri 18:00-08:00", "sat 18:00", False),
    ("sun 22:00-06:00", "mon 05:00", True),
    ("sat-mon", "sun 12:00", True),
    ("sat-mon", "mon 23:59", True),
    ("sat-mon", "tue 00:00", False),
    ("fri-sat", "fri 00:00", True),
    ("sun-thu 08:00-17:00", "thu 16:59", True),
    ("sun-thu 08:00-17:00", "fri 09:00", False),
    ("sun-thu 08:00-17:00", "sun 08:00", True),
    ("00:00-24:00", "wed 13:00", True),
    ("08:00-24:00", "wed 23:59", True),
    ("08:00-24:00", "wed 07:59", False),
    ("MON 08:00-09:00", "mon 08:30", True),
]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.mark.parametrize(("span", "moment", "inside"), SPANS)
def test_parts_of_the_week(span: str, moment: str, inside: bool) -> None:
    day, clock = moment.split()
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    hour, minute = map(int, clock.split(":"))
    at = from_datetime(monday.replace(day=23 + _DAYS.index(day), hour=hour, minute=minute))
    assert due(FACTS, at, **one_rule({"time": span})) == (BOTH if inside else NEITHER)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        (datetime(2026, 3, 28, 7, 30, tzinfo=UTC), False),  # 07:30 in London, in winter
        (datetime(2026, 3, 29, 7, 30, tzinfo=UTC), True),  # 08:30, on the day on which summer time begins
        (datetime(2026, 10, 24, 7, 30, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 7, 30, tzinfo=UTC), False),
    ],
)
def test_hours_are_those_of_the_time_zone(moment: datetime, inside: bool) -> None:
    values = one_rule({"time": "08:00-17:00"})
    assert due(FACTS, from_datetime(moment), timezone="Europe/London", **values) == (BOTH if inside else NEITHER)


def test_the_day_is_that_of_the_time_zone() -> None:
    late = from_datetime(datetime(2026, 11, 26, 22, 0, tzinfo=UTC))  # Thursday; in Riyadh it is Friday
    assert due(FACTS, late, timezone="Asia/Riyadh", **one_rule({"time": "fri-sat"})) == BOTH
    assert due(FACTS, late, **one_rule({"time": "fri-sat"})) == NEITHER


def test_a_rule_that_asks_for_a_finding_waits_for_the_review() -> None:
    rules = [
        {"when": {"finding": "secret", "recipients": "external"}, "window": "until released"},
        {"when": {"finding": ["secret", "typo_domain"]}, "window": "5m"},
        {"window": "1m"},
    ]
    assert due(FACTS, rule=rules) == BOTH
    found = replace(FACTS, findings=frozenset({"secret"}))
    assert due_after_review(found, rule=rules) == [300, None]
    assert due_after_review(FACTS, rule=rules) == [0, 0]
