"""What travels beside a message: who sends it, who receives it, and what was asked of its delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Body = Literal["7BIT", "8BITMIME"]
Ret = Literal["FULL", "HDRS"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT. `notify` and `orcpt` are as the client wrote them, xtext and all (RFC 3461 §4)."""

    address: str
    notify: str | None = None
    orcpt: str | None = None

    def wants(self, occasion: Literal["SUCCESS", "FAILURE", "DELAY"]) -> bool:
        """Whether a report is due; without NOTIFY, failure and delay are reported (RFC 3461 §4.1)."""
        if self.notify is None:
            return occasion != "SUCCESS"
        return occasion in self.notify.upper().split(",")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail transaction. `sender` is empty for the null reverse-path; `envid` is xtext as received."""

    sender: str
    recipients: tuple[Recipient, ...]
    body: Body | None = None
    smtputf8: bool = False
    ret: Ret | None = None
    envid: str | None = None
