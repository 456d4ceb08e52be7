"""What the arguments of a command ask for. All of these raise CommandError with the reply, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from takeback.mail.envelope import Recipient
from takeback.smtp.events import Hello, Mail
from takeback.smtp.grammar import GrammarError, parse_client_name, parse_forward_path, parse_reverse_path
from takeback.smtp.parameters import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    Bounds,
    MailParameters,
    RcptParameters,
    Target,
    read_parameters,
)
from takeback.smtp.replies import CommandError, Reply
from takeback.smtp.sequence import COMMANDS

_NO_PARAMETERS = Reply.of(555, "5.5.4", "Parameters are an extension; say EHLO first")
_NEEDS_SMTPUTF8 = Reply.of(553, "5.6.7", "The address is not ASCII, and MAIL did not say SMTPUTF8")
_BDAT = re.compile(r"([0-9]{1,20})( +LAST)?", re.IGNORECASE)


@dataclass(slots=True)
class Chunk:
    """What BDAT announced, and how much of it is still to come.

    With a refusal the octets are swallowed, and the refusal is said behind them (RFC 3030 §2).
    """

    left: int
    last: bool
    refusal: Reply | None = None


def read_hello(argument: str, *, extended: bool) -> Hello:
    try:
        return Hello(parse_client_name(argument), extended)
    except GrammarError as error:
        raise CommandError(Reply.of(501, "5.5.4", f"Syntax: {error}")) from None


def read_mail(argument: str, bounds: Bounds, *, extended: bool) -> Mail:
    """`FROM:<address> [parameters]`; blanks before the address are common, and harmless."""
    if argument[:5].upper() != "FROM:":
        raise CommandError(COMMANDS["MAIL"].syntax_error)
    try:
        sender, rest = parse_reverse_path(argument[5:].lstrip(" "))
    except GrammarError as error:
        raise CommandError(Reply.of(501, "5.1.7", f"Syntax: {error}")) from None
    asked = MailParameters(bounds)
    _read_rest(rest, MAIL_PARAMETERS, asked, extended=extended)
    _check_ascii(sender, smtputf8=asked.smtputf8)
    return Mail(
        sender=sender,
        body=asked.body,
        smtputf8=asked.smtputf8,
        ret=asked.ret,
        envid=asked.envid,
        hold_for=asked.hold_for,
        hold_until=asked.hold_until,
        size=asked.size,
    )


def read_rcpt(argument: str, own_domain: str, *, smtputf8: bool, extended: bool) -> Recipient:
    """`TO:<address> [parameters]`, as lenient as MAIL."""
    if argument[:3].upper() != "TO:":
        raise CommandError(COMMANDS["RCPT"].syntax_error)
    try:
        address, rest = parse_forward_path(argument[3:].lstrip(" "), own_domain)
    except GrammarError as error:
        raise CommandError(Reply.of(501, "5.1.3", f"Syntax: {error}")) from None
    asked = RcptParameters(smtputf8)
    _read_rest(rest, RCPT_PARAMETERS, asked, extended=extended)
    _check_ascii(address, smtputf8=smtputf8)
    return Recipient(address, asked.notify, asked.orcpt)


def read_bdat(argument: str) -> Chunk:
    """`size [LAST]`."""
    match = _BDAT.fullmatch(argument)
    if match is None:
        raise CommandError(COMMANDS["BDAT"].syntax_error)
    return Chunk(int(match[1]), last=match[2] is not None)


def _read_rest(rest: str, table: Mapping[str, Callable[[Target, str], None]], asked: Target, *, extended: bool) -> None:
    if not rest or rest.isspace():
        return
    if not extended:
        raise CommandError(_NO_PARAMETERS)
    read_parameters(rest, table, asked)


def _check_ascii(address: str, *, smtputf8: bool) -> None:
    """RFC 6531 §3.5."""
    if not smtputf8 and not address.isascii():
        raise CommandError(_NEEDS_SMTPUTF8)
