"""Accept: a submission becomes a held message, and its 250 a promise.

All that can refuse a message comes before the store's one transaction, and nothing that comes after it can fail the
client.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from takeback import figures
from takeback.clock import Duration, Instant, rfc3339
from takeback.errors import StoreFull, StoreUnavailable, TakebackError
from takeback.flows.quota import Quota
from takeback.flows.spool import PIECE, Spool
from takeback.flows.submitter import Submitter
from takeback.hold import window
from takeback.hold.settings import HoldSettings
from takeback.ids import new_id
from takeback.mail import address, headers, message_id, recall_lock, received
from takeback.mail.attached import says_attachment
from takeback.mail.authors import UnclearAuthor, authors
from takeback.mail.digest import BodyDigest
from takeback.mail.envelope import Envelope, Recipient
from takeback.mail.headers import Header, HeaderError
from takeback.mail.rewrite import Facts, Rewrite, SignedRecallLock, UnclearHold, hold_wish, rewrite
from takeback.ports.store import NewMessage, Origin, StagedChunk, Store
from takeback.quantities import format_duration, parse_window
from takeback.review import policy
from takeback.review.settings import ReviewSettings
from takeback.smtp.replies import Reply

STAGED_ABOVE = PIECE
"""A larger message is committed in pieces before its row, so that it never sits whole in memory."""
STAGED_AT_ONCE = 16
"""So many large messages are moved to the store at the same time, each with one piece in memory."""

log = structlog.get_logger("accept")


class Refused(TakebackError):
    """The message is not accepted, and nothing of it was kept."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Hold:
    """What the client asked for in the envelope: HOLDFOR or HOLDUNTIL (RFC 4865 §4)."""

    for_: Duration | None = None
    until: Instant | None = None

    @property
    def report_field(self) -> str:
        """Future-Release-Request, as reports repeat it (RFC 4865 §5.1.2); empty where nothing was asked."""
        if self.for_ is not None:
            return f"for;{self.for_ // 1_000_000}"
        return f"until;{rfc3339(self.until)}" if self.until is not None else ""

    def wish(self, now: Instant) -> window.Wish | None:
        if self.for_ is not None:
            return window.Wish(now + self.for_)
        return window.Wish(self.until) if self.until is not None else None


@dataclass(frozen=True, slots=True)
class Session:
    """How the message came, for its trace line (RFC 5321 §4.4)."""

    helo: str
    client: str
    esmtp: bool
    tls: bool


@dataclass(frozen=True, slots=True)
class Submission:
    """All of one submission but its bytes."""

    submitter: Submitter
    envelope: Envelope
    hold: Hold
    session: Session
    eight_bit: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """The promise: under this id, leaving at the earliest then (None: when released)."""

    id: str
    earliest: Instant | None
    reply: Reply


@dataclass(frozen=True, slots=True)
class AcceptSettings:
    hostname: str
    show_client: bool
    received: int
    review: ReviewSettings


class Acceptor:
    """Decides on submissions and keeps what it accepts. `room` says whether the disk has enough; `on_due` is told
    when something that may leave at once was accepted, `on_review` when something waits for its review, `on_held` of
    each message, with whether a rule says that its sender is to be told."""

    def __init__(
        self,
        store: Store,
        quota: Quota,
        settings: AcceptSettings,
        hold: HoldSettings,
        is_internal: window.IsInternal,
        room: Callable[[], bool],
        on_due: Callable[[], None],
        on_review: Callable[[], None] = lambda: None,
        on_held: Callable[[NewMessage, bool], None] = lambda message, by_rule: None,
    ) -> None:
        self._store = store
        self._quota = quota
        self._settings = settings
        self._hold = hold
        self._is_internal = is_internal
        self._room = room
        self._on_due = on_due
        self._on_review = on_review
        self._on_held = on_held
        self._staging = asyncio.Semaphore(STAGED_AT_ONCE)

    def refusal_of_sender(self, submitter: Submitter, sender: str) -> Reply | None:
        """What to answer to MAIL by whom it names; None to go on."""
        if sender and not submitter.may_send_as(sender):
            return Reply.of(550, "5.7.1", f"{submitter.account} may not send as {sender}")
        return None

    async def refusal_for_want_of_room(self, submitter: Submitter, size: int) -> Reply | None:
        """What to answer before any byte of a message of that size has come; None to go on."""
        if not self._room():
            return NO_ROOM
        try:
            return await self._quota.refusal(submitter.account, size)
        except StoreUnavailable:
            return TRY_LATER

    async def accept(self, submission: Submission, spool: Spool) -> Accepted:
        """Afterwards the message is durable and can be undone. Raises Refused."""
        with _refusing():
            message, gives_notice = await self._prepare(submission, spool)
            await self._store.accept(message)
            self._on_held(message, gives_notice)
            return self._promise(message)

    async def prepare(self, submission: Submission, spool: Spool) -> NewMessage:
        """The message as it would be accepted, past everything that can refuse one: for whoever stores it together with
        something else. What is large is staged under its id. Raises Refused."""
        with _refusing():
            message, _ = await self._prepare(submission, spool)
            return message

    async def _prepare(self, submission: Submission, spool: Spool) -> tuple[NewMessage, bool]:
        """And whether its sender is to be told that it is held."""
        submitter = submission.submitter
        if not self._room():
            raise Refused(NO_ROOM)
        if (reply := await self._quota.refusal(submitter.account, spool.size)) is not None:
            raise Refused(reply)
        now = self._store.now()
        top = spool.top(headers.MAX_HEADER + PIECE // 4)
        header = _read_header(top)
        _check_authors(header, submitter)
        if received.hops(header) >= self._settings.received:
            raise Refused(Reply.of(554, "5.4.6", "Too many hops: the message is in a loop"))
        draft = self._draft(submission, header, spool, now)
        self._quota.accepted(submitter.account, spool.size)
        content, digest = await self._keep_content(draft, draft.changes.apply(top[: header.body]), spool)
        review_by = policy.review_by(self._settings.review, now)
        message = _new_message(submission, draft, content, digest, review_by)
        return message, draft.gives_notice

    def _draft(self, submission: Submission, header: Header, spool: Spool, now: Instant) -> _Draft:
        id = new_id(now)
        secret = secrets.token_bytes(recall_lock.SECRET_SIZE)
        changes = _rewrite(header, self._facts(submission, id, secret, now))
        envelope = _with_unique_recipients(submission.envelope)
        facts = self._window_facts(submission, envelope, header, spool, now)
        due_at = _due_times(facts, self._hold, self._is_internal, now)
        told = window.gives_notice(facts, self._hold, self._is_internal, now)
        return _Draft(id, now, secret, header, changes, envelope, due_at, spool.size + changes.growth, told)

    def _facts(self, submission: Submission, id: str, secret: bytes, now: Instant) -> Facts:
        session = submission.session
        trace = received.Submission(
            helo=session.helo,
            client=session.client,
            hostname=self._settings.hostname,
            id=id,
            at=now,
            esmtp=session.esmtp,
            tls=session.tls,
            authenticated=submission.submitter.authenticated,
            smtputf8=submission.envelope.smtputf8,
            show_client=self._settings.show_client,
        )
        return Facts(
            received=received.received(trace),
            now=now,
            fresh_id=message_id.new(id, self._settings.hostname),
            uid=submission.submitter.account,
            secret=secret,
        )

    def _window_facts(
        self, submission: Submission, envelope: Envelope, header: Header, spool: Spool, now: Instant
    ) -> window.Facts:
        rules = [rule.when for rule in self._hold.rule]
        wanted = {name.lower() for when in rules for name in when.header or ()}
        return window.Facts(
            sender=envelope.sender,
            recipients=[recipient.address for recipient in envelope.recipients],
            size=spool.size,
            has_attachment=any(when.has_attachment is not None for when in rules) and says_attachment(spool.pieces(0)),
            automatic=not envelope.sender or header.text("auto-submitted", 20).lower() not in ("", "no"),
            header={name: header.text(name) for name in wanted if header.count(name)},
            wish=submission.hold.wish(now) or _header_wish(header, now),
        )

    async def _keep_content(self, draft: _Draft, beginning: bytes, spool: Spool) -> tuple[Sequence[bytes], bytes]:
        """The content to go with the message's row and the digest of its body. What is large is committed ahead, in
        pieces that mean nothing until their message is there; then the content is empty."""
        digest = BodyDigest()
        if draft.size <= STAGED_ABOVE:
            body = b"".join(spool.pieces(draft.header.body))
            digest.update(body)
            return [beginning + body], digest.digest()
        async with self._staging:
            await self._store.stage(StagedChunk(draft.id, 0, beginning))
            for position, piece in enumerate(spool.pieces(draft.header.body), start=1):
                digest.update(piece)
                await self._store.stage(StagedChunk(draft.id, position, piece))
        return [], digest.digest()

    def _promise(self, message: NewMessage) -> Accepted:
        now = message.accepted_at
        known = [due_at for due_at in message.due_at if due_at is not None]
        earliest = min(known, default=None)
        if earliest is not None and earliest <= now:
            self._on_due()
        if message.review_by is not None:
            self._on_review()
        figures.ACCEPTED.labels(message.origin.value).inc()
        figures.ACCEPTED_BYTES.inc(message.size)
        log.info(
            "accepted",
            message=message.id,
            account=message.account,
            size=message.size,
            recipients=len(message.envelope.recipients),
        )
        return Accepted(message.id, earliest, Reply.of(250, "2.0.0", _describe(message, now)))


NO_ROOM = Reply.of(452, "4.3.1", "Not enough room on the server; nothing was kept, try again later")
TRY_LATER = Reply.of(451, "4.3.0", "The message could not be kept for sure; try again later")


@contextmanager
def _refusing() -> Iterator[None]:
    """What the store cannot do is refused, for now."""
    try:
        yield
    except StoreFull as error:
        log.error("no room", reason=str(error))
        raise Refused(NO_ROOM) from error
    except StoreUnavailable as error:
        figures.STORE_ERRORS.labels("accept").inc()
        log.error("not stored", reason=str(error))
        raise Refused(TRY_LATER) from error


@dataclass(frozen=True, slots=True)
class _Draft:
    """A message but for its content. `size` is what it will have."""

    id: str
    now: Instant
    secret: bytes
    header: Header
    changes: Rewrite
    envelope: Envelope
    due_at: Sequence[Instant | None]
    size: int
    gives_notice: bool


def _new_message(
    submission: Submission, draft: _Draft, content: Sequence[bytes], body_digest: bytes, review_by: Instant | None
) -> NewMessage:
    return NewMessage(
        id=draft.id,
        account=submission.submitter.account,
        origin=Origin.SUBMISSION,
        envelope=draft.envelope,
        due_at=draft.due_at,
        accepted_at=draft.now,
        size=draft.size,
        eight_bit=submission.eight_bit,
        content=content,
        lock_secret=draft.secret,
        body_digest=body_digest,
        message_id=draft.changes.message_id,
        header_from=draft.header.text("from", 500),
        header_date=draft.changes.date,
        subject=draft.header.text("subject", 1000),
        future_release=submission.hold.report_field,
        client=submission.session.client,
        review_by=review_by,
    )


def _read_header(top: bytes) -> Header:
    try:
        return headers.split(top)
    except HeaderError as error:
        raise Refused(Reply.of(554, "5.6.0", f"Refused: {error}")) from None


def _check_authors(header: Header, submitter: Submitter) -> None:
    try:
        named = authors(header)
    except UnclearAuthor as error:
        raise Refused(Reply.of(550, "5.7.1", f"Refused: {error}")) from None
    for author in named:
        if not submitter.may_send_as(author):
            raise Refused(Reply.of(550, "5.7.1", f"{submitter.account} may not send as {author}"))


def _rewrite(header: Header, facts: Facts) -> Rewrite:
    try:
        return rewrite(header, facts)
    except SignedRecallLock as error:
        raise Refused(Reply.of(550, "5.7.1", f"Refused: {error}")) from None


def _with_unique_recipients(envelope: Envelope) -> Envelope:
    """The same address twice is one recipient; what was said of it first counts."""
    unique: dict[str, Recipient] = {}
    for recipient in envelope.recipients:
        unique.setdefault(address.key(recipient.address), recipient)
    if len(unique) == len(envelope.recipients):
        return envelope
    return replace(envelope, recipients=tuple(unique.values()))


def _header_wish(header: Header, now: Instant) -> window.Wish | None:
    """`Takeback-Hold: 5m` or `until released`, for clients that can set a header and no more."""
    try:
        text = hold_wish(header)
        if text is None:
            return None
        asked = parse_window(text)
    except (UnclearHold, ValueError) as error:
        said = str(error).encode("ascii", "backslashreplace").decode()  # a client without SMTPUTF8 reads ASCII only
        raise Refused(Reply.of(550, "5.6.0", f"Takeback-Hold: {said}")) from None
    return window.Wish(None if asked is None else now + asked)


def _due_times(
    facts: window.Facts, settings: HoldSettings, is_internal: window.IsInternal, now: Instant
) -> list[Instant | None]:
    try:
        return window.due_times(facts, settings, is_internal, now)
    except window.WishOutOfRange:
        longest = format_duration(settings.longest)
        raise Refused(Reply.of(501, "5.5.4", f"A message is held for {longest} at the longest")) from None


def _describe(message: NewMessage, now: Instant) -> str:
    """What the client's log shows: the id, and until when it can be undone."""
    if None in message.due_at:
        return f"{message.id} held until released"
    latest = max(due_at for due_at in message.due_at if due_at is not None)
    if latest <= now:
        return f"{message.id} accepted"
    return f"{message.id} held for {format_duration(latest - now)}, can be undone"
