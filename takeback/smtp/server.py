"""One submission session, without I/O (RFC 6409): octets in, events out; answers in, octets out.

    session.receive(data)                          # what came from the network; b"" when the peer has closed
    while (event := session.next_event()) is not NEED_DATA:
        ...                                        # a Question is answered by session.answer(reply)
        transport.write(session.take_output())

The session decides all that can be decided from the octets alone: syntax, order, sizes. Whether somebody may send,
and what becomes of the message, is decided by whoever answers. Questions come one at a time, in the order of the
commands; what the client pipelined meanwhile stays in the session, and `buffered` says how much that is: stop
reading from the network while `next_event` says WAITING.

The events do not depend on how the octets were cut, but for adjacent BodyChunks, and for octets behind STARTTLS: in
the same breath as it they end the session, since they may have been put there by somebody else (RFC 3207 §6).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from takeback.clock import Instant
from takeback.smtp import events
from takeback.smtp import server_replies as replies
from takeback.smtp.auth import MECHANISMS, AuthError, Exchange
from takeback.smtp.events import NEED_DATA, WAITING, Event, NextEvent, Question
from takeback.smtp.extensions import offer_extensions
from takeback.smtp.input import Input, LineTooLong
from takeback.smtp.parameters import Bounds
from takeback.smtp.replies import CommandError, Reply
from takeback.smtp.sequence import (
    AFTER_ANSWER,
    COMMANDS,
    HTTP_METHODS,
    NEEDS_EHLO,
    OUT_OF_PLACE,
    Argument,
    Command,
    State,
    in_transaction,
)
from takeback.smtp.server_commands import Chunk, read_bdat, read_hello, read_mail, read_rcpt
from takeback.smtp.settings import SmtpLimits
from takeback.smtp.transaction import Transaction

_NEVER_IN_A_LINE = re.compile(rb"[\r\n\0]")


class ServerSession:
    """One client, from the greeting to the end of the connection.

    `secure` says that TLS is on from the start. STARTTLS is offered where `may_start_tls` and TLS is not on, AUTH
    under TLS or where `may_authenticate_in_clear`. `now` is asked when somebody speaks of future release.
    """

    def __init__(
        self,
        limits: SmtpLimits,
        *,
        hostname: str,
        now: Callable[[], Instant],
        secure: bool = False,
        may_start_tls: bool = False,
        may_authenticate_in_clear: bool = False,
    ) -> None:
        self._limits = limits
        self._hostname = hostname
        self._now = now
        self._secure = secure
        self._may_start_tls = may_start_tls
        self._may_authenticate_in_clear = may_authenticate_in_clear

        self._input = Input()
        self._output = bytearray()
        self._events: deque[Event] = deque()
        self._question: Question | None = None
        self._read: Callable[[], bool] = self._read_command
        self._peer_closed = False
        self._ended = False
        self._errors = 0

        self._state = State.CONNECTED
        self._extended = False
        self._authenticated = False
        self._transaction = Transaction(limits, smtputf8=False)
        self._chunk: Chunk | None = None
        self._ask(events.Connected())

    # What the listener calls

    @property
    def buffered(self) -> int:
        """Octets received and not dealt with."""
        return len(self._input)

    def receive(self, data: bytes) -> None:
        """Afterwards `data` waits to be dealt with; b"" says that no more will come. Ignored after the end."""
        if not data:
            self._peer_closed = True
        elif not self._ended:
            self._input.receive(data)

    def next_event(self) -> NextEvent:
        """What the client did next, NEED_DATA or WAITING. After the end: Closed, again and again."""
        while not self._events:
            if self._question is not None:
                return WAITING
            if self._ended:
                return events.Closed()
            if not self._read():
                if not self._peer_closed:
                    return NEED_DATA
                self._end()
        return self._events.popleft()

    def answer(self, reply: Reply) -> None:
        """Afterwards the client hears `reply`, and the session goes on. 421 ends it.

        RuntimeError where there is no question.
        """
        question = self._question
        if question is None:
            raise RuntimeError("an answer without a question")
        self._question = None
        accepted, refused = AFTER_ANSWER[type(question)]
        self._state = (accepted if reply.code < 400 else refused) or self._state
        if isinstance(question, events.BodyBegins):
            self._begin_body(reply)
            return
        if isinstance(question, events.Rcpt) and reply.positive:
            self._transaction.recipients += 1
        elif isinstance(question, events.Credentials):
            self._authenticated = reply.positive
        self._say(reply)

    def take_output(self) -> bytes:
        """What is to be sent now. It is handed out once."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def secured(self) -> None:
        """Afterwards TLS is on, and nothing is known that the client said before it (RFC 3207 §4.2).

        Whatever came in the clear since STARTTLS ends the session. RuntimeError where no STARTTLS was accepted.
        """
        if self._read != self._wait_for_tls:
            raise RuntimeError("no handshake was due")
        self._secure = True
        self._extended = self._authenticated = False
        self._state = State.GREETED
        if len(self._input):
            self._end()
        else:
            self._read = self._read_command

    # Saying, asking, ending

    def _say(self, reply: Reply) -> None:
        self._output += reply.encode()
        if reply.permanent:
            self._errors += 1
            if self._errors >= self._limits.errors and not self._ended:
                self._say(replies.TOO_MANY_ERRORS)
        elif reply.code == 421:
            self._end()

    def _ask(self, question: Question) -> None:
        self._events.append(question)
        self._question = question

    def _end(self) -> None:
        self._ended = True
        self._input = Input()

    def _drop_transaction(self) -> None:
        if in_transaction(self._state):
            self._events.append(events.Reset())
            self._state = State.READY

    # Commands

    def _read_command(self) -> bool:
        limits = self._limits
        try:
            line = self._input.take_line(limits.auth_line if self._input.starts_with(b"AUTH ") else limits.command_line)
        except LineTooLong:
            self._say(replies.TOO_LONG)
            return True
        if line is None:
            return False
        text = _text_of(line)
        if text is None:
            self._say(replies.NOT_A_LINE)
        else:
            verb, _, argument = text.partition(" ")
            self._obey(verb.upper(), argument.strip(" "))
        return True

    def _obey(self, verb: str, argument: str) -> None:
        command = COMMANDS.get(verb)
        if command is None:
            self._say(replies.NOT_THE_WEB if verb in HTTP_METHODS else replies.UNKNOWN)
            return
        try:
            if verb == "BDAT":
                self._bdat(command, argument)
            else:
                self._check_place(command, argument)
                obey = _OBEY.get(verb)
                if obey is None:
                    self._say(replies.FIXED[verb])
                else:
                    obey(self, argument)
        except CommandError as error:
            self._say(error.reply)

    def _check_place(self, command: Command, argument: str) -> None:
        if self._state not in command.states:
            raise CommandError(OUT_OF_PLACE[self._state])
        if command.extended and not self._extended:
            raise CommandError(NEEDS_EHLO)
        if command.argument is not Argument.OPTIONAL and bool(argument) != (command.argument is Argument.NEEDED):
            raise CommandError(command.syntax_error)

    def _ehlo(self, argument: str) -> None:
        offer = offer_extensions(
            self._limits,
            self._now(),
            tls=self._may_start_tls and not self._secure,
            auth=self._may_authenticate,
        )
        self._meet(read_hello(argument, extended=True), Reply.of(250, None, self._hostname, *offer))

    def _helo(self, argument: str) -> None:
        self._meet(read_hello(argument, extended=False), Reply.of(250, None, self._hostname))

    def _meet(self, hello: events.Hello, reply: Reply) -> None:
        self._drop_transaction()
        self._state = State.READY
        self._extended = hello.extended
        self._events.append(hello)
        self._say(reply)

    @property
    def _may_authenticate(self) -> bool:
        return self._secure or self._may_authenticate_in_clear

    def _starttls(self, _: str) -> None:
        if self._secure:
            raise CommandError(replies.SECURE_ALREADY)
        if not self._may_start_tls:
            raise CommandError(replies.NOT_OFFERED)
        if len(self._input):
            raise CommandError(replies.NOTHING_BEHIND_STARTTLS)
        self._say(replies.READY_FOR_TLS)
        self._read = self._wait_for_tls
        self._events.append(events.StartTls())

    def _wait_for_tls(self) -> bool:
        """Nothing said in the clear is listened to any more."""
        if len(self._input):
            self._end()
        return self._ended

    def _auth(self, argument: str) -> None:
        name, _, initial = argument.partition(" ")
        mechanism = MECHANISMS.get(name.upper())
        if self._authenticated:
            raise CommandError(replies.KNOWN_ALREADY)
        if mechanism is None:
            raise CommandError(replies.NO_SUCH_MECHANISM)
        if not self._may_authenticate:
            raise CommandError(replies.TLS_FIRST)
        exchange = Exchange(mechanism)
        if initial:
            self._respond(exchange, b"" if initial == "=" else initial.encode())
        else:
            self._challenge(exchange)

    def _challenge(self, exchange: Exchange) -> None:
        self._output += b"334 %b\r\n" % exchange.challenge
        self._read = partial(self._read_response, exchange)

    def _read_response(self, exchange: Exchange) -> bool:
        try:
            line = self._input.take_line(self._limits.auth_line)
        except LineTooLong:
            self._read = self._read_command
            self._say(replies.AUTH_TOO_LONG)
            return True
        if line is None:
            return False
        self._read = self._read_command
        if line == b"*":
            self._say(replies.CANCELLED)
        else:
            self._respond(exchange, line)
        return True

    def _respond(self, exchange: Exchange, line: bytes) -> None:
        try:
            credentials = exchange.take(line)
        except AuthError as error:
            self._say(Reply.of(501, "5.5.2", f"Syntax: {error}"))
            return
        if credentials is None:
            self._challenge(exchange)
        else:
            self._ask(credentials)

    def _mail(self, argument: str) -> None:
        bounds = Bounds(self._limits.max_size, self._now(), self._limits.longest_hold)
        mail = read_mail(argument, bounds, extended=self._extended)
        self._transaction = Transaction(self._limits, smtputf8=mail.smtputf8)
        self._ask(mail)

    def _rcpt(self, argument: str) -> None:
        transaction = self._transaction
        recipient = read_rcpt(argument, self._hostname, smtputf8=transaction.smtputf8, extended=self._extended)
        if transaction.recipients >= self._limits.recipients:
            raise CommandError(replies.TOO_MANY_RECIPIENTS)
        self._ask(events.Rcpt(recipient))

    def _rset(self, _: str) -> None:
        self._drop_transaction()
        self._say(replies.OK)

    def _quit(self, _: str) -> None:
        self._say(replies.BYE)
        self._end()

    # The body

    def _data(self, _: str) -> None:
        self._chunk = None
        self._ask(events.BodyBegins())

    def _bdat(self, command: Command, argument: str) -> None:
        """Wherever BDAT stands, the octets it announces are no commands."""
        chunk = self._chunk = read_bdat(argument)
        try:
            self._check_place(command, argument)
            self._announce(chunk)
        except CommandError as error:
            chunk.refusal = error.reply
        if chunk.refusal is None and self._state is State.RECIPIENTS:
            self._ask(events.BodyBegins())
        else:
            self._read = partial(self._read_chunk, chunk)

    def _announce(self, chunk: Chunk) -> None:
        try:
            self._transaction.announce(chunk.left)
        except CommandError as error:
            self._events.append(events.BodyRefused(error.reply))
            self._state = State.READY
            raise

    def _begin_body(self, reply: Reply) -> None:
        chunk = self._chunk
        if chunk is not None:
            chunk.refusal = None if self._state is State.BODY else reply
            self._read = partial(self._read_chunk, chunk)
            return
        if self._state is State.BODY:
            self._read = self._read_text
        self._say(reply)

    def _read_text(self) -> bool:
        if not len(self._input):
            return False
        transaction = self._transaction
        self._events.extend(transaction.take_text(self._input.take(len(self._input))))
        if transaction.text_is_whole:
            self._input.receive(transaction.behind_text)
            self._end_body()
        return True

    def _read_chunk(self, chunk: Chunk) -> bool:
        if chunk.left and not len(self._input):
            return False
        content = self._input.take(chunk.left)
        chunk.left -= len(content)
        if chunk.refusal is None:
            self._events.extend(self._transaction.take(content, last=chunk.last and not chunk.left))
            chunk.refusal = self._transaction.refusal
        if not chunk.left:
            self._end_chunk(chunk)
        return True

    def _end_chunk(self, chunk: Chunk) -> None:
        self._read = self._read_command
        if chunk.refusal is not None:
            if self._state is State.BODY:
                self._state = State.READY
            self._say(chunk.refusal)
        elif chunk.last:
            self._end_body()
        else:
            self._say(replies.OK)

    def _end_body(self) -> None:
        self._read = self._read_command
        refusal = self._transaction.refusal
        if refusal is None:
            self._ask(self._transaction.end())
        else:
            self._state = State.READY
            self._say(refusal)


_OBEY: Mapping[str, Callable[[ServerSession, str], None]] = {
    "EHLO": ServerSession._ehlo,
    "HELO": ServerSession._helo,
    "STARTTLS": ServerSession._starttls,
    "AUTH": ServerSession._auth,
    "MAIL": ServerSession._mail,
    "RCPT": ServerSession._rcpt,
    "DATA": ServerSession._data,
    "RSET": ServerSession._rset,
    "QUIT": ServerSession._quit,
}


def _text_of(line: bytes) -> str | None:
    """The command line as text, or None where it holds what no command may hold."""
    try:
        return None if _NEVER_IN_A_LINE.search(line) else line.decode("utf-8")
    except UnicodeDecodeError:
        return None
