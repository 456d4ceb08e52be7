from __future__ import annotations

from takeback.clock import DAY
from takeback.review.engine import Failure, review
from takeback.review.finding import Finding, Reason
from takeback.review.history import History
from takeback.review.message import Message, read
from takeback.review.rule import Check, Context, Rule

MESSAGE = read(b"From: me@example.com\r\nTo: ann@example.com\r\nSubject: x\r\n\r\nHello\r\n")
CONTEXT = Context(1_000 * DAY, frozenset({"me@example.com"}), lambda address: address.endswith("@example.com"))


def finds(code: str, *probabilities: float) -> Rule:
    findings = [Finding(code, probability, Reason("en", "ar")) for probability in probabilities]
    return Rule(code, lambda message, history, context: findings)


def crashing(error: Exception) -> Rule:
    def check(message: Message, history: History, context: Context) -> list[Finding]:
        raise error

    return Rule("crashing", check)


def test_findings_come_worst_first_and_the_worst_is_the_score() -> None:
    found = review(MESSAGE, History(), CONTEXT, [finds("a", 0.1, 0.4), finds("b", 0.3)])
    assert [(each.code, each.probability) for each in found.findings] == [("a", 0.4), ("b", 0.3), ("a", 0.1)]
    assert found.score == 0.4


def test_nothing_found_scores_nothing() -> None:
    found = review(MESSAGE, History(), CONTEXT, [finds("a")])
    assert found.score == 0.0
    assert not found.findings
    assert not found.failures


def test_a_rule_that_crashes_is_recorded_and_the_others_run() -> None:
    found = review(MESSAGE, History(), CONTEXT, [finds("a", 0.1), crashing(RecursionError()), finds("b", 0.2)])
    assert [each.code for each in found.findings] == ["b", "a"]
    assert found.failures == (Failure("crashing", "crashed: RecursionError"),)


def test_when_the_time_is_up_no_rule_is_begun() -> None:
    readings = iter([0.0, 0.5, 2.0, 3.0])
    rules = [finds("a", 0.1), finds("b", 0.2), finds("c", 0.3)]
    found = review(MESSAGE, History(), CONTEXT, rules, budget=1.0, clock=lambda: next(readings))
    assert [each.code for each in found.findings] == ["a"]
    assert found.failures == (Failure("b", "no time left"), Failure("c", "no time left"))


def test_one_rule_floods_nobody() -> None:
    found = review(MESSAGE, History(), CONTEXT, [finds("a", *[number / 100 for number in range(100)])])
    assert len(found.findings) == 20
    assert found.score == 0.99


def test_a_rule_is_asked_with_what_was_given() -> None:
    asked: list[tuple[Message, History, Context]] = []
    history = History()

    def check(message: Message, history: History, context: Context) -> list[Finding]:
        asked.append((message, history, context))
        return []

    as_check: Check = check
    review(MESSAGE, history, CONTEXT, [Rule("asked", as_check)])
    assert asked == [(MESSAGE, history, CONTEXT)]
