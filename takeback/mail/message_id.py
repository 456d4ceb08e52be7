"""Message-IDs: the one of a message, and new ones."""

from __future__ import annotations

import re

from takeback.mail.headers import Header

_LONGEST = 900
_MESSAGE_ID = re.compile(r"<[^\s<>]+>")


def of(header: Header) -> str:
    """The Message-ID with its angle brackets; empty where there is none, more than one, or one that nobody could be
    sure to find again: comments, several ids, white space, unseen characters, bytes that are not UTF-8 or more than
    900 of them. An id without `@` serves, though RFC 5322 §3.6.4 wants one."""
    found = header.all("message-id")
    if len(found) != 1 or len(found[0].raw) > _LONGEST:
        return ""
    try:
        text = found[0].unfolded.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if _MESSAGE_ID.fullmatch(text) and text.isprintable() else ""


def new(unique: str, hostname: str) -> str:
    """`<unique@hostname>`."""
    return f"<{unique}@{hostname}>"
