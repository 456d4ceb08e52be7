"""What a page says of states and of what was asked: whole sentences, true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from markupsafe import Markup

from takeback.clock import Instant
from takeback.flows.ask import Told
from takeback.hold.states import State
from takeback.i18n.language import forms, words
from takeback.ports.store import EventView, RecipientView
from takeback.web.speech import Speech, isolated

STATES = {
    State.HELD: words("held"),
    State.CLAIMED: words("being handed over, can still be stopped"),
    State.LEAVING: words("leaving now"),
    State.DEFERRED: words("will be tried again"),
    State.SENT: words("handed over"),
    State.FAILED: words("refused"),
    State.UNKNOWN: words("handed over without an answer"),
    State.LET_BE: words("left alone"),
    State.UNDONE: words("stopped"),
}

_HAPPENED = {
    State.SENT: words("handed over at {time}"),
    State.LEAVING: words("being handed over since {time}"),
    State.UNKNOWN: words("handed over at {time}, and the other server did not answer"),
    State.LET_BE: words("handed over without an answer; left alone since {time}"),
    State.FAILED: words("refused by the other server at {time}"),
    State.UNDONE: words("stopped at {time}"),
}


def state(state: State, speech: Speech) -> Markup:
    return speech.t(STATES[state])


def stopped(told: Told, speech: Speech) -> list[Markup]:
    """`Stopped for 3 recipients.` `Too late for 2 recipients: handed over at 14:03:07.`"""
    said = []
    if told.done:
        said.append(speech.n("Stopped for {number} recipient.", "Stopped for {number} recipients.", len(told.done)))
    return said + _each(told.refused, speech, _TOO_LATE_FOR)


def released(told: Told, speech: Speech) -> list[Markup]:
    said = []
    if told.done:
        said.append(speech.n("On its way to {number} recipient.", "On its way to {number} recipients.", len(told.done)))
    return said + _each(told.refused, speech, _NOTHING_FOR)


def on_its_way(told: Told, speech: Speech) -> list[Markup]:
    """The same some moments later, when some copies may have left."""
    return released(replace(told, refused=[]), speech) + _each(told.refused, speech, _BECAME)


def held(told: Told, speech: Speech, now: Instant) -> list[Markup]:
    said = []
    if told.done:
        due_at = told.done[0].due_at
        wait = _WAITS if due_at is None else _WAITS_UNTIL
        time = "" if due_at is None else speech.recently(due_at, now)
        said.append(speech.n(*wait, len(told.done), time=time))
    return said + _each(told.refused, speech, _TOO_LATE_FOR)


def let_be(told: Told, speech: Speech) -> list[Markup]:
    """After an undo of those of whom nobody knows: they are left alone, and that is no success and no failure."""
    return [speech.n(*_LEFT_ALONE, len(told.refused) + len(told.done))]


_TOO_LATE_FOR = forms("Too late for {number} recipient: {what}.", "Too late for {number} recipients: {what}.")
_NOTHING_FOR = forms(
    "Nothing to send for {number} recipient: {what}.", "Nothing to send for {number} recipients: {what}."
)
_BECAME = forms("{number} recipient: {what}.", "{number} recipients: {what}.")
_WAITS = forms("Kept for {number} recipient until you send it.", "Kept for {number} recipients until you send it.")
_WAITS_UNTIL = forms("Kept for {number} recipient until {time}.", "Kept for {number} recipients until {time}.")
_LEFT_ALONE = forms(
    "Left alone for {number} recipient. It may have arrived there.",
    "Left alone for {number} recipients. It may have arrived there.",
)


def _each(recipients: Sequence[RecipientView], speech: Speech, words_for: tuple[str, str]) -> list[Markup]:
    """One sentence for each state."""
    order = list(State)
    ordered = sorted(recipients, key=lambda each: (order.index(each.state), each.at))
    groups = [list(group) for _, group in groupby(ordered, key=lambda each: each.state)]
    return [speech.n(*words_for, len(alike), what=_what_happened(alike, speech)) for alike in groups]


def what_happened(recipient: RecipientView, speech: Speech) -> Markup:
    """`handed over at 14:03:07`."""
    return _what_happened([recipient], speech)


def _what_happened(alike: Sequence[RecipientView], speech: Speech) -> Markup:
    first, last = speech.at(alike[0].at), speech.at(alike[-1].at)
    time = first if first.striptags() == last.striptags() else speech.t("{first}–{last}", first=first, last=last)
    return speech.t(_HAPPENED.get(alike[0].state, STATES[alike[0].state]), time=time)


_EVENTS = {
    "accepted": words("Accepted by Takeback"),
    "sent": words("Handed over for {address}"),
    "deferred": words("Not taken for {address}; it will be tried again"),
    "failed": words("Refused for {address}"),
    "unknown": words("Handed over for {address}, and the other server did not answer"),
    "undone": words("Stopped for {address} by {who}"),
    "let_be": words("Left alone for {address}, as {who} decided"),
    "release": words("Sent now for {address} by {who}"),
    "hold": words("Held for {address} by {who}"),
    "send_again": words("Sent once more for {address} by {who}"),
    "restored": words("Kept for {address} after a backup was restored"),
    "late": words("Kept for {address}: it was due while Takeback was not running"),
    "clock_step": words("Kept for {address}: the clock had jumped"),
    "reviewed": words("Looked at for likely mistakes"),
    "unreviewed": words("Not looked at for mistakes in time"),
    "content_read": words("Read by {who}"),
    "dropped": words("Its text was deleted by {who}"),
    "sent_copy": words("Looked for the copy in Sent"),
    "sent_anew": words("Edited and sent again by {who}"),
}


def event(event: EventView, speech: Speech) -> Markup:
    """One line of the record; a kind that has no words is told by its name."""
    said = _EVENTS.get(event.kind)
    address = event.recipient or ""
    if said is None:
        return isolated(f"{event.kind} {address}".strip())
    return speech.t(said, address=address, who=event.actor)
