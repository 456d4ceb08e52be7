"""Recall: a page that says what it does and asks, and the report that fills while it runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from takeback.errors import LimitReached, TakebackError
from takeback.flows.ask import Who
from takeback.flows.recall import Wish
from takeback.flows.restore import Restored
from takeback.httpd.asking import message_of
from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.store import MessageView
from takeback.recall.correction import LONGEST_WORDS, CannotCorrect
from takeback.recall.outcomes import DONE, REASON_WORDS, REMOVED, WORDS, Outcome, Reason
from takeback.recall.report import RecipientReport, Report, Status, for_sender, rows
from takeback.visible import visible
from takeback.web.framing import frame, page, see
from takeback.web.pages import Frame
from takeback.web.rows import title
from takeback.web.speech import Speech, isolated

_SHOWN = 200

router = APIRouter(prefix="/messages", dependencies=[FromOurPage], include_in_schema=False)


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """How many people have come to that; or, of one recipient, who it is and since when."""

    what: Markup
    tone: str
    number: int = 0
    who: Markup | None = None
    at: Markup | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What stands in the form: whether a correction is wished for, and what it adds."""

    correct: bool = False
    words: str = ""


@router.get("/{id}/recall")
async def recall_page(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, _ = await message_of(services, person, id)
    return await _page(request, services, person, view)


async def _page(
    request: Request,
    services: Services,
    person: Person,
    view: MessageView,
    looked: Report | None = None,
    wanted: Wanted | None = None,
    problem: TakebackError | None = None,
    restored: Sequence[Restored] | None = None,
) -> Response:
    framed = frame(request, services, person)
    report = await _report(services, person, view)
    return page(
        "recall.html",
        framed,
        400 if problem else 200,
        id=view.id,
        recall=report.id if report else "",
        subject=title(view, framed.speech, not person.may_see_subject(view.account)),
        running=report is not None and report.status is Status.RUNNING,
        waiting=report is not None and report.status is Status.WAITING,
        asked=report is not None,
        looked=_counts(looked, framed.speech) if looked else [],
        wanted=wanted or Wanted(),
        longest=LONGEST_WORDS,
        problem=framed.speech.told(problem.words, problem.values) if problem else "",
        restored=[_put_back(each, framed) for each in restored or ()],
        restorable=report is not None and any(each in report.counts for each in REMOVED),
        corrected=report.correction if report else None,
        reachable=services.can_recall,
        until=framed.speech.recently(report.watch_until, framed.now) if report else "",
        counts=_counts(report, framed.speech) if report else [],
        recipients=_recipients(report, framed) if report else [],
        more=max(0, len(report.recipients) - _SHOWN) if report else 0,
    )


@router.post("/{id}/recall")
async def start_recall(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    id: str,
    correct: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """Asked for twice it is one recall, so nothing is lost by pressing again."""
    view, who = await message_of(services, person, id)
    must_reach(services)
    wanted = Wanted(bool(correct), words)
    wish = Wish(view.id, correction=words.strip() if correct else None)
    try:
        await services.recall_acts.start(wish, who)
    except (LimitReached, CannotCorrect) as error:
        return await _page(request, services, person, view, wanted=wanted, problem=error)
    return see(f"/messages/{view.id}/recall")


@router.post("/{id}/recall/look")
async def look(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    """A dry run: totals, and nothing is changed but the record, which says that somebody looked."""
    view, who = await message_of(services, person, id)
    must_reach(services)
    try:
        reports = await services.recall_acts.dry_run(Wish(view.id), who)
    except LimitReached as error:
        return await _page(request, services, person, view, problem=error)
    looked = for_sender(reports[0]) if reports else None
    return await _page(request, services, person, view, looked)


@router.post("/{id}/recall/confirm")
async def confirm_recall(
    request: Request, services: ServicesDep, person: SignedIn, id: str, recall: Annotated[str, Form()] = ""
) -> Response:
    """`recall` is the one that the page has shown: a newer one is not confirmed unseen."""
    view, who = await _recall_of(services, person, id, recall)
    try:
        await services.recall_acts.confirm(recall, who)
    except LimitReached as error:
        return await _page(request, services, person, view, problem=error)
    return see(f"/messages/{view.id}/recall")


@router.post("/{id}/recall/restore")
async def restore_recall(
    request: Request, services: ServicesDep, person: SignedIn, id: str, recall: Annotated[str, Form()] = ""
) -> Response:
    view, who = await _recall_of(services, person, id, recall)
    try:
        restored = await services.recall_acts.restore(recall, who)
    except LimitReached as error:
        return await _page(request, services, person, view, problem=error)
    return await _page(request, services, person, view, restored=restored)


async def _recall_of(services: Services, person: Person, id: str, recall: str) -> tuple[MessageView, Who]:
    view, who = await message_of(services, person, id)
    if recall not in await services.recalls.recalls(view.id):
        raise Problem(Code.NOT_FOUND)
    return view, who


def must_reach(services: Services) -> None:
    """Raises Problem where no mailbox can be opened."""
    if not services.can_recall:
        raise Problem(Code.NOT_FOUND, "no mailbox can be reached from here")


@router.get("/{id}/recall.csv")
async def recall_table(services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, _ = await message_of(services, person, id)
    report = await _report(services, person, view)
    if report is None:
        raise Problem(Code.NOT_FOUND, "the message was never recalled")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(("recipient", "person", "outcome", "reason", "at"))
    writer.writerows(tuple(map(_cell, row)) for row in rows(report, person.sees_evidence(view.account)))
    return Response(
        table.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="recall-{view.id}.csv"'},
    )


async def _report(services: Services, person: Person, view: MessageView) -> Report | None:
    """The newest recall of the message, as far as this person may know of it."""
    ids = await services.recalls.recalls(view.id)
    report = await services.recalls.report(ids[0]) if ids else None
    return report if report is None or person.sees_evidence(view.account) else for_sender(report)


def _put_back(restored: Restored, framed: Frame) -> OutcomeLine:
    said = _said(restored.outcome, restored.reason, framed.speech)
    tone = "undone" if restored.outcome is Outcome.RESTORED else _tone(restored.outcome)
    return OutcomeLine(said, tone, who=isolated(restored.address))


def _counts(report: Report, speech: Speech) -> list[OutcomeLine]:
    return [OutcomeLine(speech.t(WORDS[outcome]), _tone(outcome), number) for outcome, number in report.counts.items()]


def _recipients(report: Report, framed: Frame) -> Sequence[OutcomeLine]:
    return [_line(each, framed) for each in report.recipients[:_SHOWN]]


def _line(recipient: RecipientReport, framed: Frame) -> OutcomeLine:
    standing = recipient.worst_person if recipient.own is None else None
    reason = standing.reason if standing else recipient.reason
    return OutcomeLine(
        what=_said(recipient.outcome, reason, framed.speech),
        tone=_tone(recipient.outcome),
        who=isolated(recipient.address),
        at=framed.speech.recently(standing.at if standing else recipient.at, framed.now),
    )


def _said(outcome: Outcome, reason: Reason, speech: Speech) -> Markup:
    said = speech.t(WORDS[outcome])
    return (
        speech.t("{outcome}; {reason}", outcome=said, reason=speech.t(REASON_WORDS[reason]))
        if reason in REASON_WORDS
        else said
    )


def _tone(outcome: Outcome) -> str:
    if outcome in DONE:
        return "undone"
    return "unknown" if outcome is Outcome.PENDING else "failed"


def _cell(text: str) -> str:
    """A spreadsheet takes a cell that begins with one of these for a formula, whoever wrote it."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
