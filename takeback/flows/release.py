"""Release: what is due is claimed, handed to its route, and recorded, recipient by recipient.

`Releaser.run` is the loop, `_hand_over` one consignment, `takeback.flows.settle` what its outcomes mean. The loop never
believes a clock that jumped, and after an outage it keeps what is late instead of sending it (`flows/park.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from takeback import clock, figures
from takeback.clock import MINUTE, SECOND, Duration, Instant
from takeback.errors import ClockStepped, StoreUnavailable
from takeback.flows.park import Parking
from takeback.flows.settle import Settler
from takeback.ids import new_token
from takeback.ports import Consignment, Outcome, Route, Routing, Verdict
from takeback.ports.store import ClaimedMessage, ClaimedRecipient, ClaimRequest, DotMark, Handback, Origin, Store

LEASE: Duration = MINUTE
POLL: Duration = SECOND // 2
"""Another process may have written: what it made due is noticed within this time."""
BUSY_ROUTE_WAIT: Duration = 5 * SECOND
OUTAGE: Duration = MINUTE
"""A loop without a good round for so long was stopped, its machine slept, or its store did not answer."""
STORE_RETRY: Duration = SECOND
SMALL_STEP: Duration = MINUTE
"""A clock that is off by less is drifting or being corrected; the loop goes along with it."""

log = structlog.get_logger("release")


@dataclass(slots=True)
class _Monotonic:
    """The store's time carried forward by a clock that cannot be set."""

    store: Instant
    monotonic: Duration

    def expected(self) -> Instant:
        return self.store + clock.monotonic() - self.monotonic


class Releaser:
    """The one loop that lets messages leave. `room` says whether there is space to work in."""

    def __init__(
        self,
        store: Store,
        routing: Routing,
        settler: Settler,
        parking: Parking,
        room: Callable[[], bool],
        lease: Duration = LEASE,
    ) -> None:
        self._lease = lease
        self._routing = routing
        self._store = store
        self._settler = settler
        self._parking = parking
        self._room = room
        self._wake = asyncio.Event()
        self._stopping = False
        self._ended = asyncio.Event()
        self._ended.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._time = _Monotonic(store.now(), clock.monotonic())

    def wake(self) -> None:
        """Something became due just now."""
        self._wake.set()

    def take_routing(self, routing: Routing) -> set[asyncio.Task[None]]:
        """Afterwards what is claimed goes this way. Returns the consignments under way by the routing that was."""
        self._routing = routing
        return set(self._tasks)

    async def run(self) -> None:
        """Ends after `stop`, and only then: trouble is logged and waited out."""
        renewal = asyncio.create_task(self._keep_leases())
        self._ended.clear()
        last_round = clock.monotonic()
        try:
            while not self._stopping:
                try:
                    if clock.monotonic() - last_round > OUTAGE:
                        await self._parking.park_late()
                    began = clock.monotonic()
                    await self._round()
                    last_round = began
                except ClockStepped as stepped:
                    await self._go_along(stepped)
                except StoreUnavailable as error:
                    await self._wait_out(error)
                except Exception:
                    log.exception("release round failed")  # one bad round must not keep all mail here for ever
                    await self._sleep(STORE_RETRY)
        finally:
            renewal.cancel()
            self._ended.set()

    async def _go_along(self, stepped: ClockStepped) -> None:
        """Parks what is held, and only then believes the clock as it now stands."""
        now = _Monotonic(self._time.expected() + stepped.step, clock.monotonic())
        try:
            await self._parking.park_after_step(stepped.step)
        except StoreUnavailable as error:
            await self._wait_out(error)
        else:
            self._time = now

    async def _wait_out(self, error: StoreUnavailable) -> None:
        figures.STORE_ERRORS.labels("release").inc()
        log.warning("store unavailable", reason=str(error))
        await self._sleep(STORE_RETRY)

    async def stop(self, limit_seconds: float) -> None:
        """Afterwards nothing is under way: it was finished within the limit, or given back where the dot had not
        left, or recorded as `unknown` where it had."""
        self._stopping = True
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_seconds):
                await self._ended.wait()  # a claim may be under way; what it brings is given back
                if self._tasks:
                    await asyncio.wait(self._tasks)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _round(self) -> None:
        """Claims what is due as far as there is capacity; else waits until something may be due."""
        self._wake.clear()
        free = self._routing.capacity - len(self._tasks)
        if free > 0 and self._room() and await self._claim(free):
            return
        await self._sleep(await self._time_to_wait() if free > 0 else POLL)

    async def _time_to_wait(self) -> Duration:
        """Until the next copy is due, at most POLL. What is due already and was not claimed waits for something else:
        a review, room on the disk, another node."""
        next_due = await self._store.next_due()
        until = POLL if next_due is None else next_due - self._store.now()
        return min(until, POLL) if until > 0 else POLL

    async def _sleep(self, duration: Duration) -> None:
        try:
            async with asyncio.timeout(duration / SECOND):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _claim(self, limit: int) -> bool:
        request = ClaimRequest(new_token(), limit, self._lease, self._time.expected())
        messages = await self._store.claim(request)
        for message in messages:
            if self._stopping:
                await self._give_back(message, message.recipients, None)
                continue
            figures.CLAIMED.inc(len(message.recipients))
            self._dispatch(message)
        return bool(messages)

    def _dispatch(self, message: ClaimedMessage) -> None:
        """One consignment for each route that the message's recipients take."""
        by_route: dict[str, tuple[Route | None, list[ClaimedRecipient]]] = {}
        for claimed in message.recipients:
            address = claimed.recipient.address
            sender = address if message.origin is Origin.SYSTEM else message.envelope.sender
            route = self._routing.route(address, sender, message.account)
            by_route.setdefault(route.name if route else "", (route, []))[1].append(claimed)
        for route, recipients in by_route.values():
            self._start(replace(message, recipients=recipients), route)

    def _start(self, message: ClaimedMessage, route: Route | None) -> None:
        if route is None:
            work = self._settle(message, [_NO_ROUTE] * len(message.recipients))
        elif self._under_way[route.name] >= route.capacity:
            work = self._give_back(message, message.recipients, self._store.now() + BUSY_ROUTE_WAIT)
        else:
            work = self._hand_over(message, route)
        name = route.name if route else ""
        self._under_way[name] += 1
        self._tokens[message.token] += 1
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, name, message.token))

    def _finished(self, task: asyncio.Task[None], route: str, token: str) -> None:
        self._tasks.discard(task)
        self._under_way[route] -= 1
        self._tokens[token] -= 1
        if not self._tokens[token]:
            del self._tokens[token]
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("consignment failed", error=repr(error), exc_info=error)

    async def _hand_over(self, message: ClaimedMessage, route: Route) -> None:
        marked: set[int] = set()

        async def mark_dot(positions: Sequence[int]) -> bool:
            recipients = [message.recipients[position].id for position in positions]
            allowed = await self._store.mark_dot(DotMark(message.token, recipients))
            if allowed:
                marked.update(positions)
            return allowed

        envelope = replace(message.envelope, recipients=tuple(each.recipient for each in message.recipients))
        try:
            outcomes = await route.relay.deliver(Consignment(message.id, envelope, message.content), mark_dot)
        except StoreUnavailable as error:
            # The mark could not be confirmed, so the dot was not sent. If the mark was committed after all, its
            # lease runs out and the recipient is shown as unknown; it is never sent again unasked.
            figures.STORE_ERRORS.labels("mark_dot").inc()
            log.warning("dot mark not confirmed", message=message.id, reason=str(error))
            return
        except asyncio.CancelledError:
            await self._give_up_waiting(message, marked)
            return
        await self._settle(message, outcomes)

    async def _settle(self, message: ClaimedMessage, outcomes: Sequence[Outcome]) -> None:
        await self._settler.settle(message, outcomes)

    async def _give_up_waiting(self, message: ClaimedMessage, marked: set[int]) -> None:
        """Cut off while handing over: what had not left goes back, what may have left is unknown."""
        kept = [each for position, each in enumerate(message.recipients) if position not in marked]
        await self._give_back(message, kept, None)
        left = replace(message, recipients=[message.recipients[position] for position in sorted(marked)])
        if left.recipients:
            await self._settle(left, [_STOPPED] * len(left.recipients))

    async def _give_back(
        self, message: ClaimedMessage, recipients: Sequence[ClaimedRecipient], due_at: Instant | None
    ) -> None:
        if recipients:
            await self._store.give_back(Handback(message.token, [each.id for each in recipients], due_at))

    async def _keep_leases(self) -> None:
        """Keeps our leases and our idea of the time fresh, and takes over from whoever let theirs run out."""
        while True:
            await asyncio.sleep(self._lease / SECOND / 4)
            if abs(self._store.now() - self._time.expected()) < SMALL_STEP:
                self._time = _Monotonic(self._store.now(), clock.monotonic())
            try:
                if self._tokens:
                    await self._store.renew(list(self._tokens), self._lease)
                if taken_over := await self._store.reap():
                    log.warning("took over from another worker", recipients=taken_over)
                    self._wake.set()
            except StoreUnavailable as error:
                log.warning("leases not renewed", reason=str(error))


_NO_ROUTE = Outcome(Verdict.DEFERRED, "451 4.4.4 No route leads to this address; add a [[relay]] for it")
_STOPPED = Outcome(Verdict.UNKNOWN, "Takeback was stopped before the next server answered")
