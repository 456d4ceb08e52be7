"""Permission: may this account have something taken back now, and may one person decide it alone?"""

from __future__ import annotations

from takeback.errors import NotFound, TakebackError
from takeback.flows.ask import Who
from takeback.flows.recaller import Reach
from takeback.hold.states import STOPPABLE, State
from takeback.mail.address import identity, key
from takeback.ports.recall import RecallStore
from takeback.ports.store import MessageView, Store
from takeback.recall.permission import PERIOD, Limits, Standing, check, needs_second_person

TAKING_BACK = ("recall", "replace")
"""Kinds of acts that are counted together."""
_NEVER_LEFT = STOPPABLE | {State.UNDONE, State.FAILED}


async def check_permission(store: Store, recalls: RecallStore, limits: Limits, who: Who) -> None:
    """Raises NotNow where the account may not. An administrator who acts for nobody in particular may."""
    if who.account is None:
        return
    now = store.now()
    recent = await recalls.times(who.account, TAKING_BACK, now - PERIOD)
    account = await store.account(who.account)
    changed_at = account.changed_at if account and account.changed_at > account.created_at else None
    check(Standing(recent, changed_at), limits, now)


async def is_for_two(going_by: Reach, view: MessageView, keys: frozenset[str] | None) -> bool:
    """Whether a second person must confirm a recall of these recipients (None: all of them) before it goes on."""
    limits = going_by.settings.limits
    return limits.second_person_above > 0 and needs_second_person(await _mailboxes(going_by, view, keys), limits)


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
