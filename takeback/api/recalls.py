"""Recalls: delivered mail is taken back where it can be reached, and a report says of everybody what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from takeback.api import models
from takeback.api.messages import Id
from takeback.api.once import IdempotencyKey, once
from takeback.flows.ask import Who
from takeback.flows.documents import Document
from takeback.flows.learn import fine
from takeback.flows.recall import Wish
from takeback.flows.replace import Corrected
from takeback.flows.restore import document as restored_document
from takeback.httpd.asking import message_of
from takeback.httpd.person import AskerDep, Person
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.people import Scope
from takeback.ports.store import MessageView
from takeback.recall.report import document

router = APIRouter(tags=["recalls"])

RecallId = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9]+$", description="The recall's id.")]


@router.post("/messages/{id}/recall", response_model=models.Recall)
async def recall_message(
    request: Request,
    services: ServicesDep,
    person: AskerDep,
    id: Id,
    asked: models.RecallRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Stop what has not left, and take back what was delivered and nobody has read. The work goes on after the answer:
    ask for the recall again until its status is no longer `running`."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    asked = asked or models.RecallRequest()
    wish = Wish(view.id, asked.recipients, asked.also_read, asked.correction)

    async def act() -> Document:
        [recall] = await services.recall_acts.start(wish, who)
        return await _document(services, person, view, recall)

    return await once(services, person, request, idempotency_key, act)


@router.post("/messages/{id}/recall/dry-run", response_model=models.Recall)
async def look(services: ServicesDep, person: AskerDep, id: Id, asked: models.LookRequest | None = None) -> Document:
    """What a recall would come to now; nothing is changed. The totals are all that the sender learns, it is on the
    record, and it can be asked for only so often."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    asked = asked or models.LookRequest()
    reports = await services.recall_acts.dry_run(Wish(view.id, asked.recipients, asked.also_read), who)
    if not reports:
        raise Problem(Code.NOT_FOUND)
    full = person.sees_evidence(view.account)
    return {**document(reports[0], full), "full": full, "all_tried": True}


@router.post("/messages/{id}/replace", response_model=models.Recall)
async def replace_message(
    request: Request,
    services: ServicesDep,
    person: AskerDep,
    id: Id,
    asked: models.ReplaceRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Put a corrected message in the place of what is taken back. It passes everything that a submission passes, the
    review too, and keeps the original's author and thread."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    wish = Wish(view.id, asked.recipients, asked.also_read, asked.correction)
    wanted = Corrected(asked.message, asked.despite_review)

    async def act() -> Document:
        return await _document(services, person, view, await services.recall_acts.replace(wish, wanted, who))

    return await once(services, person, request, idempotency_key, act, repeatable=False)


@router.get("/messages/{id}/recalls", response_model=models.RecallIds)
async def list_recalls(services: ServicesDep, person: AskerDep, id: Id) -> dict[str, Any]:
    """The recalls of a message, the newest first."""
    person.need(Scope.READ)
    view, _ = await message_of(services, person, id)
    return {"recalls": list(await services.recalls.recalls(view.id))}


@router.get("/recalls/{recall}", response_model=models.Recall)
async def get_recall(services: ServicesDep, person: AskerDep, recall: RecallId) -> Document:
    """What has become of everybody so far: what `takeback recall --json` prints."""
    person.need(Scope.READ)
    view, _ = await _message_of_recall(services, person, recall)
    return await _document(services, person, view, recall)


@router.post("/recalls/{recall}/confirm", response_model=models.Recall)
async def confirm_recall(
    request: Request, services: ServicesDep, person: AskerDep, recall: RecallId, idempotency_key: IdempotencyKey = None
) -> Response:
    """Let a recall of many mailboxes go on, as the second person: whoever asked for it cannot. One that does not wait
    is left alone."""
    person.need(Scope.ACT)
    view, who = await _message_of_recall(services, person, recall)

    async def act() -> Document:
        await services.recall_acts.confirm(recall, who)
        return await _document(services, person, view, recall)

    return await once(services, person, request, idempotency_key, act)


@router.post("/recalls/{recall}/restore", response_model=models.RestoredRecall)
async def restore_recall(
    request: Request, services: ServicesDep, person: AskerDep, recall: RecallId, idempotency_key: IdempotencyKey = None
) -> Response:
    """Put back what a recall took away: into its folder, with its flags and its date. Asked again, it puts back nothing
    twice."""
    person.need(Scope.ACT)
    _, who = await _message_of_recall(services, person, recall)

    async def act() -> Document:
        return restored_document(recall, await services.recall_acts.restore(recall, who))

    return await once(services, person, request, idempotency_key, act)


@router.post("/messages/{id}/fine", response_model=models.CalledFine)
async def call_fine(services: ServicesDep, person: AskerDep, id: Id, asked: models.FineRequest) -> Document:
    """What the review found is no mistake: it counts as wrong, and is not asked about the same again. The message waits
    as it did. Asked again, it changes nothing."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    found = await fine(services.store, services.reviews, view.id, asked.code, who)
    return {"id": view.id, "code": asked.code, "findings": len(found)}


async def _message_of_recall(services: Services, person: Person, recall: str) -> tuple[MessageView, Who]:
    """The message that it is about, and on whose behalf this person acts on it. Raises Problem(NOT_FOUND)."""
    report = await services.recalls.report(recall)
    if report is None:
        raise Problem(Code.NOT_FOUND)
    return await message_of(services, person, report.message)


async def _document(services: Services, person: Person, view: MessageView, recall: str) -> Document:
    report = await services.recalls.report(recall)
    if report is None:
        raise Problem(Code.NOT_FOUND)
    full = person.sees_evidence(view.account)
    return {**document(report, full), "full": full, "all_tried": not await services.recalls.untried(recall)}
