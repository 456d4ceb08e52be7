"""Recording acts: one row for each thing that somebody did, in the transaction that did it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from takeback.chain import SALT_SIZE
from takeback.clock import Instant
from takeback.store.audit_tables import act
from takeback.store.rows import insert_rows

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def record_acts(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Afterwards the acts are on the record, and will be sealed."""
    insert_rows(connection, act, list(rows))


def act_row(at: Instant, kind: str, actor: str, account: str = "", message: str = "", **detail: Any) -> dict[str, Any]:
    """`account` is whose mail or rights it was about; what it says of people belongs here, what it says of their
    mail does not."""
    return {
        "at": at,
        "kind": kind,
        "actor": actor,
        "account": account,
        "message": message,
        "detail": _to_json(detail),
        "salt": os.urandom(SALT_SIZE),
    }


def times(connection: Connection, account: str, kinds: Sequence[str], since: Instant) -> list[Instant]:
    """When such acts were done to that account's mail since then, earliest first."""
    lately = select(act.c.at).where(act.c.account == account, act.c.at >= since, act.c.kind.in_(kinds))
    return list(connection.execute(lately.order_by(act.c.at)).scalars())
