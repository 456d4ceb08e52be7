"""What the database says of recipients, read beside a gateway that runs, or after one that died."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from takeback.config import Config
from takeback.hold.states import FINAL, State
from takeback.store import tables
from takeback.store.opening import open_store
from takeback.store.store import SqlStore


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipient: its message, its state, and the kinds of event that were recorded of it."""

    message: str
    state: State
    events: tuple[str, ...]


Ledger = dict[str, Entry]
"""By address."""


async def ledger_of(store: SqlStore, domain: str = "") -> Ledger:
    """All recipients; with `domain`, those whose address ends with it."""
    recipient, event = tables.recipient.c, tables.event.c
    rows = await store.access.ask(
        lambda connection: connection.execute(select(recipient.message, recipient.address, recipient.state)).all()
    )
    happened = await store.access.ask(
        lambda connection: connection.execute(
            select(event.message, event.recipient, event.kind).where(event.recipient.isnot(None)).order_by(event.id)
        ).all()
    )
    kinds: dict[tuple[str, str], list[str]] = {}
    for row in happened:
        kinds.setdefault((row.message, row.recipient), []).append(row.kind)
    return {
        row.address: Entry(row.message, State(row.state), tuple(kinds.get((row.message, row.address), ())))
        for row in rows
        if row.address.endswith(domain)
    }


async def read_ledger(config: Config, domain: str = "") -> Ledger:
    async with open_store(config.data) as store:
        return await ledger_of(store, domain)


async def ledger_when(
    store: SqlStore, condition: Callable[[Ledger], bool], seconds: float = 20.0, domain: str = ".test"
) -> Ledger:
    """The ledger as soon as it is so; fails after that time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition(ledger := await ledger_of(store, domain)):
        assert asyncio.get_running_loop().time() < deadline, f"after {seconds:.0f} s: {ledger}"
        await asyncio.sleep(0.02)
    return ledger


def unfinished(ledger: Ledger) -> list[str]:
    """The addresses that have not come to an end and are not unknown either."""
    return [address for address, entry in ledger.items() if entry.state not in FINAL | {State.UNKNOWN}]
