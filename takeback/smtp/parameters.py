"""The parameters of MAIL and RCPT, as two tables: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), DSN
(RFC 3461), AUTH (RFC 4954), FUTURERELEASE (RFC 4865)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from takeback.clock import SECOND, Duration, Instant, parse_rfc3339
from takeback.mail.envelope import Body, Ret
from takeback.smtp.data import too_big
from takeback.smtp.grammar import GrammarError, decode_xtext
from takeback.smtp.replies import CommandError, Reply

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u00a0-\U0010ffff]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")
_HOLD_FOR = re.compile(r"[1-9][0-9]{0,8}")
_HOLD_UNTIL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.IGNORECASE)
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+")
_UTF8_ADDRESS = re.compile(r"(?:[!-*,-<>-\[\]-~\u00a0-\U0010ffff]|\\x\{[0-9A-F]{2,6}\})+")
_LONGEST_ENVID = 100
_LONGEST_ORCPT = 500

_BODIES: Mapping[str, Body] = {"7BIT": "7BIT", "8BITMIME": "8BITMIME"}
_RETS: Mapping[str, Ret] = {"FULL": "FULL", "HDRS": "HDRS"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What decides whether a value is too much."""

    max_size: int
    now: Instant
    longest_hold: Duration


@dataclass(slots=True)
class MailParameters:
    """What MAIL asked for. See `events.Mail`."""

    bounds: Bounds
    size: int | None = None
    body: Body | None = None
    smtputf8: bool = False
    ret: Ret | None = None
    envid: str | None = None
    hold_for: Duration | None = None
    hold_until: Instant | None = None


@dataclass(slots=True)
class RcptParameters:
    """What RCPT asked for. See `envelope.Recipient`."""

    smtputf8: bool
    notify: str | None = None
    orcpt: str | None = None


def _read_size(mail: MailParameters, value: str) -> None:
    if not _SIZE.fullmatch(value):
        raise GrammarError("a number of octets is needed")
    if int(value) > mail.bounds.max_size:
        raise CommandError(too_big(mail.bounds.max_size))
    mail.size = int(value)


def _read_body(mail: MailParameters, value: str) -> None:
    mail.body = _BODIES.get(value.upper())
    if mail.body is None:
        raise GrammarError("7BIT or 8BITMIME is needed")


def _read_smtputf8(mail: MailParameters, value: str) -> None:
    if value:
        raise GrammarError("it has no value")
    mail.smtputf8 = True


def _read_ret(mail: MailParameters, value: str) -> None:
    mail.ret = _RETS.get(value.upper())
    if mail.ret is None:
        raise GrammarError("FULL or HDRS is needed")


def _read_envid(mail: MailParameters, value: str) -> None:
    if len(value) > _LONGEST_ENVID:
        raise GrammarError(f"longer than {_LONGEST_ENVID} characters")
    decode_xtext(value)
    mail.envid = value


def _read_auth(mail: MailParameters, value: str) -> None:
    """Whom the client names as author is its own claim, so nothing is kept of it (RFC 4954 §5)."""
    decode_xtext(value)


def _read_hold_for(mail: MailParameters, value: str) -> None:
    _check_one_hold(mail)
    if not _HOLD_FOR.fullmatch(value):
        raise GrammarError("a number of seconds from 1 to 999999999 is needed")
    mail.hold_for = int(value) * SECOND
    if mail.hold_for > mail.bounds.longest_hold:
        raise GrammarError(f"the limit is {mail.bounds.longest_hold // SECOND} seconds")


def _read_hold_until(mail: MailParameters, value: str) -> None:
    """A moment that has passed is taken as it is: it asks for no hold (RFC 4865 forbids only too early)."""
    _check_one_hold(mail)
    if not _HOLD_UNTIL.fullmatch(value):
        raise GrammarError("a date and time as in 2026-11-24T18:00:00Z is needed")
    try:
        mail.hold_until = parse_rfc3339(value)
    except (ValueError, OverflowError):
        raise GrammarError("there is no such date and time") from None
    if mail.hold_until > mail.bounds.now + mail.bounds.longest_hold:
        raise GrammarError(f"the limit is {mail.bounds.longest_hold // SECOND} seconds from now")


def _check_one_hold(mail: MailParameters) -> None:
    if mail.hold_for is not None or mail.hold_until is not None:
        raise GrammarError("HOLDFOR and HOLDUNTIL exclude each other")


def _read_notify(rcpt: RcptParameters, value: str) -> None:
    if not _NOTIFY.fullmatch(value):
        raise GrammarError("NEVER, or a list of SUCCESS, FAILURE and DELAY is needed")
    rcpt.notify = value


def _read_orcpt(rcpt: RcptParameters, value: str) -> None:
    """An address of type utf-8 has an encoding of its own (RFC 6533 §3)."""
    if len(value) > _LONGEST_ORCPT:
        raise GrammarError(f"longer than {_LONGEST_ORCPT} characters")
    kind, _, address = value.partition(";")
    if not _ADDRESS_TYPE.fullmatch(kind):
        raise GrammarError("a type of address is needed, as in rfc822;user@domain")
    if kind.lower() != "utf-8":
        decode_xtext(address)
    elif not _UTF8_ADDRESS.fullmatch(address) or not (rcpt.smtputf8 or address.isascii()):
        raise GrammarError("not an address of type utf-8")
    rcpt.orcpt = value


MAIL_PARAMETERS: Mapping[str, Callable[[MailParameters, str], None]] = {
    "SIZE": _read_size,
    "BODY": _read_body,
    "SMTPUTF8": _read_smtputf8,
    "RET": _read_ret,
    "ENVID": _read_envid,
    "AUTH": _read_auth,
    "HOLDFOR": _read_hold_for,
    "HOLDUNTIL": _read_hold_until,
}
RCPT_PARAMETERS: Mapping[str, Callable[[RcptParameters, str], None]] = {
    "NOTIFY": _read_notify,
    "ORCPT": _read_orcpt,
}

Target = TypeVar("Target", MailParameters, RcptParameters)


def read_parameters(text: str, table: Mapping[str, Callable[[Target, str], None]], target: Target) -> None:
    """Afterwards `target` holds what `text`, the rest of a command behind its path, asks for.

    Raises CommandError: 501 5.5.4 for what is malformed, given twice or out of bounds, 555 5.5.4 for an
    unknown keyword (RFC 5321 §4.1.1.11), 552 5.3.4 for a SIZE over the limit (RFC 1870 §6.1).
    """
    seen = set()
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise CommandError(Reply.of(501, "5.5.4", "A parameter must have the form KEYWORD=value"))
        keyword, value = match[1].upper(), match[2] or ""
        read = table.get(keyword)
        if read is None:
            raise CommandError(Reply.of(555, "5.5.4", f"The parameter {keyword[:40]} is not known here"))
        if keyword in seen:
            raise CommandError(Reply.of(501, "5.5.4", f"{keyword}: given twice"))
        seen.add(keyword)
        try:
            read(target, value)
        except GrammarError as error:
            raise CommandError(Reply.of(501, "5.5.4", f"{keyword}: {error}")) from None
