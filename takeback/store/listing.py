"""Listing: page by page through what accounts have submitted."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from takeback.hold.states import OPEN
from takeback.ports.store import Listing, MessageView, Origin
from takeback.store import reading, tables

_message = tables.message.c
_recipient = tables.recipient.c


def messages(connection: Connection, listing: Listing) -> list[MessageView]:
    """Newest first. A `before` that names no message begins at the newest."""
    wanted = [*_of_accounts(listing), *_in_states(listing)]
    if not listing.with_reports:
        wanted.append(_message.origin == Origin.SUBMISSION.value)
    if listing.with_content:
        wanted.append(_message.content_deleted_at.is_(None))
    if listing.before is not None and tables.is_storable(listing.before):
        there = select(_message.accepted_at).where(_message.id == listing.before)
        accepted_at = connection.execute(there).scalar()
        if accepted_at is not None:
            same_time = and_(_message.accepted_at == accepted_at, _message.id < listing.before)
            wanted.append(or_(_message.accepted_at < accepted_at, same_time))
    ids = (
        select(_message.id)
        .where(*wanted)
        .order_by(_message.accepted_at.desc(), _message.id.desc())
        .limit(listing.limit)
    )
    return reading.views(connection, _message.id.in_(list(connection.execute(ids).scalars())))


def open_by_account(connection: Connection) -> dict[str, int]:
    """How many messages of each account are held, on their way or wait for a decision."""
    messages = func.count(_recipient.message.distinct())
    counted = connection.execute(
        select(_recipient.account, messages).where(tables.is_open).group_by(_recipient.account)
    )
    return {row[0]: row[1] for row in counted}


def _of_accounts(listing: Listing) -> list[ColumnElement[bool]]:
    if listing.accounts is None:
        return []
    return [_message.account.in_([account for account in listing.accounts if tables.is_storable(account)])]


def _in_states(listing: Listing) -> list[ColumnElement[bool]]:
    """What is open is found by the index of what is open, however much has been sent before."""
    if not listing.states:
        return []
    in_state = _recipient.state.in_([state.value for state in listing.states])
    if listing.states <= OPEN:
        open_ones = select(_recipient.message).where(tables.is_open, in_state)
        if listing.accounts is not None:
            open_ones = open_ones.where(_recipient.account.in_(listing.accounts))
        return [_message.id.in_(open_ones)]
    return [exists().where(_recipient.message == _message.id, in_state)]
