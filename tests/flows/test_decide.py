"""What one outcome means for one recipient: its state, its next attempt, and what its sender hears of it."""

from __future__ import annotations

import pytest

from takeback.clock import DAY, HOUR, MINUTE, Duration
from takeback.flows.reports import Occasion
from takeback.flows.settle import decide
from takeback.mail.envelope import Recipient
from takeback.ports import Outcome, Verdict
from takeback.ports.store import ClaimedRecipient

START = 1_800_000_000_000_000


def recipient(notify: str | None = None, attempts: int = 0, delay_reported: bool = False) -> ClaimedRecipient:
    return ClaimedRecipient(7, Recipient("bob@one.example", notify), attempts, START, delay_reported)


@pytest.mark.parametrize(
    ("notify", "outcome", "occasion"),
    [
        (None, Outcome(Verdict.SENT, "250 ok"), None),
        ("NEVER", Outcome(Verdict.SENT, "250 ok"), None),
        ("SUCCESS", Outcome(Verdict.SENT, "250 ok"), Occasion.RELAYED),
        ("SUCCESS", Outcome(Verdict.SENT, "250 ok", reports_itself=True), None),
        ("SUCCESS,FAILURE", Outcome(Verdict.SENT, "250 ok", delivered=True), Occasion.DELIVERED),
        (None, Outcome(Verdict.FAILED, "550 no"), Occasion.FAILED),
        ("FAILURE", Outcome(Verdict.FAILED, "550 no"), Occasion.FAILED),
        ("NEVER", Outcome(Verdict.FAILED, "550 no"), None),
        ("SUCCESS,DELAY", Outcome(Verdict.FAILED, "550 no"), None),
        (None, Outcome(Verdict.UNKNOWN, ""), None),
    ],
)
def test_what_the_sender_hears(notify: str | None, outcome: Outcome, occasion: Occasion | None) -> None:
    decision = decide(recipient(notify), outcome, START + MINUTE, chance=0.5)
    assert (decision.occasion, decision.result.outcome, decision.result.due_at) == (occasion, outcome, None)


@pytest.mark.parametrize(
    ("notify", "reported", "after", "occasion"),
    [
        (None, False, 4 * HOUR - 1, None),
        (None, False, 4 * HOUR, Occasion.DELAYED),
        ("DELAY", False, 5 * HOUR, Occasion.DELAYED),
        ("FAILURE", False, 5 * HOUR, None),
        (None, True, 5 * HOUR, None),
    ],
)
def test_a_delay_is_reported_once(
    notify: str | None, reported: bool, after: Duration, occasion: Occasion | None
) -> None:
    decision = decide(
        recipient(notify, delay_reported=reported), Outcome(Verdict.DEFERRED, "451 later"), START + after, chance=0.5
    )
    assert decision.occasion is occasion
    assert decision.result.delay_reported is (reported or after >= 4 * HOUR)
    assert decision.result.outcome.verdict is Verdict.DEFERRED


def test_each_attempt_waits_longer_than_the_one_before() -> None:
    waits = [
        (decide(recipient(attempts=made), Outcome(Verdict.DEFERRED, "451"), START, chance=0.5).result.due_at or 0)
        - START
        for made in range(12)
    ]
    assert waits[0] == MINUTE
    assert waits == sorted(waits)
    assert waits[-1] == 4 * HOUR


def test_after_five_days_it_is_given_up() -> None:
    later = Outcome(Verdict.DEFERRED, "451 4.3.0 later", "mx.one.example")
    before = decide(recipient(attempts=40, delay_reported=True), later, START + 5 * DAY - 1, chance=0.5)
    assert before.result.outcome.verdict is Verdict.DEFERRED
    after = decide(recipient(attempts=40, delay_reported=True), later, START + 5 * DAY, chance=0.5)
    assert after.occasion is Occasion.FAILED
    assert after.result.outcome == Outcome(
        Verdict.FAILED, "554 5.4.7 Given up; last: 451 4.3.0 later", "mx.one.example"
    )
