"""Hold and send now: change when something leaves, as long as it has not."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from takeback.clock import Instant
from takeback.flows.ask import Told, Who, select, told
from takeback.ports.desk import Desk
from takeback.ports.store import HoldRequest, ReleaseRequest

log = structlog.get_logger("hold")


async def hold(desk: Desk, reference: str, until: Instant | None, who: Who, recipients: Sequence[str] = ()) -> Told:
    """Afterwards the recipients in `done` stay until then (None: until released). Raises as `undo` does."""
    selection = await select(desk, reference, recipients, who)
    answer = told(await desk.hold(HoldRequest(selection, until)), "hold")
    log.info("hold", message=answer.message, actor=who.actor, held=len(answer.done), refused=len(answer.refused))
    return answer


async def send_now(desk: Desk, reference: str, who: Who, recipients: Sequence[str] = (), again: bool = False) -> Told:
    """Afterwards the recipients in `done` are due. With `again`, what is `unknown` is sent once more, at the risk
    that it arrives twice, which only its sender may take. Raises as `undo` does."""
    selection = await select(desk, reference, recipients, who)
    answer = told(await desk.release(ReleaseRequest(selection, again)), "release")
    log.info("release", message=answer.message, actor=who.actor, due=len(answer.done), refused=len(answer.refused))
    return answer
