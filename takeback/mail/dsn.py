"""Reports on delivery to the sender (RFC 3464), international ones included (RFC 6533)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from takeback.clock import Instant, rfc5322
from takeback.mail import wording, xtext
from takeback.mail.compose import Heading, SystemMail, heading, line, moment, multipart, text_part, verbatim
from takeback.mail.envelope import Ret
from takeback.mail.wording import Both, Counted

LARGEST_RETURNED = 64 * 1024


class Action(StrEnum):
    """What became of the message for one recipient (RFC 3464 §2.3.3), the gravest first."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Status:
    """One recipient's part of a report. `reply` is what `server` (a host name, or empty) answered, on one line, or in
    our own words why there was no answer; `orcpt` as the client gave it, xtext and all; `attempted_at` is None where
    nothing was tried; `retry_until` for delays."""

    address: str
    action: Action
    reply: str
    server: str = ""
    orcpt: str | None = None
    attempted_at: Instant | None = None
    retry_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What of the message goes back to its sender, untouched: all of it, or its header."""

    content: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What to report on one message, to its envelope sender.

    `message` is the id that Takeback gave it, `original_message_id` its usable Message-ID or empty, `envid` xtext as
    the client gave it, `future_release` the value of RFC 4865 §5.1.2 (`for;60`, `until;2026-11-24T02:55:00Z`) or empty.
    `message_id` and `boundary` are new ones for the report itself.
    """

    to: str
    hostname: str
    message_id: str
    boundary: str
    now: Instant
    message: str
    arrived_at: Instant
    statuses: Sequence[Status]
    returned: Returned
    envid: str | None = None
    future_release: str = ""
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    subject: Both
    beginning: Counted
    end: Both
    fallback: str
    """The status where the reply has none of this class (RFC 3463 §3.1; for a failure after 4xx §3.5)."""


_WORDS = {
    Action.FAILED: _Words(wording.FAILED_SUBJECT, wording.FAILED, wording.FAILED_END, "5.0.0"),
    Action.DELAYED: _Words(wording.DELAYED_SUBJECT, wording.DELAYED, wording.DELAYED_END, "4.0.0"),
    Action.RELAYED: _Words(wording.RELAYED_SUBJECT, wording.RELAYED, wording.RELAYED_END, "2.0.0"),
    Action.DELIVERED: _Words(wording.DELIVERED_SUBJECT, wording.DELIVERED, wording.DELIVERED_END, "2.0.0"),
}
_EXPIRED = "5.4.7"

_ENHANCED = re.compile(r"[245][0-9]{2}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")
_SMTP_REPLY = re.compile(r"[245][0-9]{2}(?: |-|\Z)")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


def report(facts: Report) -> SystemMail:
    """A multipart/report from the null sender's mailbox to `facts.to`. `facts.statuses` holds at least one."""
    international = any(not status.address.isascii() for status in facts.statuses)
    gravest = next(action for action in Action if any(status.action is action for status in facts.statuses))
    about = Heading(
        to=facts.to,
        hostname=facts.hostname,
        message_id=facts.message_id,
        now=facts.now,
        subject=" / ".join(_WORDS[gravest].subject),
        auto_submitted="auto-replied",
        in_reply_to=facts.original_message_id,
    )
    parts = [_human_part(facts), _status_part(facts, international), _returned_part(facts.returned)]
    entity = multipart("report; report-type=delivery-status", facts.boundary, parts)
    smtputf8 = international or not facts.to.isascii() or not facts.original_message_id.isascii()
    return SystemMail(heading(about) + entity, smtputf8)


def returned(top: bytes, size: int, ret: Ret | None, limit: int = LARGEST_RETURNED) -> Returned:
    """What goes back of a stored message of `size` bytes that begins with `top`: all of it if the client asked for that
    (RET=FULL, RFC 3461 §4.3), it is at most `limit` bytes and `top` holds it; else the header, as far as `top` goes."""
    if ret == "FULL" and size <= limit and size == len(top):
        return Returned(top, whole=True)
    if top.startswith(b"\r\n"):
        return Returned(b"", whole=False)
    blank = top.find(b"\r\n\r\n")
    return Returned(top[: blank + 2] if blank >= 0 else top, whole=False)


def status_code(reply: str, action: Action) -> str:
    """The status of RFC 3463 in a reply such as `550 5.1.1 No such user`, where it fits the action; else the general
    one of its class. A temporary refusal that became a failure is one because time ran out."""
    match = _ENHANCED.match(reply)
    code = match[1] if match else ""
    fallback = _WORDS[action].fallback
    if code[:1] == fallback[:1]:
        return code
    return _EXPIRED if action is Action.FAILED and reply.startswith("4") else fallback


def _human_part(facts: Report) -> bytes:
    paragraphs: list[Both] = []
    for action in Action:
        statuses = [status for status in facts.statuses if status.action is action]
        if statuses:
            paragraphs += _section(action, statuses, facts.message)
    return text_part([both.english for both in paragraphs], [both.arabic for both in paragraphs])


def _section(action: Action, statuses: Sequence[Status], message: str) -> list[Both]:
    """The paragraphs on the recipients of one fate."""
    words = _WORDS[action]
    section = [words.beginning.of(len(statuses)), _shared(verbatim(_evidence(statuses))), words.end]
    if action is Action.DELAYED:
        ends = [status.retry_until for status in statuses if status.retry_until is not None]
        if ends:
            section += [wording.RETRY_UNTIL, _shared(verbatim([moment(max(ends))]))]
        section += [wording.TO_STOP_STILL, _shared(verbatim([f"takeback undo {message}"]))]
    return section


def _evidence(statuses: Sequence[Status]) -> list[str]:
    lines: list[str] = []
    for status in statuses:
        lines.append(status.address)
        lines += [f"  {text}" for text in (status.server, status.reply) if text]
    return lines


def _shared(text: str) -> Both:
    return Both(text, text)


def _status_part(facts: Report, international: bool) -> bytes:
    subtype, encoding = ("global-delivery-status", "8bit") if international else ("delivery-status", "7bit")
    mime = f"Content-Type: message/{subtype}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    groups = [_per_message(facts), *(_per_recipient(status) for status in facts.statuses)]
    body = b"\r\n".join(b"".join(line(name, value) for name, value in group) for group in groups)
    if not international:
        body = body.decode().encode("ascii", "replace")
    return mime.encode() + body


def _per_message(facts: Report) -> list[tuple[str, str]]:
    """RFC 3464 §2.2, RFC 4865 §5.1.2."""
    fields = [("Reporting-MTA", f"dns; {facts.hostname}")]
    if facts.envid:
        fields.append(("Original-Envelope-Id", xtext.decode(facts.envid)))
    fields.append(("Arrival-Date", rfc5322(facts.arrived_at)))
    if facts.future_release:
        fields.append(("Future-Release-Request", facts.future_release))
    return fields


def _per_recipient(status: Status) -> list[tuple[str, str]]:
    """RFC 3464 §2.3."""
    fields: list[tuple[str, str]] = []
    if status.orcpt:
        kind, _, address = status.orcpt.partition(";")
        fields.append(("Original-Recipient", f"{kind}; {xtext.decode(address)}"))
    kind = "rfc822" if status.address.isascii() else "utf-8"
    fields += [
        ("Final-Recipient", f"{kind}; {status.address}"),
        ("Action", status.action.value),
        ("Status", status_code(status.reply, status.action)),
    ]
    if _HOST.fullmatch(status.server):
        fields.append(("Remote-MTA", f"dns; {status.server}"))
    if status.reply:
        kind = "smtp" if _SMTP_REPLY.match(status.reply) else "x-takeback"
        fields.append(("Diagnostic-Code", f"{kind}; {status.reply}"))
    if status.attempted_at is not None:
        fields.append(("Last-Attempt-Date", rfc5322(status.attempted_at)))
    if status.action is Action.DELAYED and status.retry_until is not None:
        fields.append(("Will-Retry-Until", rfc5322(status.retry_until)))
    return fields


def _returned_part(part: Returned) -> bytes:
    """The bytes as they are; declared international where the header is UTF-8 beyond ASCII (RFC 6533 §5, §6)."""
    header = part.content.partition(b"\r\n\r\n")[0]
    if not header.isascii() and _is_utf8(header):
        kind = "message/global" if part.whole else "message/global-headers"
    else:
        kind = "message/rfc822" if part.whole else "text/rfc822-headers"
    encoding = "7bit" if part.content.isascii() else "8bit"
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + part.content


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
