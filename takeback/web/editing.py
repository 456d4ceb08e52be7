"""The form in which a message is edited: to be sent again after an undo, or put in the place of what was delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from markupsafe import Markup

from takeback.errors import TakebackError
from takeback.flows.resend import Changes, Draft
from takeback.httpd.person import Person
from takeback.httpd.services import Services
from takeback.ids import new_secret
from takeback.ports.store import MessageView
from takeback.web.contents import name_of
from takeback.web.framing import frame, page
from takeback.web.speech import Speech, isolated


@dataclass(frozen=True, slots=True)
class Wanted:
    """What stands in the form."""

    recipients: str
    subject: str
    text: str
    kept: frozenset[int]


@dataclass(frozen=True, slots=True)
class Choice:
    """One attachment that can be kept or not."""

    number: int
    name: Markup
    size: str
    kept: bool


def as_it_was(draft: Draft) -> Wanted:
    return Wanted("\n".join(draft.recipients), draft.subject, draft.text or "", frozenset(_numbers(draft)))


def _numbers(draft: Draft) -> list[int]:
    return [each.number for each in draft.attachments]


def changes(draft: Draft, wanted: Wanted, text: str | None) -> Changes:
    lines = [line.strip().strip(",;<>").strip() for line in wanted.recipients.splitlines()]
    return Changes(
        recipients=list(dict.fromkeys(line for line in lines if line)),
        subject=None if draft.sealed else wanted.subject,
        text=text if draft.text is not None else None,
        dropped=frozenset(_numbers(draft)) - wanted.kept,
    )


def form(
    template: str,
    request: Request,
    services: Services,
    person: Person,
    view: MessageView,
    draft: Draft,
    wanted: Wanted,
    problem: TakebackError | None = None,
) -> Response:
    framed = frame(request, services, person)
    return page(
        template,
        framed,
        400 if problem else 200,
        id=view.id,
        once=new_secret(),
        wanted=wanted,
        sealed=draft.sealed,
        has_text=draft.text is not None,
        choices=[_choice(draft, wanted, number, framed.speech) for number in range(len(draft.attachments))],
        notes=_notes(draft, framed.speech),
        problem=framed.speech.told(problem.words, problem.values) if problem else "",
    )


def _choice(draft: Draft, wanted: Wanted, place: int, speech: Speech) -> Choice:
    file = draft.attachments[place]
    name = isolated(name_of(file.part, file.number), 120)
    return Choice(file.number, name, speech.size(file.part.size), file.number in wanted.kept)


def _notes(draft: Draft, speech: Speech) -> Sequence[Markup]:
    """Why something cannot be edited."""
    if draft.sealed:
        return [
            speech.t(
                "This message is signed or encrypted by your mail program. A single changed letter would break that, "
                "so only the recipients can be changed here."
            )
        ]
    if draft.text is None:
        return [
            speech.t(
                "The text has formatting that cannot be edited here. To change it, download the message, open it in "
                "your mail program and send it from there."
            )
        ]
    return []
