"""Recall: what has not left is undone, what was delivered is taken back where a connector reaches it, and every person
behind every recipient has one truthful outcome.

`start` is what people ask for. The work is done by `takeback/flows/recaller.py`, in `serve` for all recalls, in a
command for one; both may work on the same recall at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from takeback.clock import Instant
from takeback.errors import LimitReached, NotFound
from takeback.flows.ask import Who, find, select
from takeback.flows.permission import check_often, check_permission, extent
from takeback.flows.recaller import Reach
from takeback.ids import new_id
from takeback.mail import address
from takeback.ports.recall import NewRecall, RecallStore
from takeback.ports.store import MessageView, NewMessage, Origin, Store
from takeback.quantities import format_duration
from takeback.recall.settings import RecallSettings

log = structlog.get_logger("recall")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. `recipients` None means all of them; an empty list means a slip, and is refused.
    `correction` is what those whom the recall cannot reach are to read, empty for no words of the sender's own; None
    where nobody is to be written to."""

    reference: str
    recipients: Sequence[str] | None = None
    also_read: bool = False
    correction: str | None = None


async def start(store: Store, recalls: RecallStore, going_by: Reach, wish: Wish, who: Who) -> list[str]:
    """Afterwards a recall of each message meant stands, and nothing of them leaves any more; returns the recalls' ids,
    the newest message's first. Raises NotFound, Ambiguous, LimitReached, CannotCorrect, having done nothing;
    StoreUnavailable where it cannot be said.
    """
    settings = going_by.settings
    views = await messages_to_recall(store, recalls, settings, wish, who)
    if wish.correction is not None:
        for view in views:
            await _check_correction(recalls, going_by, view, wish.correction)
    ids = []
    for view in views:
        keys = await chosen(store, view, wish, who)
        if keys is not None and not keys:
            continue
        request = await asked(store, going_by, view, keys, wish, who)
        ids.append(await recalls.start(request))
        log.info("recall", recall=ids[-1], message=view.id, actor=who.actor, also_read=wish.also_read)
    return ids


async def asked(
    store: Store,
    going_by: Reach,
    view: MessageView,
    keys: frozenset[str] | None,
    wish: Wish,
    who: Who,
    replacement: NewMessage | None = None,
) -> NewRecall:
    """The recall of that message, for the recipients with these keys (None: all), as the configuration wants it."""
    waiting, mailboxes = await extent(going_by, view, keys)
    return NewRecall(
        new_id(store.now()),
        view.id,
        who.actor,
        keys,
        wish.also_read,
        going_by.settings.watch,
        replacement,
        waiting=waiting,
        mailboxes=mailboxes,
        alone_up_to=going_by.settings.second_person_above,
        correction=wish.correction,
        client=who.client,
    )


async def messages_to_recall(
    store: Store, recalls: RecallStore, settings: RecallSettings, wish: Wish, who: Who
) -> Sequence[MessageView]:
    """The messages meant, if this asker may recall them now. Raises NotFound, Ambiguous, LimitReached."""
    views = [view for view in await find(store, wish.reference, who) if view.origin is Origin.SUBMISSION]
    if not views:
        raise NotFound("{message} is a report of Takeback itself; there is nothing to recall", message=wish.reference)
    if wish.recipients is not None:
        if not wish.recipients:
            raise NotFound("no recipient was named; nothing was done")
        await select(store, wish.reference, wish.recipients, who)
    if wish.also_read and not settings.also_read:
        raise LimitReached("recall.also_read is off: copies that were read are left alone here")
    recent = [view for view in views if not is_too_old(view, settings, store.now())]
    if not recent:
        raise LimitReached(
            "a message can be recalled for {time} after it was submitted", time=format_duration(settings.max_age)
        )
    await check_permission(store, recalls, settings.limits, who)
    return recent


async def _check_correction(recalls: RecallStore, going_by: Reach, view: MessageView, words: str) -> None:
    stamp = await recalls.stamp(view.id)
    if stamp is None:
        raise NotFound("no such message: {reference}", reference=view.id)
    await going_by.corrections.check(view, stamp, await recalls.envelope_sender(view.id), words)


def is_too_old(view: MessageView, settings: RecallSettings, now: Instant) -> bool:
    return view.accepted_at < now - settings.max_age


async def chosen(store: Store, view: MessageView, wish: Wish, who: Who) -> frozenset[str] | None:
    """The canonical keys of the recipients of this message that are meant; None for all."""
    if wish.recipients is None:
        return None
    selection = await select(store, wish.reference, wish.recipients, who)
    theirs = {address.key(each.address) for each in view.recipients}
    return (selection.recipients or frozenset()) & theirs


async def note_look(store: Store, recalls: RecallStore, settings: RecallSettings, view: MessageView, who: Who) -> None:
    """Writes a dry run down. Raises LimitReached where there were too many."""
    await check_often(store, recalls, settings.dry_runs_per_hour, "dry_run", view.id, who)
