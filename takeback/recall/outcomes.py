"""What a recall can come to for one person, in the order of the report, with the words for people."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """Worst first: of several copies, people or ways, the first of them is what is told."""

    GAVE_UP = "gave_up"
    """The mailbox could not be worked on until the watch ended, or never can be as things stand."""
    PENDING = "pending"
    """Is being tried again, or has not arrived yet."""
    AMBIGUOUS = "ambiguous"
    """A copy is there that may be the message; it cannot be decided, so it was not touched."""
    OUT_OF_REACH = "out_of_reach"
    """No connector covers the address."""
    PROTECTED = "protected"
    """The mailbox is never touched, by policy. Its sender reads `out_of_reach`."""
    ALREADY_READ = "already_read"
    """The copy had been read, and was left alone."""
    NOT_FOUND = "not_found"
    """The whole mailbox was searched and holds no copy."""
    RESTORED = "restored"
    """Was recalled, and has been put back."""
    RECALLED_READ = "recalled_read"
    """Was removed although it had been read, as asked."""
    REPLACED = "replaced"
    """A corrected message stands in its place."""
    RECALLED = "recalled"
    """Was removed while the server had no read mark on it."""
    NEVER_LEFT = "never_left"
    """Was undone in time, or refused by the next server."""


class Reason(StrEnum):
    """Why it came to that, as far as the sender may know."""

    NONE = ""
    UNDONE = "undone"
    REFUSED_BY_RELAY = "refused_by_relay"
    LEAVING = "leaving"
    NOT_ARRIVED = "not_arrived"
    UNREACHABLE = "unreachable"
    REFUSED_BY_SERVER = "refused_by_server"
    NOT_EXPANDED = "not_expanded"
    NO_CONNECTOR = "no_connector"
    BY_POLICY = "by_policy"
    NO_MESSAGE_ID = "no_message_id"
    TAKEN_AWAY = "taken_away"
    NO_PROOF = "no_proof"
    EARLIER = "earlier"
    QUOTA = "quota"
    PURGED = "purged"


DONE = frozenset({Outcome.RECALLED, Outcome.RECALLED_READ, Outcome.REPLACED, Outcome.NEVER_LEFT})
"""The recipient does not have it (any more): what the sender asked for."""
FINAL = frozenset(Outcome) - {Outcome.PENDING}
REMOVED = frozenset({Outcome.RECALLED, Outcome.RECALLED_READ})
"""Gone from its mailbox, and kept in quarantine: what can be restored."""

_ORDER = {outcome: position for position, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """What several come to together; None where there are none."""
    return min(outcomes, key=_ORDER.__getitem__, default=None)


def as_told_to_sender(outcome: Outcome, reason: Reason) -> tuple[Outcome, Reason]:
    """Whether a mailbox is protected is not the sender's business, so both read alike in every word."""
    if outcome is Outcome.PROTECTED:
        return Outcome.OUT_OF_REACH, Reason.NO_CONNECTOR
    return outcome, reason


WORDS = {
    Outcome.GAVE_UP: "not recalled: the mailbox could not be worked on",
    Outcome.PENDING: "not yet, still being tried",
    Outcome.AMBIGUOUS: "not recalled: it is not certain that what is there is your message",
    Outcome.OUT_OF_REACH: "out of reach: this mailbox is not one that can be recalled from",
    Outcome.PROTECTED: "protected: this mailbox is never touched",
    Outcome.ALREADY_READ: "already read, left alone",
    Outcome.NOT_FOUND: "not found in the mailbox",
    Outcome.RESTORED: "put back",
    Outcome.RECALLED_READ: "recalled, after it had been read",
    Outcome.REPLACED: "replaced by the corrected message",
    Outcome.RECALLED: "recalled, unread",
    Outcome.NEVER_LEFT: "never left",
}
"""English; the catalogue `recall.po` has them in Arabic."""

REASON_WORDS = {
    Reason.UNDONE: "it was stopped before it left",
    Reason.REFUSED_BY_RELAY: "the next server refused it",
    Reason.LEAVING: "it is being handed over just now",
    Reason.NOT_ARRIVED: "it has not arrived yet",
    Reason.UNREACHABLE: "the mail server does not answer",
    Reason.REFUSED_BY_SERVER: "the mail server refuses access to the mailbox",
    Reason.NOT_EXPANDED: "who is behind the address could not be found out",
    Reason.NO_CONNECTOR: "it is on a server that Takeback has no access to",
    Reason.BY_POLICY: "by policy",
    Reason.NO_MESSAGE_ID: "it has no Message-ID to look for",
    Reason.TAKEN_AWAY: "somebody moved or deleted it meanwhile",
    Reason.NO_PROOF: "its proof of origin is missing and its text was changed on the way",
    Reason.EARLIER: "by an earlier recall",
    Reason.QUOTA: "the mailbox is full",
    Reason.PURGED: "its kept copy has been deleted since",
}
