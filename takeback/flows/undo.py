"""Undo: stop what has not left. What is answered as stopped never leaves; the rest is too late, and says so."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from takeback.flows.ask import Told, Who, select, told
from takeback.ports.desk import Desk

log = structlog.get_logger("undo")


async def undo(desk: Desk, reference: str, who: Who, recipients: Sequence[str] = ()) -> Told:
    """Afterwards the recipients in `done` are undone for good, be it by this call or an earlier one.

    Raises NotFound, Ambiguous; StoreUnavailable where it cannot be said, and then the caller must not say it.
    """
    selection = await select(desk, reference, recipients, who)
    answer = told(await desk.undo(selection), "undo")
    for each in (answer, *answer.also):
        log.info("undo", message=each.message, actor=who.actor, stopped=len(each.done), too_late=len(each.refused))
    return answer
