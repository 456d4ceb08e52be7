"""A gateway that kills itself with SIGKILL at one step: `python -m tests.faults.crashing_gateway CONFIG VERB MOMENT`.

The verbs are transitions of the store. `before` dies as the transition is asked for, `within` inside its transaction,
before COMMIT, and `after` when COMMIT has returned and before anything is made of it. Nothing of the product is
replaced: what it would do is done up to that step.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from takeback import app
from takeback.clock import Instant
from takeback.store import store
from takeback.store.store import SqlStore
from takeback.store.writer import Transition

_accepted = False
"""Claims are counted from the first accept on; the loop before it finds nothing."""


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class CrashingStore(SqlStore):
    """The store, wrapped in the steps `before` and `after`."""

    verb = ""
    moment = ""

    def _wrap(self, verb: str, ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def asked(request: Any) -> Any:
            self._crash(verb, "before", _accepted or verb == "accept")
            answer = await ask(request)
            self._crash(verb, "after", verb != "claim" or bool(answer))
            _note(verb)
            return answer

        return asked

    def _crash(self, verb: str, moment: str, matters: bool) -> None:
        if matters and (verb, moment) == (self.verb, self.moment):
            _die()


def _note(verb: str) -> None:
    global _accepted
    _accepted = _accepted or verb == "accept"


def _dying(transition: Transition[Any, Any]) -> Transition[Any, Any]:
    def apply(connection: Connection, now: Instant, requests: Sequence[Any]) -> Sequence[Any]:
        answers = transition.apply(connection, now, requests)
        if any(answer is None or answer for answer in answers):
            _die()
        return answers

    return Transition(apply, transition.urgency)


def crash_at(verb: str, moment: str) -> None:
    """Afterwards every gateway of this process dies at that step."""
    CrashingStore.verb, CrashingStore.moment = verb, moment

    def make(self: CrashingStore, database: Any) -> None:
        SqlStore.__init__(self, database)
        if moment == "within" and verb == "claim":
            self._claim = _dying(self._claim)
        for each in ("accept", "claim", "mark_dot", "record"):
            setattr(self, each, self._wrap(each, getattr(self, each)))

    CrashingStore.__init__ = make  # type: ignore[assignment, method-assign]
    if moment == "within" and verb != "claim":
        setattr(store, f"_{verb.upper()}", _dying(getattr(store, f"_{verb.upper()}")))
    setattr(app, "SqlStore", CrashingStore)  # noqa: B010 - not a name that the application gives away


if __name__ == "__main__":
    crash_at(sys.argv[2], sys.argv[3])
    asyncio.run(app.serve(Path(sys.argv[1])))
