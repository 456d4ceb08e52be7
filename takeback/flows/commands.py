"""Commands by mail: an undo from any client, with nothing but its Send button.

A message to `undo@` is never relayed. What it asks for is done before its final reply, and the reply carries the
result; so it is known even where no mail can be sent. A short answer follows to the asker's own address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from takeback.errors import Ambiguous, NotFound, StoreUnavailable, TakebackError
from takeback.flows.accept import TRY_LATER, Refused
from takeback.flows.ask import LAST, Told, Who, find
from takeback.flows.hold import hold, send_now
from takeback.flows.learn import fine
from takeback.flows.reports import Reporter
from takeback.flows.submitter import Submitter
from takeback.flows.undo import undo
from takeback.hold.states import WAITING
from takeback.ids import new_id
from takeback.mail import address, answers, headers, message_id
from takeback.mail.answers import Line, Result
from takeback.mail.command import NAMES, Act, Command, NotUnderstood, read
from takeback.mail.risk_notice import Doubt
from takeback.ports.review import ReviewStore
from takeback.ports.store import MessageView, RecipientView, Store
from takeback.quantities import parse_window
from takeback.review.codes import unknown
from takeback.smtp.replies import Reply

_LISTED = 50

NOT_A_COMMAND = Reply.of(550, "5.7.1", "Only somebody who has logged in gives commands; nothing was done")
GOES_ALONE = Reply.of(550, "5.7.1", "A command goes alone; send your message and the command apart")

log = structlog.get_logger("command")


Recall = Callable[[str, Who], Awaitable[Sequence[str]]]
"""Starts a recall of the message that is named; the ids of what was started (`takeback.flows.recall.start`)."""


class Commands:
    """Does what people ask for by mail. `further` are addresses that take commands beside the gateway's own two."""

    def __init__(
        self,
        store: Store,
        reviews: ReviewStore,
        recall: Recall,
        reporter: Reporter,
        hostname: str,
        further: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._reviews = reviews
        self._recall = recall
        self._reporter = reporter
        self._hostname = hostname
        own = [f"{name}@{hostname}" for name in NAMES]
        self._addresses = frozenset(address.identity(each) for each in (*own, *further))

    def take(self, recipient: str) -> bool:
        """Whether what goes to that address is a command."""
        return address.identity(recipient) in self._addresses

    async def obey(self, submitter: Submitter, sender: str, top: bytes, client: str) -> Reply:
        """Afterwards it is done, durably, and this says what came of it. `top` is the message, or its beginning,
        `client` the address from which it came.

        Raises Refused where it is no command, or nothing could be done, or nobody can say whether it was.
        """
        if not submitter.authenticated or not sender or _is_automatic(top):
            raise Refused(NOT_A_COMMAND)
        who = Who(f"mail:{submitter.account}", submitter.account, client)
        try:
            command = read(top)
            result = await self._carry_out(command, who)
        except NotUnderstood as error:
            raise Refused(_not_done(f"Not understood: {error}. Write undo, send, hold 10m, fine or list")) from None
        except StoreUnavailable:
            raise Refused(TRY_LATER) from None
        except TakebackError as error:
            raise Refused(_not_done(str(error))) from None
        log.info("command", account=submitter.account, act=command.act.value, result=result.summary)
        await self._answer(submitter, top, result)
        return Reply.of(250, "2.0.0", result.summary)

    async def _carry_out(self, command: Command, who: Who) -> Result:
        if command.act is Act.LIST:
            views = await self._store.outbox(who.account, _LISTED)
            return answers.listed([_line_of_message(view) for view in views])
        if command.act is Act.FINE:
            return await self._call_fine(command, who)
        reference = await self._reference(command, who)
        match command.act:
            case Act.UNDO:
                return answers.undone(*_lines(await undo(self._store, reference, who)))
            case Act.RELEASE:
                return answers.released(*_lines(await send_now(self._store, reference, who)))
            case Act.HOLD:
                until = self._until(command.words)
                return answers.held(until, *_lines(await hold(self._store, reference, until, who)))
            case Act.RECALL:
                return answers.recalling(await self._recall(reference, who))

    async def _call_fine(self, command: Command, who: Who) -> Result:
        """All that was found of the message, or what has the code that is named."""
        code = "_".join(command.words.lower().replace("-", " ").split()) or None
        if code and (wrong := unknown(code)):
            raise NotFound(wrong)
        reference = await self._reference(command, who) if command.originals else await self._last_found(who)
        found = await fine(self._store, self._reviews, reference, code, who)
        newest, *_ = await find(self._store, reference, who)
        waits = any(each.state in WAITING for each in newest.recipients)
        return answers.fine([Doubt(each.code, each.reason.en, each.reason.ar) for each in found], waits)

    async def _last_found(self, who: Who) -> str:
        found = await self._reviews.last_found(who.account or "")
        if found is None:
            raise NotFound("Nothing was found of any message of yours")
        return found

    async def _reference(self, command: Command, who: Who) -> str:
        """The first of the named messages that the asker owns; the newest where none is named."""
        if not command.originals:
            return LAST
        for original in command.originals:
            if await self._store.find(original, who.account):
                return original
        named = command.originals[0]
        raise NotFound(f"You have sent no message with the {'Message-ID' if named.startswith('<') else 'id'} {named}")

    def _until(self, words: str) -> int | None:
        try:
            window = parse_window(words or "10m")
        except ValueError as error:
            raise Ambiguous(str(error)) from None
        return None if window is None else self._store.now() + window

    async def _answer(self, submitter: Submitter, top: bytes, result: Result) -> None:
        """What was done stays done where the answer cannot be kept: the reply has said it already."""
        now = self._store.now()
        mail = answers.answer(
            result,
            to=submitter.own_address,
            hostname=self._hostname,
            message_id=message_id.new(new_id(now), self._hostname),
            in_reply_to=_message_id(top),
            now=now,
        )
        try:
            await self._store.accept(self._reporter.system_message(mail, submitter.own_address, submitter.account, now))
        except StoreUnavailable as error:
            log.warning("no answer by mail", account=submitter.account, reason=str(error))


def _not_done(text: str) -> Reply:
    return Reply.of(550, "5.7.1", f"{text.rstrip('.')}; nothing was done")


def _header(top: bytes) -> headers.Header | None:
    try:
        return headers.split(top)
    except headers.HeaderError:
        return None


def _is_automatic(top: bytes) -> bool:
    """A robot's reply, or a header that cannot be read with certainty (RFC 3834 §5)."""
    header = _header(top)
    return header is None or header.text("auto-submitted", 20).lower() not in ("", "no")


def _message_id(top: bytes) -> str:
    header = _header(top)
    return message_id.of(header) if header else ""


def _lines(told: Told) -> tuple[list[Line], list[Line]]:
    """Who it was done for, and who it came too late for, over all messages with that Message-ID."""
    each = (told, *told.also)
    return (
        [_line(view) for one in each for view in one.done],
        [_line(view) for one in each for view in one.refused],
    )


def _line(view: RecipientView) -> Line:
    return Line(view.address, view.state.value, view.at, view.reply)


def _line_of_message(view: MessageView) -> Line:
    due = [each.due_at for each in view.recipients if each.due_at is not None]
    states = {each.state.value for each in view.recipients}
    state = states.pop() if len(states) == 1 else "held"
    named = ", ".join(each.address for each in view.recipients[:3])
    more = f" +{len(view.recipients) - 3}" if len(view.recipients) > 3 else ""
    return Line(f"{view.id}  {view.subject or '–'}  ({named}{more})", state, min(due, default=None), "")
