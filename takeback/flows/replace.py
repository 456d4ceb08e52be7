"""Replace: a corrected message is made ready to take the place of one that was sent.

It passes everything that a submission passes: who may write as its author, size, quota, and the review, which is waited
for here because a mailbox cannot hold. What it passes is stored together with the recall that will put it in place
(`takeback/flows/put_in_place.py`), and can itself be undone, recalled and replaced like any other message.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from takeback.errors import Ambiguous, NotFound
from takeback.flows.accept import Acceptor, Hold, Refused, Session, Submission
from takeback.flows.ask import Who
from takeback.flows.original import header_of
from takeback.flows.recall import Wish, asked, chosen, messages_to_recall
from takeback.flows.recaller import Reach
from takeback.flows.review import Judge, Reviewed, beginning, own_addresses
from takeback.flows.spool import PIECE, Spool
from takeback.flows.submitter import Submitter
from takeback.mail import headers
from takeback.mail.address import key
from takeback.mail.envelope import Envelope, Recipient
from takeback.mail.headers import MAX_HEADER
from takeback.ports.recall import RecallStore
from takeback.ports.review import Assignment, Opinion, Reviewer, ReviewStore, ToReview
from takeback.ports.store import MessageView, NewMessage, Store
from takeback.quantities import format_size
from takeback.recall.matching import Stamp
from takeback.recall.replacement import CannotReplace, Original, corrected
from takeback.review.finding import Finding

log = structlog.get_logger("replace")

_LINE_END = re.compile(rb"\r\n|\r|\n")


class ReviewObjects(CannotReplace):
    """The review would have held the corrected message, or could not be done; `findings` say why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        reasons = "; ".join(finding.reason.en for finding in findings) or "it could not be reviewed"
        super().__init__(f"the review would hold the corrected message: {reasons}")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Review:
    """What the corrected message is looked over with."""

    store: ReviewStore
    reviewer: Reviewer
    judge: Judge


SubmitterOf = Callable[[str], Awaitable[Submitter]]
"""Who submits for an account. Raises CannotReplace where nobody may any more."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What somebody wants in the place of a message: the bytes of a file. `despite_review` sends what the review would
    hold: whoever may release it may decide that."""

    file: bytes
    despite_review: bool = False


@dataclass(frozen=True, slots=True)
class Occasion:
    """The message whose place is to be taken, its envelope's sender, those of its recipients who are meant, and who
    submits: the account that owns it, whoever asks."""

    view: MessageView
    stamp: Stamp
    sender: str
    recipients: Sequence[str]
    submitter: Submitter


class Corrector:
    """Makes corrected messages ready."""

    def __init__(self, store: Store, acceptor: Acceptor, review: Review, folder: Path, max_size: int) -> None:
        self._store = store
        self._acceptor = acceptor
        self._review = review
        self._folder = folder
        self._max_size = max_size

    async def prepare(self, wanted: Corrected, occasion: Occasion) -> NewMessage:
        """The corrected message as a submission for all who are meant; it becomes real with its row. Raises
        CannotReplace, with the reply that a client would have heard where it is that, and ReviewObjects."""
        sender, submitter = occasion.sender, occasion.submitter
        if (refusal := self._acceptor.refusal_of_sender(submitter, sender)) is not None:
            raise CannotReplace("the corrected message is refused: {reply}", reply=refusal.text)
        file = _LINE_END.sub(b"\r\n", wanted.file)
        if not file.strip():
            raise CannotReplace("the file is empty")
        if len(file) > self._max_size:
            raise CannotReplace("the file is larger than {size}", size=format_size(self._max_size))
        stamp = occasion.stamp
        original = Original(stamp.message_id, stamp.header_from, await header_of(self._store, occasion.view.id))
        spool = Spool(self._folder)
        try:
            _write(spool, file, original)
            message = await self._acceptor.prepare(_submission(occasion, spool, not file.isascii()), spool)
        except Refused as refused:
            raise CannotReplace("the corrected message is refused: {reply}", reply=refused) from None
        finally:
            spool.close()
        if not wanted.despite_review:
            await self._look_over(message)
        return replace(message, review_by=None)

    async def _look_over(self, message: NewMessage) -> None:
        if not self._review.judge.settings.enabled:
            return
        reviewed = await self._opinion(message)
        now = message.accepted_at
        verdict = self._review.judge.verdict(reviewed, now)
        if any(due_at is None or due_at > now for due_at in verdict.due_at):
            raise ReviewObjects([each.finding for each in verdict.judged])

    async def _opinion(self, message: NewMessage) -> Reviewed:
        circumstances = await self._review.store.circumstances(message.account)
        content = await beginning(self._content(message))
        recipients = [recipient.address for recipient in message.envelope.recipients]
        opinion: Opinion = await self._review.reviewer.review(
            Assignment(
                content=content,
                sender=message.envelope.sender,
                recipients=recipients,
                account=message.account,
                version=circumstances.version,
                identities=own_addresses(circumstances, message.envelope.sender),
                internal=self._review.judge.internal,
                now=message.accepted_at,
            )
        )
        looked_at = ToReview(message.id, "", message.account, message.envelope, message.size, message.accepted_at)
        return Reviewed(looked_at, content, opinion, circumstances)

    async def _content(self, message: NewMessage) -> AsyncIterator[bytes]:
        """As it will be stored, be it at hand or staged."""
        for piece in message.content:
            yield piece
        if not message.content:
            async for piece in self._store.read(message.id):
                yield piece


@dataclass(frozen=True, slots=True)
class Making:
    """What corrected messages are made with."""

    corrector: Corrector
    submitter_of: SubmitterOf


async def start(
    recalls: RecallStore,
    store: Store,
    going_by: Reach,
    making: Making,
    wish: Wish,
    wanted: Corrected,
    who: Who,
) -> str:
    """Afterwards a recall stands that puts the corrected message in the place of each copy it takes back, and those
    whose copy had not left get the corrected one in its time. Returns its id. Raises as `takeback.flows.recall.start`
    and `Corrector.prepare` do, having done nothing."""
    settings = going_by.settings
    views = await messages_to_recall(store, recalls, settings, wish, who)
    if len(views) > 1:
        raise Ambiguous(f"{wish.reference} was submitted {len(views)} times; name one of them by its id")
    [view] = views
    stamp = await recalls.stamp(view.id)
    if stamp is None:
        raise NotFound(f"no such message: {wish.reference}")
    keys = await chosen(store, view, wish, who)
    meant = [each.address for each in view.recipients if keys is None or key(each.address) in keys]
    sender = await recalls.envelope_sender(view.id)
    occasion = Occasion(view, stamp, sender, meant, await making.submitter_of(view.account))
    message = await making.corrector.prepare(wanted, occasion)
    if wish.correction is not None:
        await going_by.corrections.check(view, stamp, sender, wish.correction)
    id = await recalls.start(await asked(store, going_by, view, keys, wish, who, message))
    log.info("replace", recall=id, message=view.id, by=message.id, actor=who.actor)
    return id


def _write(spool: Spool, file: bytes, original: Original) -> None:
    top = file[: MAX_HEADER + PIECE]
    spool.write(corrected(top, original).apply(top))
    spool.write(file[len(top) :])


def _submission(occasion: Occasion, spool: Spool, eight_bit: bool) -> Submission:
    top = spool.top(MAX_HEADER + PIECE)
    header = top[: headers.split(top).end]
    addresses = [occasion.sender, *occasion.recipients]
    envelope = Envelope(
        sender=occasion.sender,
        recipients=tuple(Recipient(address) for address in occasion.recipients),
        body="8BITMIME" if eight_bit else None,
        smtputf8=not (header.isascii() and all(map(str.isascii, addresses))),
    )
    session = Session(helo="takeback", client="", esmtp=True, tls=False)
    return Submission(occasion.submitter, envelope, Hold(), session, eight_bit)
