"""What a client says, as bytes (RFC 5321 §4.1.1). Nothing that could break or forge a line gets through."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from enum import StrEnum

from takeback.mail.envelope import Envelope, Recipient

Extensions = Mapping[str, tuple[str, ...]]
"""What the server offered in answer to EHLO: keyword in upper case, and its arguments."""

_LONGEST_COMMAND = 512
"""RFC 5321 §4.5.3.1.4, with CRLF: a longer initial response waits for the first challenge (RFC 4954 §4)."""
_WORD = re.compile(r"[^\x00-\x20\x7f-\x9f]+")
_ADDRESS = re.compile(
    r"""(?: [^\x00-\x20\x7f-\x9f<>"\\@]+                         # dot-string, and what is merely odd
          | "(?: [^\x00-\x1f\x7f-\x9f"\\] | \\[\x20-\x7e] )*" )  # quoted-string
        (?: @ [^\x00-\x20\x7f-\x9f<>"\\@]+ )?""",
    re.VERBOSE,
)


class Mechanism(StrEnum):
    """How to log in (RFC 4616; LOGIN as everybody does it; XOAUTH2 as Google and Microsoft publish it)."""

    PLAIN = "PLAIN"
    LOGIN = "LOGIN"
    XOAUTH2 = "XOAUTH2"


def hello(verb: str, hostname: str) -> bytes:
    return _line(f"{verb} {_word(hostname, utf8=False)}")


def mail(envelope: Envelope, size: int, eight_bit: bool, offered: Extensions) -> bytes:
    """MAIL with the parameters the server can take. ValueError where a line could be broken."""
    utf8 = envelope.smtputf8 and "SMTPUTF8" in offered
    sender = _address(envelope.sender, utf8) if envelope.sender else ""
    parts = [f"MAIL FROM:<{sender}>"]
    if "SIZE" in offered:
        parts.append(f"SIZE={size}")
    if eight_bit and "8BITMIME" in offered:
        parts.append("BODY=8BITMIME")
    if utf8:
        parts.append("SMTPUTF8")
    if "DSN" in offered:
        parts += _parameters({"RET": envelope.ret, "ENVID": envelope.envid}, utf8)
    return _line(" ".join(parts))


def rcpt(recipient: Recipient, smtputf8: bool, offered: Extensions) -> bytes:
    """RCPT with the DSN wishes where the server takes them. ValueError where a line could be broken."""
    utf8 = smtputf8 and "SMTPUTF8" in offered
    parts = [f"RCPT TO:<{_address(recipient.address, utf8)}>"]
    if "DSN" in offered:
        parts += _parameters({"NOTIFY": recipient.notify, "ORCPT": recipient.orcpt}, utf8)
    return _line(" ".join(parts))


def auth(mechanism: Mechanism, username: str, secret: str) -> tuple[bytes, list[bytes]]:
    """The AUTH command, and the answers to the challenges that follow, in order (RFC 4954 §4)."""
    responses = _responses(mechanism, username, secret)
    command = _line(f"AUTH {mechanism}")
    if mechanism is not Mechanism.LOGIN:
        with_initial = _line(f"AUTH {mechanism} {responses[0].decode('ascii')}")
        if len(with_initial) <= _LONGEST_COMMAND:
            return with_initial, [response + b"\r\n" for response in responses[1:]]
    return command, [response + b"\r\n" for response in responses]


def _responses(mechanism: Mechanism, username: str, secret: str) -> list[bytes]:
    match mechanism:
        case Mechanism.PLAIN:
            if "\0" in username or "\0" in secret:
                raise ValueError("NUL cannot be part of a user name or password (RFC 4616 §2)")
            return [b64encode(f"\0{username}\0{secret}".encode())]
        case Mechanism.LOGIN:
            return [b64encode(username.encode()), b64encode(secret.encode())]
        case Mechanism.XOAUTH2:
            if "\1" in username or "\1" in secret:
                raise ValueError("a control character cannot be part of a user name or token")
            # A refused token is explained in one more challenge, which wants an empty answer.
            return [b64encode(f"user={username}\1auth=Bearer {secret}\1\1".encode()), b""]


def _parameters(values: Mapping[str, str | None], utf8: bool) -> list[str]:
    return [f"{name}={_word(value, utf8)}" for name, value in values.items() if value is not None]


def _word(text: str, utf8: bool) -> str:
    if _WORD.fullmatch(text) is None or not (utf8 or text.isascii()):
        raise ValueError(f"{text!r} cannot stand in an SMTP command")
    return text


def _address(text: str, utf8: bool) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an address that SMTP can carry")
    if not (utf8 or text.isascii()):
        raise ValueError(f"{text!r} needs SMTPUTF8")
    return text


def _line(text: str) -> bytes:
    """UnicodeEncodeError, which is a ValueError, where the text has half a surrogate pair."""
    return text.encode("utf-8") + b"\r\n"
