"""What may follow what in a submission session, as tables (RFC 5321 §4.1.4, RFC 3030 §2, RFC 4954 §4, RFC 3207 §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from takeback.smtp.events import BodyBegins, BodyEnds, Connected, Credentials, Mail, Question, Rcpt
from takeback.smtp.replies import Reply


class State(Enum):
    CONNECTED = "connected"
    """The greeting is being thought about."""
    TURNED_AWAY = "turned away"
    """The greeting was a refusal; only QUIT is left (RFC 5321 §3.1)."""
    GREETED = "greeted"
    """No EHLO yet, or it was forgotten with the start of TLS."""
    READY = "ready"
    SENDER = "sender"
    """MAIL was accepted."""
    RECIPIENTS = "recipients"
    """And at least one RCPT."""
    BODY = "body"
    """The body has begun; commands are read here only between two chunks of BDAT."""


class Argument(Enum):
    NONE = "none"
    NEEDED = "needed"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command may stand and how it is written. `extended` ones need EHLO, for HELO has no extensions."""

    states: tuple[State, ...]
    argument: Argument
    syntax: str
    extended: bool = False

    @property
    def syntax_error(self) -> Reply:
        return Reply.of(501, "5.5.4", f"Syntax: {self.syntax}")


_TRANSACTION = (State.SENDER, State.RECIPIENTS, State.BODY)
_SERVED = (State.GREETED, State.READY, *_TRANSACTION)
_ALWAYS = (State.TURNED_AWAY, *_SERVED)

COMMANDS: Mapping[str, Command] = {
    "EHLO": Command(_SERVED, Argument.NEEDED, "EHLO hostname"),
    "HELO": Command(_SERVED, Argument.NEEDED, "HELO hostname"),
    "STARTTLS": Command((State.READY,), Argument.NONE, "STARTTLS", extended=True),
    "AUTH": Command((State.READY,), Argument.NEEDED, "AUTH mechanism [initial-response]", extended=True),
    "MAIL": Command((State.READY,), Argument.NEEDED, "MAIL FROM:<address> [parameters]"),
    "RCPT": Command((State.SENDER, State.RECIPIENTS), Argument.NEEDED, "RCPT TO:<address> [parameters]"),
    "DATA": Command((State.RECIPIENTS,), Argument.NONE, "DATA"),
    "BDAT": Command((State.RECIPIENTS, State.BODY), Argument.NEEDED, "BDAT size [LAST]", extended=True),
    "RSET": Command(_SERVED, Argument.NONE, "RSET"),
    "NOOP": Command(_SERVED, Argument.OPTIONAL, "NOOP [anything]"),
    "HELP": Command(_SERVED, Argument.OPTIONAL, "HELP [anything]"),
    "VRFY": Command(_SERVED, Argument.NEEDED, "VRFY anything"),
    "EXPN": Command(_SERVED, Argument.OPTIONAL, "EXPN anything"),
    "QUIT": Command(_ALWAYS, Argument.NONE, "QUIT"),
}

HTTP_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""A web page can make a browser send these, and commands in what follows, to a server on its own host."""

OUT_OF_PLACE: Mapping[State, Reply] = {
    State.TURNED_AWAY: Reply.of(503, "5.5.1", "There is no service for you here; say QUIT"),
    State.GREETED: Reply.of(503, "5.5.1", "Say EHLO first"),
    State.READY: Reply.of(503, "5.5.1", "Say MAIL first"),
    State.SENDER: Reply.of(503, "5.5.1", "A message is under way that has no recipient yet; RSET drops it"),
    State.RECIPIENTS: Reply.of(503, "5.5.1", "A message is under way; RSET drops it"),
    State.BODY: Reply.of(503, "5.5.1", "A message is under way; BDAT goes on with it, RSET drops it"),
}
"""What a known command hears in a state where it may not stand."""

NEEDS_EHLO = Reply.of(503, "5.5.1", "This is an extension; say EHLO first")

AFTER_ANSWER: Mapping[type[Question], tuple[State | None, State | None]] = {
    Connected: (State.GREETED, State.TURNED_AWAY),
    Credentials: (None, None),
    Mail: (State.SENDER, None),
    Rcpt: (State.RECIPIENTS, None),
    BodyBegins: (State.BODY, State.READY),
    BodyEnds: (State.READY, State.READY),
}
"""Where an acceptance and where a refusal leads; None stays."""


def in_transaction(state: State) -> bool:
    return state in _TRANSACTION
