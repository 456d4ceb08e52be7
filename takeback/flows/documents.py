"""What `--json` prints and the HTTP interface answers, under the same names: those of the glossary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from takeback.clock import Instant, rfc3339
from takeback.flows.ask import Told
from takeback.ports.people import ApiKey
from takeback.ports.review import RuleFigures
from takeback.ports.store import EventView, FindingView, MessageView, RecipientView

Document = dict[str, Any]


def time(instant: Instant | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def message(view: MessageView) -> Document:
    return {
        "id": view.id,
        "message_id": view.message_id or None,
        "from": view.sender,
        "subject": None if view.withheld else view.subject,
        "accepted_at": rfc3339(view.accepted_at),
        "size": view.size,
        "account": view.account,
        "origin": view.origin.value,
        "recipients": [
            {
                "address": each.address,
                "state": each.state.value,
                "due_at": time(each.due_at),
                "at": rfc3339(each.at),
                "reply": each.reply or None,
            }
            for each in view.recipients
        ],
        "findings": [finding(each) for each in view.findings],
    }


def finding(view: FindingView) -> Document:
    """`effect` is what it did to the message, `judgement` what people's acts have said of it since."""
    return {**view.finding.document(), "effect": view.effect, "judgement": view.judgement or None}


def rule(figures: RuleFigures) -> Document:
    """`precision` is the share of findings judged right among all that were judged; null where none was."""
    judged = figures.right + figures.wrong
    return {
        "code": figures.code,
        "found": figures.found,
        "held": figures.held,
        "right": figures.right,
        "wrong": figures.wrong,
        "precision": round(figures.right / judged, 4) if judged else None,
    }


def shown(view: MessageView, events: Sequence[EventView], also: Sequence[MessageView]) -> Document:
    return {
        **message(view),
        "events": [_event(event) for event in events],
        "also": [other.id for other in also],
    }


def undone(told: Told) -> Document:
    return {**_answer(told, "stopped", "too_late"), "also": [undone(other) for other in told.also]}


def released(told: Told) -> Document:
    return {**_answer(told, "released", "not_released"), "also": [released(other) for other in told.also]}


def held(told: Told) -> Document:
    due = {time(each.due_at) for each in told.done}
    return {
        **_answer(told, "held", "not_held"),
        "until": due.pop() if len(due) == 1 else None,
        "also": [held(other) for other in told.also],
    }


def _answer(told: Told, done: str, refused: str) -> Document:
    return {
        "id": told.message,
        done: [each.address for each in told.done],
        refused: [_refused(each) for each in told.refused],
    }


def _refused(view: RecipientView) -> Document:
    return {
        "address": view.address,
        "state": view.state.value,
        "at": rfc3339(view.at),
        "reply": view.reply or None,
    }


def _event(event: EventView) -> Document:
    detail = dict(event.detail)
    if isinstance(detail.get("due_at"), int):
        detail["due_at"] = rfc3339(detail["due_at"])
    if event.recipient is not None:
        detail["recipient"] = event.recipient
    return {"at": rfc3339(event.at), "kind": event.kind, "actor": event.actor, "detail": detail}


def api_key(key: ApiKey) -> Document:
    return {
        "id": key.id,
        "account": key.account,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": rfc3339(key.created_at),
        "last_used_at": time(key.last_used_at),
        "expires_at": time(key.expires_at),
    }
