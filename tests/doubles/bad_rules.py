"""A worker whose rules do what the subject of a message tells them to: `python -m tests.doubles.bad_rules`, with the
arguments of the real one. Its rule `works` always finds an `empty_subject`, so that a test sees whether the others
cost it."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Callable

from takeback.review.finding import Finding, Reason
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.rule import Context, Rule
from takeback.workers.process import main


def crash() -> None:
    raise ZeroDivisionError


def recurse() -> None:
    recurse()


def spin() -> None:
    while True:
        pass


def spin_and_swallow() -> None:
    """Catches whatever interrupts it."""
    while True:
        try:
            spin()
        except Exception:  # noqa: BLE001 - that is what it is for
            continue


def spin_where_python_does_not_get_to_run() -> None:
    sum(range(10**15))


def backtrack() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(3)


def touch_nothing() -> None:
    ctypes.string_at(0)


ACTS: dict[str, Callable[[], None]] = {
    act.__name__: act
    for act in (
        crash,
        recurse,
        spin,
        spin_and_swallow,
        spin_where_python_does_not_get_to_run,
        backtrack,
        eat,
        be_killed,
        leave,
        touch_nothing,
    )
}


def _misbehaving(name: str) -> Rule:
    def check(message: Message, history: History, context: Context) -> list[Finding]:
        if name in message.subject.split():
            ACTS[name]()
        return []

    return Rule(name, check)


def _waits(message: Message, history: History, context: Context) -> list[Finding]:
    """As many seconds as the word after `wait` in the subject says."""
    if match := re.search(r"\bwait ([0-9.]+)", message.subject):
        time.sleep(float(match[1]))
    return []


def _works(message: Message, history: History, context: Context) -> list[Finding]:
    known = sum(counter.count for _, counter in history.contacts())
    reason = Reason(f"{message.subject}, sent {known} before, {sorted(context.identities)}", "عربي")
    internal = all(context.is_internal(recipient.address) for recipient in message.recipients)
    return [Finding("empty_subject", 0.1 if internal else 0.9, reason)]


RULES = [*map(_misbehaving, ACTS), Rule("waits", _waits), Rule("works", _works)]

if __name__ == "__main__":
    main(RULES)
