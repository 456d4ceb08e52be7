"""Accepting: the one commit point. Message, recipients, content and event in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from takeback.clock import Instant
from takeback.hold.states import State
from takeback.mail.address import key
from takeback.ports.store import NewMessage, StagedChunk
from takeback.store import tables
from takeback.store.rows import insert_rows

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def accept(connection: Connection, now: Instant, messages: Sequence[NewMessage]) -> list[None]:
    """Afterwards every message is there, once, however often this is asked with the same ids."""
    known = _known(connection, [message.id for message in messages]) if len(messages) == 1 else set()
    insert_messages(connection, [message for message in messages if message.id not in known])
    return [None] * len(messages)


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Looked for only when a message comes alone: that is how a batch is retried whose COMMIT was lost."""
    return set(connection.execute(select(tables.message.c.id).where(tables.message.c.id.in_(ids))).scalars())


def insert_messages(connection: Connection, messages: Sequence[NewMessage]) -> None:
    if not messages:
        return
    insert_rows(connection, tables.message, [_message_row(message) for message in messages])
    insert_rows(connection, tables.recipient, [row for message in messages for row in _recipient_rows(message)])
    insert_rows(connection, tables.content, [row for message in messages for row in _content_rows(message)])
    record_events(connection, (_accepted_event(message) for message in messages))


def stage(connection: Connection, now: Instant, chunks: Sequence[StagedChunk]) -> list[None]:
    """Afterwards the pieces are there; they become real with the message of their id, or are swept away."""
    rows = [
        {"message": chunk.message, "position": chunk.index, "data": chunk.data, "staged_at": now} for chunk in chunks
    ]
    if len(rows) == 1:
        place = (tables.content.c.message == chunks[0].message) & (tables.content.c.position == chunks[0].index)
        if connection.execute(select(tables.content.c.id).where(place)).first():
            return [None]
    insert_rows(connection, tables.content, rows)
    return [None] * len(chunks)


def record_events(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    insert_rows(connection, tables.event, list(rows))


def event_row(
    message: str, at: Instant, kind: str, actor: str, recipient: str | None = None, **detail: Any
) -> dict[str, Any]:
    return {
        "message": message,
        "recipient": recipient,
        "at": at,
        "kind": kind,
        "actor": actor,
        "detail": _to_json(detail) if detail else None,
    }


def _message_row(message: NewMessage) -> dict[str, Any]:
    envelope = message.envelope
    return {
        "id": message.id,
        "account": message.account,
        "origin": message.origin.value,
        "accepted_at": message.accepted_at,
        "sender": envelope.sender,
        "body": envelope.body,
        "smtputf8": envelope.smtputf8,
        "ret": envelope.ret,
        "envid": envelope.envid,
        "future_release": message.future_release,
        "client": message.client,
        "message_id": message.message_id,
        "header_from": message.header_from,
        "header_date": message.header_date,
        "subject": message.subject,
        "size": message.size,
        "eight_bit": message.eight_bit,
        "lock_secret": message.lock_secret,
        "body_digest": message.body_digest,
        "review_by": message.review_by,
    }


def _recipient_rows(message: NewMessage) -> Iterable[dict[str, Any]]:
    for position, (recipient, due_at) in enumerate(zip(message.envelope.recipients, message.due_at, strict=True)):
        yield {
            "message": message.id,
            "position": position,
            "account": message.account,
            "address": recipient.address,
            "address_key": key(recipient.address),
            "notify": recipient.notify,
            "orcpt": recipient.orcpt,
            "state": State.HELD.value,
            "changed_at": message.accepted_at,
            "due_at": due_at,
            "attempts": 0,
            "delay_reported": False,
            "reply": "",
            "server": "",
        }


def _content_rows(message: NewMessage) -> Iterable[dict[str, Any]]:
    for position, data in enumerate(message.content):
        yield {"message": message.id, "position": position, "data": data}


def _accepted_event(message: NewMessage) -> dict[str, Any]:
    return event_row(
        message.id,
        message.accepted_at,
        "accepted",
        message.account,
        size=message.size,
        recipients=len(message.envelope.recipients),
        client=message.client,
    )
