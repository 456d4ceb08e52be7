"""One consignment over one connection: what is said in which order, and what each answer means.

The order is the promise: envelope, body, then the dot mark, then the dot. Until the dot, whatever goes wrong
leaves the recipients where they were (DEFERRED); after it, only an answer tells (UNKNOWN without one).
"""

from __future__ import annotations

from dataclasses import dataclass

from takeback.clock import Duration
from takeback.ports import Consignment, MarkDot, Outcome, Verdict
from takeback.relay.connection import Connection, Trouble
from takeback.relay.obstacles import find_obstacle
from takeback.relay.reading import reading
from takeback.smtp.client import Answer, Stage, State, Unasked
from takeback.smtp.replies import Reply
from takeback.smtp.stuffing import BareLineEnd

_LONGEST_EVIDENCE = 1000
_WITHDRAWN = Outcome(Verdict.WITHDRAWN, "450 4.3.0 stopped before the final dot")


@dataclass(frozen=True, slots=True)
class NextServer:
    """What a transaction must know of the server: its name in evidence, its protocol, and how long to wait."""

    name: str
    lmtp: bool
    command_timeout: Duration
    answer_timeout: Duration


class StaleConnection(Exception):
    """The server had left a connection that was kept for reuse: nothing was handed over, a new one may serve."""


class Transaction:
    """Use once: `run`, then `outcomes`."""

    def __init__(self, connection: Connection, consignment: Consignment, server: NextServer) -> None:
        self._connection = connection
        self._session = connection.session
        self._consignment = consignment
        self._server = server
        self._reused = connection.transactions > 0
        self._outcomes: dict[int, Outcome] = {}
        self._positions = range(len(consignment.envelope.recipients))

    @property
    def outcomes(self) -> list[Outcome]:
        """One for each recipient, in the order of the envelope."""
        return [self._outcomes[position] for position in self._positions]

    async def run(self, mark_dot: MarkDot) -> None:
        """Afterwards every recipient has an outcome; the connection was dropped unless it can be used again.

        Raises StaleConnection before anything was decided, and what `mark_dot` or the content raise; the caller
        then drops the connection, and no dot was sent.
        """
        try:
            if self._meets_obstacle() or not await self._offer():
                return
            if await self._send_body() and await self._mark(mark_dot):
                await self._send_dot()
        except Trouble as trouble:
            if not self._refused_early():
                self._give_up(Verdict.DEFERRED, str(trouble))

    # Before the dot

    def _meets_obstacle(self) -> bool:
        session = self._session
        obstacle = find_obstacle(self._consignment, session.extensions, session.size_limit)
        if obstacle is not None:
            self._decide_rest(Outcome(Verdict.FAILED, obstacle.text))
        return obstacle is not None

    async def _offer(self) -> bool:
        """MAIL, RCPT and DATA; whether the server wants the body for at least one recipient."""
        content = self._consignment.content
        try:
            self._session.begin(self._consignment.envelope, size=content.size, eight_bit=content.eight_bit)
        except ValueError as error:
            self._decide_rest(Outcome(Verdict.FAILED, f"553 5.1.3 {error}"))
            return False
        self._connection.transactions += 1
        self._connection.flush()
        while self._session.state is State.OFFERING or self._session.unread:
            if not self._take_offer_answer(await self._next_offer_answer()):
                return False
        accepted = self._session.accepted
        if self._session.state is not State.BODY or not accepted:
            await self._end_without_body()
            return False
        if any(position in self._outcomes for position in accepted):
            self._connection.abort()  # it refused the sender, and still wants the body: nothing it says holds
            return False
        return True

    async def _next_offer_answer(self) -> Answer | Unasked:
        """The next reply; a connection that died while it rested shows it at its first one."""
        first, self._reused = self._reused, False
        try:
            event = await self._connection.event(self._server.command_timeout)
        except Trouble as trouble:
            if first and self._connection.lost:
                raise StaleConnection from trouble
            raise
        if first and event.reply.code == 421:
            raise StaleConnection
        return event

    def _take_offer_answer(self, event: Answer | Unasked) -> bool:
        """Notes what an answer to the offer decides; whether the offer goes on."""
        reply = event.reply
        if isinstance(event, Unasked) or reply.code == 421:
            self._give_up(Verdict.DEFERRED, reply.text, self._server.name)
            return False
        if reply.code >= 400:
            if event.stage is Stage.RCPT and event.position is not None:
                self._outcomes.setdefault(event.position, self._refusal_of_recipient(reply))
            else:
                self._decide_rest(self._refusal(reply))
        return True

    async def _end_without_body(self) -> None:
        """Leaves the connection fit for the next transaction, or drops it."""
        connection, session = self._connection, self._session
        if session.state is State.REFUSED:
            session.rset()
        elif self._server.lmtp:
            connection.abort()
            return
        else:
            session.dot()  # RFC 2920 §3.1: the body of a message that has no recipient
        connection.flush()
        try:
            await connection.event(self._server.command_timeout)
        except Trouble:
            connection.abort()

    async def _send_body(self) -> bool:
        """Streams the content; whether all of it, and only it, is on its way."""
        connection, content = self._connection, self._consignment.content
        size = 0
        try:
            async with reading(content) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
                    connection.write(self._session.body(chunk))
                    await connection.drained(self._server.command_timeout)
                    if self._refused_early():
                        return False
        except BareLineEnd as error:
            self._give_up(Verdict.FAILED, f"554 5.6.0 the stored message has {error}")
            return False
        if size != content.size or not self._session.at_line_start:
            self._give_up(Verdict.DEFERRED, f"451 4.3.0 the store gave {size} of {content.size} bytes")
            return False
        return True

    def _refused_early(self) -> bool:
        """Whether the server spoke before the dot. It is believed where it refuses."""
        event = self._session.next_event()
        if isinstance(event, Unasked):
            outcome = self._refusal(event.reply)
            self._give_up(outcome.verdict, outcome.reply, outcome.server)
        elif event is not None:
            self._give_up(Verdict.DEFERRED, "451 4.5.0 the server spoke out of turn")
        return event is not None

    async def _mark(self, mark_dot: MarkDot) -> bool:
        """The last thing before the dot; whether the dot may go, and still can."""
        if not await mark_dot(self._session.accepted):
            self._connection.abort()
            self._decide_rest(_WITHDRAWN)
            return False
        if self._refused_early():
            return False
        if self._connection.lost:
            raise Trouble("421 4.4.2 connection lost before the final dot")
        return True

    # From the dot on

    async def _send_dot(self) -> None:
        self._session.dot()
        self._connection.flush()
        try:
            while len(self._outcomes) < len(self._positions):
                event = await self._connection.event(self._server.answer_timeout)
                self._take_dot_answer(event)
        except Trouble as trouble:
            self._give_up(Verdict.UNKNOWN, str(trouble))

    def _take_dot_answer(self, event: Answer | Unasked) -> None:
        outcome = self._acceptance(event.reply) if event.reply.positive else self._refusal(event.reply)
        position = event.position if isinstance(event, Answer) else None
        if position is None:
            self._decide_rest(outcome)
        else:
            self._outcomes[position] = outcome

    # What answers mean

    def _acceptance(self, reply: Reply) -> Outcome:
        return Outcome(
            Verdict.SENT,
            reply.text[:_LONGEST_EVIDENCE],
            self._server.name,
            reports_itself="DSN" in self._session.extensions,
            delivered=self._server.lmtp,
        )

    def _refusal(self, reply: Reply) -> Outcome:
        verdict = Verdict.FAILED if reply.permanent else Verdict.DEFERRED
        return Outcome(verdict, reply.text[:_LONGEST_EVIDENCE], self._server.name)

    def _refusal_of_recipient(self, reply: Reply) -> Outcome:
        """As `_refusal`, but 552 behind accepted recipients says "no more of them" (RFC 5321 §4.5.3.1.10)."""
        too_many = reply.code == 552 and reply.enhanced in (None, "5.5.3")
        if too_many and self._session.accepted:
            return Outcome(Verdict.DEFERRED, reply.text[:_LONGEST_EVIDENCE], self._server.name)
        return self._refusal(reply)

    def _give_up(self, verdict: Verdict, reply: str, server: str = "") -> None:
        """Drops the connection; whoever has no outcome yet gets this one."""
        self._connection.abort()
        self._decide_rest(Outcome(verdict, reply[:_LONGEST_EVIDENCE], server))

    def _decide_rest(self, outcome: Outcome) -> None:
        for position in self._positions:
            self._outcomes.setdefault(position, outcome)
