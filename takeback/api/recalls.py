"""Recalls: delivered mail is taken back where it can be reached, and a report says of everybody what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from takeback.api import models
from takeback.api.messages import Id
from takeback.api.once import IdempotencyKey, once
from takeback.flows.documents import Document
from takeback.flows.learn import fine
from takeback.flows.recall import Wish
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
    wish = Wish(view.id, asked.recipients, asked.also_read)

    async def act() -> Document:
        [recall] = await services.recall(wish, who)
        return await _document(services, person, view, recall)

    return await once(services, person, request, idempotency_key, act)


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
    report = await services.recalls.report(recall)
    if report is None:
        raise Problem(Code.NOT_FOUND)
    view, _ = await message_of(services, person, report.message)
    return await _document(services, person, view, recall)


@router.post("/messages/{id}/fine", response_model=models.CalledFine)
async def call_fine(services: ServicesDep, person: AskerDep, id: Id, asked: models.FineRequest) -> Document:
    """What the review found is no mistake: it counts as wrong, and is not asked about the same again. The message waits
    as it did. Asked again, it changes nothing."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    found = await fine(services.store, services.reviews, view.id, asked.code, who)
    return {"id": view.id, "code": asked.code, "findings": len(found)}


async def _document(services: Services, person: Person, view: MessageView, recall: str) -> Document:
    """Evidence, and why a mailbox is protected, are for administrators; not even for them in their own matters."""
    report = await services.recalls.report(recall)
    if report is None:
        raise Problem(Code.NOT_FOUND)
    full = person.rights.administrator and view.account != person.account
    return {**document(report, full), "full": full, "all_tried": not await services.recalls.untried(recall)}
