"""Park: what would leave too late, or by a clock that cannot be believed, is kept and its sender is asked."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from takeback import figures
from takeback.clock import HOUR, MINUTE, SECOND, Duration, Instant
from takeback.flows.reports import Reporter
from takeback.ports.store import ParkReason, ParkRequest, Store

OUTAGE: Duration = MINUTE
"""Longer without a heartbeat than this, Takeback was not working."""
LARGEST_STEP: Duration = HOUR
AT_ONCE = 500
CLOCK_STEP_FACT = "clock_step"

log = structlog.get_logger("park")


class Parking:
    """Decides from heartbeats whether there was an outage, and parks what that outage made late."""

    def __init__(
        self, store: Store, reporter: Reporter, late_tolerance: Duration, on_report: Callable[[], None]
    ) -> None:
        self.late_tolerance = late_tolerance
        self._store = store
        self._reporter = reporter
        self._on_report = on_report

    async def beat(self) -> None:
        """Notes that Takeback is working."""
        await self._store.heartbeat()

    async def after_start(self) -> None:
        """To be called before anything is claimed. Afterwards nothing waits that an outage made late, nor what
        was due by a clock that has since been set back.

        The heartbeat comes last: until all is parked, another start must see the outage too."""
        before = await self._store.last_heartbeat()
        if before is not None:
            await self._park_after_silence(self._store.now() - before)
        await self._store.heartbeat()

    async def _park_after_silence(self, silence: Duration) -> None:
        if silence < -LARGEST_STEP:
            await self.park_after_step(silence)
        elif silence > OUTAGE:
            await self.park_late()

    async def park_late(self) -> None:
        """Afterwards no held recipient is due since longer than the tolerance."""
        due_before = self._store.now() - self.late_tolerance
        await self._park(ParkReason.LATE, due_before)

    async def park_after_step(self, step: Duration) -> None:
        """Afterwards nothing that is held leaves by the clock alone; doctor says why."""
        log.warning("the clock jumped; what is held waits for its senders", seconds=step // SECOND)
        await self._store.note_fact(CLOCK_STEP_FACT, str(step // SECOND))
        await self._park(ParkReason.CLOCK_STEP, None)

    async def _park(self, reason: ParkReason, due_before: Instant | None) -> None:
        request = ParkRequest(reason, due_before, AT_ONCE, lambda parked: self._reporter.parked(parked, reason))
        while parked := await self._store.park(request):
            for message in parked:
                figures.PARKED.labels(reason.value).inc(len(message.recipients))
                log.warning("parked", message=message.message, reason=reason.value)
            self._on_report()
