"""The worker process: reads messages, runs the rules, and keeps the histories that it was given.

`python -m takeback.workers.process LINE PROGRESS MEMORY RULE MESSAGE` is started by `takeback.workers.worker`; LINE and
PROGRESS are descriptors that it was given, the rest are its limits. It ends when the line does.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from time import process_time
from typing import Any

from takeback.mail.address import is_within
from takeback.review import engine
from takeback.review.history import History
from takeback.review.learning import seen_in
from takeback.review.message import Message, read
from takeback.review.rule import Context, Rule
from takeback.workers import forms, frames
from takeback.workers.frames import LEARNING, READING
from takeback.workers.limits import Limits, Progress, end_after, restrain, within

_MOST_COUNTERS = 100_000
"""Of all histories that one worker keeps."""


class Desk:
    """Answers one question after the other."""

    def __init__(self, rules: Sequence[Rule], limits: Limits, progress: Progress) -> None:
        self._limits = limits
        self._progress = progress
        self._rules = [self._guarded(rule) for rule in rules]
        self._histories: OrderedDict[str, History] = OrderedDict()

    def answer(self, asked: dict[str, Any], content: bytes) -> dict[str, Any]:
        """Raises TookTooLong, MemoryError and whatever reading a message may raise: then nothing is known of it."""
        history = self._history(asked)
        self._progress.note(READING)
        message = within(self._limits.message / 4, lambda: read(content, asked["sender"], asked["recipients"]))
        if asked["ask"] == LEARNING:
            return self._learn(asked, message, history)
        return self._review(asked, message, history)

    def _review(self, asked: dict[str, Any], message: Message, history: History) -> dict[str, Any]:
        domains = frozenset(asked["internal"])
        context = Context(
            now=asked["now"],
            identities=frozenset(asked["identities"]),
            is_internal=lambda address: is_within(address, domains),
        )
        skipped = set(asked["skip"])
        rules = [rule for rule in self._rules if rule.name not in skipped]
        found = engine.review(message, history, context, rules, self._limits.message / 2, process_time)
        return {
            "score": found.score,
            "findings": [forms.of_finding(finding) for finding in found.findings],
            "failures": {failure.rule: failure.reason for failure in found.failures},
        }

    def _learn(self, asked: dict[str, Any], message: Message, history: History) -> dict[str, Any]:
        self._progress.note(LEARNING)
        seen = seen_in(message, asked["now"], frozenset(asked["identities"]))
        return {"change": forms.of_change(history.observe(seen))}

    def _guarded(self, rule: Rule) -> Rule:
        """The same rule, interrupted when it takes too long; what it is at can be read from outside."""

        def check(*given: Any) -> Any:
            self._progress.note(rule.name)
            return within(self._limits.rule, lambda: rule.check(*given))

        return Rule(rule.name, check)

    def _history(self, asked: dict[str, Any]) -> History:
        """That of the account, as far as the question brings it up to date. Raises KeyError where it is asked to go on
        with one that it does not have: a message judged by an empty history passes for one of a beginner."""
        account = asked["account"]
        history = self._histories.pop(account, None)  # what fails on the way leaves none behind
        if asked["rows"] is not None:
            history = History.of(map(forms.to_row, asked["rows"]))
        if history is None:
            raise KeyError(account)
        for change in asked["changes"]:
            history.take_over(forms.to_change(change))
        self._histories[account] = history
        return history

    def forget_some(self) -> list[str]:
        """Afterwards there is room for more histories. Returns whose are gone."""
        gone = []
        while len(self._histories) > 1 and sum(map(len, self._histories.values())) > _MOST_COUNTERS:
            gone.append(self._histories.popitem(last=False)[0])
        return gone


def serve(line: socket.socket, desk: Desk, limits: Limits) -> None:
    """Until the other side closes the line."""
    frames.send(line, {"ready": os.getpid()})
    while True:
        asked, content = frames.receive(line)
        end_after(limits.message)
        try:
            answer = desk.answer(asked, content)
        except Exception as error:  # noqa: BLE001 - one message that cannot be read is no reason to end
            answer = {"failed": type(error).__name__}
        end_after(0)
        frames.send(line, {**answer, "gone": desk.forget_some()})


def main(rules: Sequence[Rule] | None = None) -> None:
    """With rules given, those are run in place of the real ones."""
    if rules is None:
        from takeback.review.rules import RULES

        rules = RULES
    line, progress = (int(argument) for argument in sys.argv[1:3])
    limits = Limits(int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
    restrain(limits)
    with socket.socket(fileno=line) as connection, suppress(frames.BrokenFrame, ConnectionError):
        serve(connection, Desk(rules, limits, Progress(progress)), limits)


if __name__ == "__main__":
    main()
