"""Resend: what was stopped is edited and submitted again, as a new message with all that a new message goes through.

Nothing of the old message changes but its record. Identity, limits, window and review are those of any submission.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from takeback.errors import StoreUnavailable, TakebackError
from takeback.flows.accept import Accepted, Acceptor, Hold, Refused, Session, Submission
from takeback.flows.ask import Who
from takeback.flows.spool import Spool
from takeback.flows.submitter import Submitter
from takeback.hold.states import State
from takeback.mail import edit, headers
from takeback.mail.address import identity, is_addr_spec
from takeback.mail.envelope import Envelope, Recipient
from takeback.mail.headers import Header, HeaderError
from takeback.ports.store import MessageView, Store
from takeback.review.mime import Part, leaves, split

_LONGEST_TEXT = 1 << 20
_LONGEST_SUBJECT = 1000
_SIGNED = frozenset(("multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"))

SubmitterOf = Callable[[str], Awaitable[Submitter]]
"""Given an account's key: as whom its messages are submitted."""

log = structlog.get_logger("resend")


class NotEditable(TakebackError):
    """What was asked for cannot be done to that message; nothing was sent."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """`number` is its place among the parts."""

    number: int
    part: Part


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a stopped message can be edited. `text` is None where it cannot be; a message that its sender has signed
    or encrypted as a whole (`sealed`) takes other recipients only, for its body must stay to the letter."""

    recipients: Sequence[str]
    subject: str
    text: str | None
    attachments: Sequence[AttachedFile]
    sealed: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What the person wants. None: as it was. `dropped` are numbers of attachments."""

    recipients: Sequence[str]
    subject: str | None = None
    text: str | None = None
    dropped: Collection[int] = ()


def draft_of(content: bytes, view: MessageView) -> Draft:
    """Addressed to those for whom it was stopped. Raises NotEditable."""
    header = _header_of(content)
    parts = list(leaves(*split(content)))
    sealed = _is_sealed(content, parts)
    text = None if sealed else _text_part(content, parts)
    return Draft(
        recipients=[each.address for each in view.recipients if each.state is State.UNDONE],
        subject=header.text("subject", _LONGEST_SUBJECT),
        text=text.text(_LONGEST_TEXT) if text and text.body.size < _LONGEST_TEXT else None,
        attachments=[] if sealed else _files(parts, text),
        sealed=sealed,
    )


def edited(content: bytes, view: MessageView, changes: Changes) -> bytes:
    """The new message, but for what accepting it adds. Raises NotEditable."""
    header, draft = _header_of(content), draft_of(content, view)
    before = {identity(each) for each in draft.recipients}
    after = {identity(each) for each in changes.recipients}
    replacements = edit.as_new(header)
    replacements += edit.with_recipients(
        header,
        removed=[each for each in draft.recipients if identity(each) not in after],
        added=[each for each in changes.recipients if identity(each) not in before],
    )
    if draft.sealed and (changes.dropped or _differs(changes.text, draft.text)):
        raise NotEditable("the message is signed or encrypted; only its recipients can be changed")
    if not draft.sealed and _differs(changes.subject, draft.subject):
        replacements += edit.with_subject(header, changes.subject or "")
    if _differs(changes.text, draft.text):
        replacements += _with_text(content, changes.text or "")
    replacements += edit.without(
        content, [_place(each) for each in draft.attachments if each.number in changes.dropped]
    )
    return edit.apply(content, replacements)


class Resender:
    def __init__(
        self, store: Store, acceptor: Acceptor, submitter_of: SubmitterOf, folder: Path, max_size: int, recipients: int
    ) -> None:
        """`folder` is where a message waits while it is accepted."""
        self._store = store
        self._acceptor = acceptor
        self._submitter_of = submitter_of
        self._folder = folder
        self._max_size = max_size
        self._most_recipients = recipients

    async def resend(self, view: MessageView, content: bytes, changes: Changes, who: Who) -> Accepted:
        """Afterwards the new message is durable and can be undone, and the record of the old one says so. Raises
        NotEditable, Refused; then nothing was sent."""
        self._check(changes)
        message = edited(content, view, changes)
        if len(message) > self._max_size:
            raise NotEditable("the message is too large")
        submitter = await self._submitter_of(view.account)
        if (reply := self._acceptor.refusal_of_sender(submitter, view.sender)) is not None:
            raise Refused(reply)
        spool = Spool(self._folder)
        try:
            spool.write(message)
            accepted = await self._acceptor.accept(_submission(submitter, view, message, changes, who), spool)
        finally:
            spool.close()
        with suppress(StoreUnavailable):  # the promise stands without a line in the record of the old message
            await self._store.note(view.id, "sent_anew", who.actor, who.client)
        log.info("sent anew", message=view.id, as_=accepted.id, actor=who.actor)
        return accepted

    def _check(self, changes: Changes) -> None:
        if not changes.recipients:
            raise NotEditable("somebody must receive it")
        if len(changes.recipients) > self._most_recipients:
            raise NotEditable("those are too many recipients for one message")
        for address in changes.recipients:
            if not is_addr_spec(address):
                raise NotEditable("{address} is no address", address=address)


def _submission(submitter: Submitter, view: MessageView, message: bytes, changes: Changes, who: Who) -> Submission:
    header = message[: _header_of(message).end]
    names = (view.sender, *changes.recipients)
    return Submission(
        submitter=submitter,
        envelope=Envelope(
            sender=view.sender,
            recipients=tuple(map(Recipient, changes.recipients)),
            body=None if message.isascii() else "8BITMIME",
            smtputf8=not (header.isascii() and all(name.isascii() for name in names)),
        ),
        hold=Hold(),
        session=Session(helo="web", client=who.client, esmtp=True, tls=False),
        eight_bit=not message.isascii(),
    )


def _header_of(content: bytes) -> Header:
    try:
        return headers.split(content[: headers.MAX_HEADER + 4])
    except HeaderError as error:
        raise NotEditable(str(error)) from None


def _is_sealed(content: bytes, parts: Sequence[Part]) -> bool:
    kind = split(content)[0].text("content-type", 200).partition(";")[0].strip().lower()
    return kind in _SIGNED or any(part.kind in _SIGNED or part.kind == "application/pgp-encrypted" for part in parts)


def _text_part(content: bytes, parts: Sequence[Part]) -> Part | None:
    """The one plain text, where there is no HTML beside it that would then say something else, and where its header can
    be read with certainty."""
    written = [part for part in parts if part.kind in ("text/plain", "text/html") and part.disposition != "attachment"]
    if len(written) != 1 or written[0].kind != "text/plain":
        return None
    with suppress(HeaderError):
        _own_header(content, written[0])
        return written[0]
    return None


def _own_header(content: bytes, part: Part) -> Header:
    return headers.split(content[part.place.whole.start : part.body.start])


def _files(parts: Sequence[Part], text: Part | None) -> list[AttachedFile]:
    """What can be dropped: whatever a multipart holds besides the texts."""
    return [
        AttachedFile(number, part)
        for number, part in enumerate(parts)
        if part is not text and part.place.parent >= 0 and not _is_body(part)
    ]


def _is_body(part: Part) -> bool:
    return part.kind in ("text/plain", "text/html") and part.disposition != "attachment" and not part.name


def _differs(wanted: str | None, there: str | None) -> bool:
    return wanted is not None and there is not None and wanted.splitlines() != there.splitlines()


def _with_text(content: bytes, text: str) -> list[edit.Replacement]:
    part = _text_part(content, list(leaves(*split(content))))
    if part is None:
        raise NotEditable("the text of that message cannot be edited here")
    start = part.place.whole.start
    return edit.with_text(_own_header(content, part), start, part.body.start, part.body.stop, text)


def _place(file: AttachedFile) -> edit.Place:
    place = file.part.place
    return edit.Place(place.whole.start, place.whole.stop, place.parent, place.siblings)
