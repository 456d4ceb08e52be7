"""Correct: one short message, for the sender and under the sender's name, to those whom a recall could not reach.

It is a submission of the account that owns the message, and passes what every submission passes: who may write as its
author, the limits, and the review. The recall stores it with its own end, so that it is sent once or not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from takeback.flows.accept import Acceptor, Hold, Refused, Session, Submission
from takeback.flows.original import header_of
from takeback.flows.spool import Spool
from takeback.flows.submitter import Submitter
from takeback.mail import headers
from takeback.mail.correction import Correction, correction
from takeback.mail.envelope import Envelope, Recipient
from takeback.mail.headers import Header
from takeback.ports.recall import RecallFacts
from takeback.ports.store import MessageView, NewMessage, Store
from takeback.recall.correction import CannotCorrect, check_words
from takeback.recall.matching import Stamp
from takeback.recall.replacement import CannotReplace

SubmitterOf = Callable[[str], Awaitable[Submitter]]
"""Who submits for an account. Raises CannotReplace where nobody may any more."""


class NotNowCorrected(CannotCorrect):
    """A limit or the store stands in the way for the moment."""


class Corrections:
    """Makes corrections ready; whoever asked stores them."""

    def __init__(self, store: Store, acceptor: Acceptor, submitter_of: SubmitterOf, folder: Path) -> None:
        self._store = store
        self._acceptor = acceptor
        self._submitter_of = submitter_of
        self._folder = folder

    async def check(self, view: MessageView, stamp: Stamp, sender: str, words: str) -> None:
        """Raises CannotCorrect where a correction of this message would be refused as things stand."""
        check_words(words)
        everybody = [each.address for each in view.recipients]
        await self._prepare(view.id, view.account, stamp, sender, words, everybody)

    async def prepare(self, facts: RecallFacts, recipients: Sequence[str]) -> NewMessage:
        """The correction that the recall was asked for. Raises CannotCorrect, and NotNowCorrected where it may be
        tried again."""
        words = facts.correction or ""
        return await self._prepare(facts.message, facts.account, facts.stamp, facts.sender, words, recipients)

    async def _prepare(
        self, message: str, account: str, stamp: Stamp, sender: str, words: str, recipients: Sequence[str]
    ) -> NewMessage:
        if not sender:
            raise CannotCorrect("the message names no sender, so no correction can be sent in his name")
        submitter = await self._submitter(account)
        if (refusal := self._acceptor.refusal_of_sender(submitter, sender)) is not None:
            raise CannotCorrect("the correction is refused: {reply}", reply=refusal.text)
        author = _author(await header_of(self._store, message), sender)
        data = correction(Correction(author, stamp.message_id, stamp.header_date, words))
        return await self._submit(submitter, sender, recipients, data)

    async def _submitter(self, account: str) -> Submitter:
        try:
            return await self._submitter_of(account)
        except CannotReplace as error:
            raise CannotCorrect("the correction is refused: {reply}", reply=error) from None

    async def _submit(self, submitter: Submitter, sender: str, recipients: Sequence[str], data: bytes) -> NewMessage:
        spool = Spool(self._folder)
        try:
            spool.write(data)
            return await self._acceptor.prepare(_submission(submitter, sender, recipients, data), spool)
        except Refused as refused:
            kind = NotNowCorrected if refused.reply.code < 500 else CannotCorrect
            raise kind(f"the correction is refused: {refused}") from None
        finally:
            spool.close()


def _author(original: Header | None, sender: str) -> bytes:
    """Whom the correction is from: the original's own lines, byte for byte, where they are kept still."""
    kept = [field for name in ("from", "sender") for field in (original.all(name) if original else ())]
    if not kept:
        return f"From: <{sender}>\r\n".encode()
    return b"".join(field.name.title().encode() + b":" + field.raw + b"\r\n" for field in kept)


def _submission(submitter: Submitter, sender: str, recipients: Sequence[str], data: bytes) -> Submission:
    eight_bit = not data.isascii()
    header = data[: headers.split(data).end]
    envelope = Envelope(
        sender=sender,
        recipients=tuple(Recipient(address) for address in recipients),
        body="8BITMIME" if eight_bit else None,
        smtputf8=not (header.isascii() and all(map(str.isascii, [sender, *recipients]))),
    )
    session = Session(helo="takeback", client="", esmtp=True, tls=False)
    return Submission(submitter, envelope, Hold(), session, eight_bit)
