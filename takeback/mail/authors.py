"""Who a message says it is from, for the question whether this account may say so.

The grammar is that of RFC 5322 §3.4 with RFC 6532 and RFC 6854, less what readers are known to read differently:
comments and white space inside an address, source routes, `@` in an unquoted name, empty list members (compare
CVE-2023-27043). Clients write none of these, and what cannot be read with certainty is refused, not guessed.
Resent-* fields are not looked at: whoever redirects a message does not claim to have written it.
"""

from __future__ import annotations

import re

from takeback.errors import TakebackError
from takeback.mail.address import ATEXT, DOMAIN, DOT_ATOM, QUOTED_STRING, is_addr_spec
from takeback.mail.headers import Field, Header

MAX_AUTHORS = 50


class UnclearAuthor(TakebackError):
    """Nobody can be sure who wrote the message: 550 5.7.1."""


_TOKEN = re.compile(
    rf"""
      (?P<blank>   [ \t]++ | \([^()<>@"\\]*+\) )
    | (?P<address> (?:{DOT_ATOM}|{QUOTED_STRING})@{DOMAIN} (?=[ \t>,;(]|\Z) )
    | (?P<phrase>  [{ATEXT}.]++ | {QUOTED_STRING} )
    | (?P<mark>    [<>,:;] )
    """,
    re.VERBOSE,
)
_MAILBOX = "(?:P*<A>|A)"
_GROUP = f"P+:(?:{_MAILBOX}(?:,{_MAILBOX})*)?;"
_ADDRESS_LIST = re.compile(f"(?:{_MAILBOX}|{_GROUP})(?:,(?:{_MAILBOX}|{_GROUP}))*")
"""The grammar over kinds of tokens: P a word or quoted string, A an address, marks as themselves."""


def authors(header: Header) -> tuple[str, ...]:
    """The addresses in From, then that in Sender, as written and each once. Raises UnclearAuthor.

    There is exactly one From and it names somebody; there is at most one Sender and it names exactly one
    (RFC 5322 §3.6.2).
    """
    match header.all("from"):
        case []:
            raise UnclearAuthor("the message has no From field")
        case [only]:
            found = _addresses(only, "From")
        case _:
            raise UnclearAuthor("the message has more than one From field")
    match header.all("sender"):
        case []:
            return tuple(dict.fromkeys(found))
        case [only] if len(sender := _addresses(only, "Sender")) == 1:
            return tuple(dict.fromkeys(found + sender))
        case _:
            raise UnclearAuthor("the message names more than one Sender")


def _addresses(field: Field, name: str) -> list[str]:
    try:
        text = field.unfolded.decode("utf-8")
    except UnicodeDecodeError:
        raise UnclearAuthor(f"the {name} field is not UTF-8") from None
    tokens = _tokens(text, name)
    if _ADDRESS_LIST.fullmatch("".join(kind for kind, _ in tokens)) is None:
        raise UnclearAuthor(f"the {name} field is not a plain list of addresses")
    found = [token for kind, token in tokens if kind == "A"]
    if not all(map(is_addr_spec, found)):
        raise UnclearAuthor(f"the {name} field holds an address that is not valid")
    if not 0 < len(found) <= MAX_AUTHORS:
        raise UnclearAuthor(f"the {name} field names {'nobody' if not found else 'too many authors'}")
    return found


def _tokens(text: str, name: str) -> list[tuple[str, str]]:
    """Kind and text of each token but the blanks between them."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnclearAuthor(f"the {name} field cannot be read with certainty")
        match match.lastgroup:
            case "address":
                tokens.append(("A", match[0]))
            case "phrase":
                tokens.append(("P", match[0]))
            case "mark":
                tokens.append((match[0], match[0]))
        at = match.end()
    return tokens
