"""Runs every rule over one message. A rule that fails hurts only itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.rule import Context, Rule

_MOST_OF_A_RULE = 20
"""Findings of one rule that are kept, worst first: a list with a thousand wrong addresses is one mistake."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that did not say anything: `reason` is "crashed", with the kind of error, or "no time left"."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """`findings` are ordered worst first. `score` is the highest of their probabilities, not a sum: rules look at the
    same slip from several sides, so their findings are anything but independent."""

    score: float
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...] = ()


def review(
    message: Message,
    history: History,
    context: Context,
    rules: Sequence[Rule],
    budget: float = float("inf"),
    clock: Callable[[], float] = perf_counter,
) -> Review:
    """What all rules found. After `budget` seconds by `clock` no further rule is begun. A rule that does not come back
    cannot be stopped from here: whoever needs that runs the review in a process that can be ended."""
    began = clock()
    findings: list[Finding] = []
    failures: list[Failure] = []
    for rule in rules:
        if clock() - began > budget:
            failures.append(Failure(rule.name, "no time left"))
            continue
        try:
            found = rule.check(message, history, context)
        except Exception as error:  # noqa: BLE001 - whatever it was, the other rules still run
            failures.append(Failure(rule.name, f"crashed: {type(error).__name__}"))
        else:
            findings += sorted(found, key=_worst_first)[:_MOST_OF_A_RULE]
    findings.sort(key=_worst_first)
    score = max((finding.probability for finding in findings), default=0.0)
    return Review(score, tuple(findings), tuple(failures))


def _worst_first(finding: Finding) -> float:
    return -finding.probability
