"""Permission: may this account have something taken back now, and may one person decide it alone?"""

from __future__ import annotations

from takeback.clock import Instant
from takeback.errors import NotFound, TakebackError
from takeback.flows.ask import Who
from takeback.flows.recaller import Reach
from takeback.hold.states import STOPPABLE, State
from takeback.i18n.language import words
from takeback.mail.address import identity, key
from takeback.ports.recall import Asked, RecallStore
from takeback.ports.store import MessageView, Store
from takeback.recall.permission import PERIOD, Limits, NotNow, Standing, check, needs_second_person

TAKING_BACK = ("recall", "replace")
"""Kinds of acts that are counted together."""
_ENOUGH = {
    "dry_run": words("{most} dry runs an hour are enough; try again later"),
    "restoring": words("{most} times an hour is often enough to put mail back; try again later"),
}
"""By what the record of acts calls that which may be asked for only so often."""
_ANY_NUMBER = 1 << 31
_NEVER_LEFT = STOPPABLE | {State.UNDONE, State.FAILED}


async def check_permission(store: Store, recalls: RecallStore, limits: Limits, who: Who) -> None:
    """Raises NotNow where the account may not. An administrator who acts for nobody in particular may."""
    if who.account is None:
        return
    now = store.now()
    recent = await recalls.times(who.account, TAKING_BACK, now - PERIOD)
    check(Standing(recent, await _password_changed_at(store, who.account)), limits, now)


async def check_password(store: Store, limits: Limits, who: Who) -> None:
    """Raises NotNow where the password of the account was changed too short a time ago."""
    changed_at = await _password_changed_at(store, who.account or "")
    check(Standing((), changed_at), limits, store.now())


async def _password_changed_at(store: Store, account: str) -> Instant | None:
    """None where it is the first one, or not kept here."""
    known = await store.account(account)
    return known.changed_at if known and known.changed_at > known.created_at else None


async def check_often(store: Store, recalls: RecallStore, most: int, kind: str, message: str, who: Who) -> None:
    """Writes down that it was asked for. Raises NotNow where this person has asked for too many such within an hour;
    0 means any number."""
    asked = Asked(kind, message, who.actor, store.now() - PERIOD, most or _ANY_NUMBER)
    if not await recalls.note_asked(asked):
        raise NotNow(None, _ENOUGH[kind], most=most)


async def extent(going_by: Reach, view: MessageView, keys: frozenset[str] | None) -> tuple[bool, int]:
    """Whether a second person must confirm a recall of these recipients (None: all of them) before it goes on, and how
    many mailboxes it would open, where anybody counts them."""
    limits = going_by.settings.limits
    if limits.second_person_above == 0:
        return False, 0
    mailboxes = await _mailboxes(going_by, view, keys)
    return needs_second_person(mailboxes, limits), mailboxes or 0


async def _mailboxes(going_by: Reach, view: MessageView, keys: frozenset[str] | None) -> int | None:
    """How many would be opened; None where who is behind an address cannot be found out."""
    found: set[str] = set()
    for recipient in view.recipients:
        if recipient.state in _NEVER_LEFT or not (keys is None or key(recipient.address) in keys):
            continue
        try:
            people = await going_by.expand(recipient.address)
        except TakebackError:
            return None
        found.update(identity(person) for person in people if going_by.covering(person) is not None)
    return len(found)


async def confirm(recalls: RecallStore, recall: str, who: Who) -> None:
    """Afterwards a recall that waited for a second person goes on. Raises NotFound, NotNow."""
    facts = await recalls.facts(recall)
    if facts is None or who.account not in (None, facts.account):
        raise NotFound("no such recall: {recall}", recall=recall)
    await recalls.confirm(recall, who.actor)
