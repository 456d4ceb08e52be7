"""Ask: finding the messages that a person means, and answering what became of the request, recipient by recipient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from takeback import figures
from takeback.errors import Ambiguous, NotFound
from takeback.mail import address
from takeback.ports.desk import Desk
from takeback.ports.store import Answer, EventView, MessageView, RecipientView, Selection

LAST = "last"


@dataclass(frozen=True, slots=True)
class Who:
    """On whose behalf something is asked, for the record; `account` bounds what can be seen and done (None: all).
    `client` is the address from which it was asked, where that is not this machine."""

    actor: str
    account: str | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer for one message; `also` holds those for others with the same Message-ID."""

    message: str
    done: Sequence[RecipientView]
    refused: Sequence[RecipientView]
    also: Sequence[Told] = ()

    @property
    def whole(self) -> bool:
        """Whether everything that was asked is done."""
        return not self.refused and all(told.whole for told in self.also)


async def find(desk: Desk, reference: str, who: Who) -> Sequence[MessageView]:
    """The message of that id, all submissions with that Message-ID, newest first, or the newest of all for `last`.

    Raises NotFound, and Ambiguous where it would be several accounts' mail.
    """
    if reference == LAST:
        newest = await desk.last(who.account)
        found = [newest] if newest else []
    else:
        found = list(await desk.find(reference, who.account))
    if not found:
        if reference == LAST:
            raise NotFound("nothing was ever sent")
        raise NotFound("no such message: {reference}", reference=reference)
    if len({view.account for view in found}) > 1:
        raise Ambiguous("several accounts have sent {reference}; say which one with --account", reference=reference)
    return found


async def recount(
    desk: Desk, reference: str, who: Who
) -> tuple[MessageView, Sequence[EventView], Sequence[MessageView]]:
    """What is meant and its events, as of one moment; and the others with the same Message-ID. Raises as `find`."""
    first, *also = await find(desk, reference, who)
    if (recounted := await desk.recount(first.id)) is None:
        raise NotFound("no such message: {reference}", reference=reference)
    return *recounted, also


async def select(desk: Desk, reference: str, recipients: Sequence[str], who: Who) -> Selection:
    """What is asked of: all of the messages, or those recipients of them. Raises NotFound where one is no recipient
    of any, so that a slip of the pen never means "none" nor "all"."""
    views = await find(desk, reference, who)
    messages = [view.id for view in views]
    if not recipients:
        return Selection(messages, who.actor, client=who.client)
    there = {address.identity(each.address): address.key(each.address) for view in views for each in view.recipients}
    wanted = [address.identity(each) for each in recipients]
    for given, each in zip(recipients, wanted, strict=True):
        if each not in there:
            raise NotFound("{address} is no recipient of {reference}", address=given, reference=reference)
    return Selection(messages, who.actor, frozenset(there[each] for each in wanted), who.client)


def told(answers: Sequence[Answer], act: str) -> Told:
    """The store's answers as one, the newest message first."""
    for answer in answers:
        figures.ACTS.labels(act, "done").inc(len(answer.done))
        figures.ACTS.labels(act, "refused").inc(len(answer.refused))
    each = [Told(answer.message, answer.done, answer.refused) for answer in answers]
    first, *others = each
    return Told(first.message, first.done, first.refused, others)
