"""The client side of SMTP and LMTP as a state machine without I/O (RFC 5321, RFC 2033, RFC 2920).

How it is driven: give it what arrives (`receive`), take what happened (`next_event`), send what it says
(`take_output`, after every command and every `receive`). `_ALLOWED` tells which command may stand where.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from takeback.mail.envelope import Envelope
from takeback.smtp import client_commands as commands
from takeback.smtp.client_commands import Mechanism
from takeback.smtp.replies import Reply
from takeback.smtp.reply_reader import BadReply, ReplyReader
from takeback.smtp.stuffing import Stuffer


class Stage(Enum):
    """What a reply answers."""

    GREETING = auto()
    HELLO = auto()
    STARTTLS = auto()
    AUTH = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    RSET = auto()
    QUIT = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one command. `position` names the recipient: for RCPT, and for the dot in LMTP."""

    stage: Stage
    reply: Reply
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Unasked:
    """A refusal that answers nothing: the server leaves, or gave up on a body. The session is over."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class ProtocolError:
    """What came is not SMTP, or not at this point. The session is over."""

    reason: str


Event = Answer | Unasked | ProtocolError


class OutOfOrder(RuntimeError):
    """The caller asked for a command that cannot follow what went before: a defect of the caller."""


class State(Enum):
    """Where the conversation stands."""

    CONNECTED = auto()
    """The greeting is awaited."""
    GREETED = auto()
    """No EHLO was accepted yet, or what it said is void since TLS began."""
    READY = auto()
    SECURING = auto()
    """STARTTLS was accepted: the next bytes must be those of TLS."""
    OFFERING = auto()
    """MAIL, RCPT or DATA await their replies."""
    REFUSED = auto()
    """The server did not ask for the body. RSET makes the session ready again."""
    BODY = auto()
    DOTTED = auto()
    """The final dot was queued."""
    LEAVING = auto()
    ENDED = auto()


_ALLOWED: dict[Stage, frozenset[State]] = {
    Stage.HELLO: frozenset({State.GREETED, State.READY}),
    Stage.STARTTLS: frozenset({State.READY}),
    Stage.AUTH: frozenset({State.READY}),
    Stage.MAIL: frozenset({State.READY}),
    Stage.DOT: frozenset({State.BODY}),
    Stage.RSET: frozenset({State.READY, State.REFUSED}),
    Stage.QUIT: frozenset({State.GREETED, State.READY, State.REFUSED}),
}
_AFTER: dict[tuple[Stage, bool], State] = {
    (Stage.GREETING, True): State.GREETED,
    (Stage.GREETING, False): State.GREETED,
    (Stage.HELLO, True): State.READY,
    (Stage.HELLO, False): State.GREETED,
    (Stage.STARTTLS, True): State.SECURING,
    (Stage.STARTTLS, False): State.READY,
    (Stage.AUTH, True): State.READY,
    (Stage.AUTH, False): State.READY,
    (Stage.RSET, True): State.READY,
    (Stage.RSET, False): State.REFUSED,
    (Stage.QUIT, True): State.ENDED,
    (Stage.QUIT, False): State.ENDED,
}
"""Where a reply leads, by whether it was 2xx; the stages of a transaction are in `_follow_transaction`."""
_CONTINUES = frozenset({Stage.DATA, Stage.AUTH})
"""The stages that 3xx may answer."""

_Asked = tuple[Stage, int | None]


class ClientSession:
    """One connection to one server.

    `receive` and `next_event` never raise. Commands raise ValueError where an argument could break a line,
    and OutOfOrder where they cannot stand; in both cases nothing was queued.
    """

    def __init__(self, *, lmtp: bool, hostname: str) -> None:
        self._lmtp = lmtp
        self._hostname = hostname
        self._state = State.CONNECTED
        self._reader = ReplyReader()
        self._asked: deque[_Asked] = deque([(Stage.GREETING, None)])
        self._unsent: deque[tuple[bytes, _Asked]] = deque()
        self._responses: deque[bytes] = deque()
        self._events: deque[Event] = deque()
        self._output = bytearray()
        self._extensions: dict[str, tuple[str, ...]] = {}
        self._accepted: list[int] = []
        self._stuffer = Stuffer()
        self._closing = False

    # What is known

    @property
    def state(self) -> State:
        return self._state

    @property
    def extensions(self) -> Mapping[str, tuple[str, ...]]:
        """What the last EHLO offered: keyword in upper case, and its arguments."""
        return self._extensions

    @property
    def size_limit(self) -> int | None:
        """The fixed maximum of RFC 1870 §4; None where none was declared."""
        first = (self._extensions.get("SIZE") or ("",))[0]
        return (int(first) or None) if first.isascii() and first.isdigit() and len(first) <= 20 else None

    @property
    def accepted(self) -> tuple[int, ...]:
        """Positions of the recipients the server took in this transaction."""
        return tuple(self._accepted)

    @property
    def at_line_start(self) -> bool:
        """Whether the body, as far as it was given, may end here."""
        return self._stuffer.at_line_start

    @property
    def unread(self) -> bool:
        """Whether `next_event` has something to give. The state may be ahead of the events that are unread."""
        return bool(self._events)

    @property
    def idle(self) -> bool:
        """Whether a transaction can begin: nothing is awaited or unread, and nobody is leaving."""
        return self._state is State.READY and not (self._asked or self._events or self._closing)

    # What arrives

    def receive(self, data: bytes) -> None:
        """Afterwards every whole reply in the data is an event. What comes after the end is dropped."""
        if self._state is State.ENDED or not data:
            return
        self._reader.receive(data)
        try:
            while self._state not in (State.ENDED, State.SECURING):
                reply = self._reader.next_reply()
                if reply is None:
                    return
                self._take_reply(reply)
        except BadReply as error:
            self._fail(str(error))
        if self._state is State.SECURING and self._reader.buffered:
            self._fail("bytes behind the answer to STARTTLS")  # RFC 3207 §4.2: they may be an attacker's

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    # What is said

    def hello(self, *, extended: bool = True) -> None:
        """EHLO, LHLO in LMTP; or HELO for a server that refused EHLO (RFC 5321 §3.2)."""
        self._check_order(Stage.HELLO)
        verb = "LHLO" if self._lmtp else "EHLO" if extended else "HELO"
        self._output += commands.hello(verb, self._hostname)
        self._ask(Stage.HELLO)

    def starttls(self) -> None:
        self._check_order(Stage.STARTTLS)
        self._output += b"STARTTLS\r\n"
        self._ask(Stage.STARTTLS)

    def secured(self) -> None:
        """TLS stands. Afterwards nothing that was said before it is known (RFC 3207 §4.2)."""
        if self._state is not State.SECURING:
            raise OutOfOrder(f"TLS cannot have begun in state {self._state.name}")
        self._extensions = {}
        self._state = State.GREETED

    def auth(self, mechanism: Mechanism, username: str, secret: str) -> None:
        """Logs in. Challenges are answered without an event; the answer to AUTH is the last reply."""
        self._check_order(Stage.AUTH)
        command, responses = commands.auth(mechanism, username, secret)
        self._output += command
        self._responses = deque(responses)
        self._ask(Stage.AUTH)

    def begin(self, envelope: Envelope, *, size: int, eight_bit: bool) -> None:
        """MAIL, each RCPT, DATA: in one piece where PIPELINING was offered, else each after its forerunner.

        The state is OFFERING until the last reply has come, and then BODY or REFUSED. `accepted` may be empty
        in BODY, where a server asks for the body of a message without recipients: then a lone dot is due
        (RFC 2920 §3.1), in SMTP; in LMTP no reply would answer it, so the connection must be dropped.
        """
        self._check_order(Stage.MAIL)
        offered = self._extensions
        queue: list[tuple[bytes, _Asked]] = [(commands.mail(envelope, size, eight_bit, offered), (Stage.MAIL, None))]
        for position, recipient in enumerate(envelope.recipients):
            queue.append((commands.rcpt(recipient, envelope.smtputf8, offered), (Stage.RCPT, position)))
        queue.append((b"DATA\r\n", (Stage.DATA, None)))
        self._state = State.OFFERING
        self._accepted = []
        self._stuffer = Stuffer()
        self._unsent = deque(queue)
        self._send(len(queue) if "PIPELINING" in offered else 1)

    def body(self, chunk: bytes) -> bytes:
        """The bytes to send for the next chunk of the content. After BareLineEnd drop the connection."""
        if self._state is not State.BODY or not self._accepted:
            raise OutOfOrder(f"no body can be sent in state {self._state.name}")
        return self._stuffer.stuff(chunk)

    def dot(self) -> None:
        """The final dot. ValueError where the body does not end with CRLF."""
        self._check_order(Stage.DOT)
        if not self._stuffer.at_line_start:
            raise ValueError("the body does not end with CRLF")
        self._output += b".\r\n"
        self._state = State.DOTTED
        if self._lmtp:
            self._asked.extend((Stage.DOT, position) for position in self._accepted)
        else:
            self._ask(Stage.DOT)

    def rset(self) -> None:
        self._check_order(Stage.RSET)
        self._output += b"RSET\r\n"
        self._ask(Stage.RSET)

    def quit(self) -> None:
        self._check_order(Stage.QUIT)
        self._output += b"QUIT\r\n"
        self._state = State.LEAVING
        self._ask(Stage.QUIT)

    # How it goes on

    def _check_order(self, stage: Stage) -> None:
        if self._asked or self._state not in _ALLOWED[stage]:
            raise OutOfOrder(f"{stage.name} cannot be said in state {self._state.name}")

    def _ask(self, stage: Stage) -> None:
        self._asked.append((stage, None))

    def _send(self, count: int) -> None:
        for _ in range(count):
            line, asked = self._unsent.popleft()
            self._output += line
            self._asked.append(asked)

    def _fail(self, reason: str) -> None:
        self._events.append(ProtocolError(reason))
        self._end()

    def _end(self) -> None:
        self._state = State.ENDED
        self._asked.clear()
        self._unsent.clear()
        self._responses.clear()
        self._reader = ReplyReader()

    def _take_reply(self, reply: Reply) -> None:
        if not self._asked:
            self._take_unasked(reply)
            return
        stage, position = self._asked[0]
        if 300 <= reply.code < 400:
            if stage not in _CONTINUES:
                self._fail(f"{reply.code} in answer to {stage.name}")
                return
            if stage is Stage.AUTH:
                self._answer_challenge()
                return
        elif stage is Stage.DATA and reply.positive:
            self._fail(f"{reply.code} in answer to DATA")
            return
        self._asked.popleft()
        self._closing |= reply.code == 421
        self._events.append(Answer(stage, reply, position))
        self._follow(stage, reply, position)

    def _take_unasked(self, reply: Reply) -> None:
        if reply.positive or reply.code < 400:
            self._fail(f"{reply.code} in answer to nothing")
        else:
            self._events.append(Unasked(reply))
            self._end()

    def _answer_challenge(self) -> None:
        if not self._responses:
            self._fail("a login challenge too many")
            return
        self._output += self._responses.popleft()

    def _follow(self, stage: Stage, reply: Reply, position: int | None) -> None:
        after = _AFTER.get((stage, reply.positive))
        if after is None:
            self._follow_transaction(stage, reply, position)
            return
        self._state = after
        self._responses.clear()
        if stage is Stage.HELLO and reply.positive:
            self._extensions = _read_extensions(reply)
        if after is State.ENDED:
            self._end()

    def _follow_transaction(self, stage: Stage, reply: Reply, position: int | None) -> None:
        if position is not None and stage is Stage.RCPT and reply.positive:
            self._accepted.append(position)
        if stage is Stage.DATA:
            self._state = State.REFUSED if reply.code >= 400 else State.BODY
        elif stage is Stage.DOT:
            self._state = State.DOTTED if self._asked else State.READY
        elif not self._asked:
            self._go_on_one_at_a_time(refused=stage is Stage.MAIL and not reply.positive)

    def _go_on_one_at_a_time(self, *, refused: bool) -> None:
        """Without PIPELINING: the next command, or none where nobody is left to send to."""
        if refused or (len(self._unsent) == 1 and not self._accepted):
            self._unsent.clear()
            self._state = State.REFUSED
        else:
            self._send(1)


def _read_extensions(reply: Reply) -> dict[str, tuple[str, ...]]:
    """RFC 5321 §4.1.1.1: after the first line, one keyword with its arguments a line."""
    words = (line.split() for line in reply.lines[1:])
    return {keyword.upper(): tuple(arguments) for keyword, *arguments in (row for row in words if row)}
