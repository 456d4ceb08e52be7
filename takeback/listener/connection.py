"""One client connection: octets to the sans-IO session, its questions to those who can answer them."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol, cast

import structlog

from takeback import figures
from takeback.clock import SECOND, Duration, Instant
from takeback.flows.accept import NO_ROOM, Acceptor, Hold, Refused, Session, Submission
from takeback.flows.commands import GOES_ALONE, NOT_A_COMMAND, Commands
from takeback.flows.spool import Spool
from takeback.flows.submitter import Submitter
from takeback.listener.door import Door
from takeback.mail.command import MOST_READ
from takeback.mail.envelope import Envelope, Recipient
from takeback.smtp import events
from takeback.smtp.replies import Reply
from takeback.smtp.server import ServerSession
from takeback.smtp.settings import SmtpLimits

_MOST_BUFFERED = 256 * 1024
"""Pipelined behind a question that is not answered yet; the client is not read from while there is more."""
_TURNS_BETWEEN_WRITES = 100
"""Pipelined commands are answered together, but not without end."""
_TLS_SECONDS = 30.0

_OK = Reply.of(250, "2.1.0", "Ok")
_RECIPIENT_OK = Reply.of(250, "2.1.5", "Ok")
_GO_AHEAD = Reply.of(354, None, "Send the message, and end it with a dot on a line of its own")
_LOG_IN_FIRST = Reply.of(530, "5.7.0", "Log in first")
_IDLE = Reply.of(421, "4.4.2", "Nothing heard from you for too long")
_STOPPING = Reply.of(421, "4.3.2", "The server is stopping; try again in a moment")
_TROUBLE = Reply.of(421, "4.3.0", "Trouble here; nothing was kept, try again later")

log = structlog.get_logger("smtp")


@dataclass(frozen=True, slots=True)
class Service:
    """What all connections of a listener share."""

    hostname: str
    limits: SmtpLimits
    idle: Duration
    spool_folder: Path
    acceptor: Acceptor
    commands: Commands
    door: Door
    now: Callable[[], Instant]
    starttls: ssl.SSLContext | None


class Reception(Protocol):
    """Counts the connections that are open."""

    def admit(self, connection: Connection) -> Reply:
        """The greeting: 220, or 421 where there are too many already."""
        ...

    def ended(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Lives from accept to close."""

    def __init__(self, service: Service, reception: Reception, tls: bool) -> None:
        self._service = service
        self._reception = reception
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._waits_for_client = False
        self._is_stopping = False
        self._heard_at = self._loop.time()
        self._helo, self._esmtp = "", False
        self._submitter: Submitter | None = None
        self._mail: events.Mail | None = None
        self._recipients: list[Recipient] = []
        self._no_room: Reply | None = None
        self._spool: Spool | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from it
        self.client = _address(transport.get_extra_info("peername"))
        self._session = ServerSession(
            self._service.limits,
            hostname=self._service.hostname,
            now=self._service.now,
            secure=self._tls,
            may_start_tls=self._service.starttls is not None,
            may_authenticate_in_clear=_is_loopback(self.client),
        )
        self._greeting = self._reception.admit(self)
        self._submitter = self._trusted = self._service.door.trusted(self.client)
        self._timer = self._loop.call_later(self._service.idle / SECOND, self._check_idle)
        self._task = self._loop.create_task(self._live())

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._session.receive(data)
        self._arrived.set()
        if self._session.buffered > _MOST_BUFFERED:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._session.receive(b"")
        self._arrived.set()
        return not self._tls

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        self._session.receive(b"")
        self._arrived.set()
        self._writable.set()
        self._reception.ended(self)

    # What the listener calls

    def stop(self) -> asyncio.Task[None]:
        """Tells a client that is not waiting for an answer to come back later. The task ends with the session."""
        if self._waits_for_client:
            self._hang_up(_STOPPING)
        else:
            self._is_stopping = True
        return self._task

    # The conversation

    async def _live(self) -> None:
        try:
            await self._converse()
        except Exception:
            log.exception("session failed", client=self.client)
            self._transport.write(_TROUBLE.encode())
        finally:
            self._drop_message()
            self._transport.close()

    async def _converse(self) -> None:
        for turn in count(1):
            if turn % _TURNS_BETWEEN_WRITES == 0:
                await self._send_and_wait()
            match self._session.next_event():
                case events.NEED_DATA:
                    await self._hear()
                case events.Closed():
                    self._send()
                    return
                case events.StartTls():
                    await self._start_tls()
                case (
                    events.Connected()
                    | events.Credentials()
                    | events.Mail()
                    | events.Rcpt()
                    | events.BodyBegins()
                    | events.BodyEnds() as question
                ):
                    self._session.answer(await self._answer(question))
                case event:
                    self._note(event)

    async def _hear(self) -> None:
        """Sends what is to be sent, then waits until the client says more."""
        await self._send_and_wait()
        if self._is_stopping:
            self._hang_up(_STOPPING)
        self._arrived.clear()
        if not self._transport.is_closing():
            self._waits_for_client = True
            self._transport.resume_reading()
            await self._arrived.wait()
            self._waits_for_client = False
        else:
            self._session.receive(b"")

    async def _answer(self, question: events.Question) -> Reply:
        match question:
            case events.Connected():
                return self._greeting
            case events.Credentials():
                return await self._log_in(question)
            case events.Mail():
                return await self._begin(question)
            case events.Rcpt(recipient):
                return self._take_recipient(recipient)
            case events.BodyBegins():
                return self._begin_body()
            case events.BodyEnds():
                return await self._accept(question)

    def _note(self, event: events.NextEvent) -> None:
        match event:
            case events.BodyChunk(data):
                self._write(data)
            case events.Hello(name, extended):
                self._helo, self._esmtp = name, extended
            case events.BodyRefused(reply):
                self._refused(reply)
                self._drop_message()
            case events.Reset():
                self._drop_message()

    async def _log_in(self, credentials: events.Credentials) -> Reply:
        reply, submitter = await self._service.door.authenticate(credentials, self.client)
        if submitter is not None:
            self._submitter = submitter
        return reply

    async def _begin(self, mail: events.Mail) -> Reply:
        if self._submitter is None:
            return _LOG_IN_FIRST
        acceptor, submitter = self._service.acceptor, self._submitter
        refusal = acceptor.refusal_of_sender(submitter, mail.sender)
        self._no_room = await acceptor.refusal_for_want_of_room(submitter, mail.size or 0)
        if self._no_room is not None and not submitter.authenticated:
            refusal = self._no_room
        if refusal is not None:
            self._refused(refusal)
            return refusal
        self._mail, self._recipients = mail, []
        return _OK

    def _take_recipient(self, recipient: Recipient) -> Reply:
        """Whoever has used up all the room there is for him may still command: that is how he gets some back."""
        is_command = self._service.commands.take(recipient.address)
        if is_command and not (self._submitter and self._submitter.authenticated):
            refusal: Reply | None = NOT_A_COMMAND
        else:
            refusal = None if is_command else self._no_room
        if refusal is not None:
            self._refused(refusal)
            return refusal
        self._recipients.append(recipient)
        return _RECIPIENT_OK

    def _begin_body(self) -> Reply:
        commands = self._commands_among_recipients()
        if commands and commands < len(self._recipients):
            self._refused(GOES_ALONE)
            return GOES_ALONE
        self._spool = Spool(self._service.spool_folder)
        return _GO_AHEAD

    def _commands_among_recipients(self) -> int:
        return sum(self._service.commands.take(each.address) for each in self._recipients)

    def _write(self, data: bytes) -> None:
        if self._spool is None:
            return
        try:
            self._spool.write(data)
        except OSError as error:
            log.error("cannot spool", reason=str(error), client=self.client)
            self._spool.close()
            self._spool = None

    async def _accept(self, end: events.BodyEnds) -> Reply:
        started = self._loop.time()
        try:
            if self._spool is None:
                raise Refused(NO_ROOM)
            if self._commands_among_recipients():
                return await self._obey(self._spool)
            accepted = await self._service.acceptor.accept(self._submission(end.eight_bit), self._spool)
        except Refused as refused:
            self._refused(refused.reply)
            return refused.reply
        finally:
            self._drop_message()
        figures.ACCEPT_SECONDS.observe(self._loop.time() - started)
        return accepted.reply

    async def _obey(self, spool: Spool) -> Reply:
        assert self._submitter is not None and self._mail is not None
        top = spool.top(MOST_READ)
        return await self._service.commands.obey(self._submitter, self._mail.sender, top, self.client)

    def _submission(self, eight_bit: bool) -> Submission:
        assert self._mail is not None
        assert self._submitter is not None
        mail = self._mail
        return Submission(
            submitter=self._submitter,
            envelope=Envelope(
                sender=mail.sender,
                recipients=tuple(self._recipients),
                body=mail.body,
                smtputf8=mail.smtputf8,
                ret=mail.ret,
                envid=mail.envid,
            ),
            hold=Hold(mail.hold_for, mail.hold_until),
            session=Session(helo=self._helo, client=self.client, esmtp=self._esmtp, tls=self._tls),
            eight_bit=eight_bit,
        )

    def _drop_message(self) -> None:
        if self._spool is not None:
            self._spool.close()
        self._spool, self._mail, self._recipients = None, None, []

    def _refused(self, reply: Reply) -> None:
        figures.REFUSALS.labels(reply.enhanced or str(reply.code)).inc()
        account = self._submitter.account if self._submitter else None
        log.info("refused", client=self.client, account=account, reply=reply.text)

    # The wire

    def _send(self) -> None:
        if (output := self._session.take_output()) and not self._transport.is_closing():
            self._transport.write(output)

    async def _send_and_wait(self) -> None:
        """A client that asks and does not read the answers is not answered further."""
        self._send()
        await self._writable.wait()

    async def _start_tls(self) -> None:
        """Shakes hands; whatever the client is known for was said in the clear, and is forgotten."""
        assert self._service.starttls is not None
        self._transport.pause_reading()
        self._send()
        transport = await self._loop.start_tls(
            self._transport,
            self,
            self._service.starttls,
            server_side=True,
            ssl_handshake_timeout=_TLS_SECONDS,
        )
        assert transport is not None
        self._transport = transport
        self._tls = True
        self._submitter = self._trusted
        self._drop_message()
        self._session.secured()

    def _hang_up(self, reply: Reply) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._session.take_output() + reply.encode())
            self._transport.close()

    def _check_idle(self) -> None:
        """A client is idle only while we wait for it, not while it waits for us."""
        allowed = self._service.idle / SECOND
        silent = self._loop.time() - self._heard_at if self._waits_for_client else 0.0
        if silent >= allowed:
            self._hang_up(_IDLE)
        self._timer = self._loop.call_later(max(0.01, allowed - silent), self._check_idle)


def _address(peer: object) -> str:
    """The IP address of a peer; empty for a socket without one."""
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _is_loopback(client: str) -> bool:
    try:
        return ipaddress.ip_address(client.partition("%")[0]).is_loopback
    except ValueError:
        return False
