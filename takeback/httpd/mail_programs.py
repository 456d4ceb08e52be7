"""What a mail program needs to know to submit through here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """The outgoing server as a mail program has to be told of it. The user name is the whole address."""

    host: str
    port: int
    security: Security
    """`tls` from the first byte, `starttls`, or `none`: then nobody but this machine can log in."""
