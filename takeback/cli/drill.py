"""drill: does recall work, before somebody needs it?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from takeback.cli.terms import (
    ConfigOption,
    Exit,
    JsonOption,
    UsageError,
    actor,
    console,
    failing_clearly,
    load_config,
    print_json,
    say,
)
from takeback.cli.tongue import moment
from takeback.clock import SECOND, Duration, rfc3339
from takeback.config import Config
from takeback.flows.documents import Document
from takeback.ports.drill import Drilled
from takeback.recalls import open_recalls
from takeback.store.drill_store import SqlDrillStore
from takeback.store.opening import open_store
from takeback.store.store import SqlStore
from takeback.visible import visible

T = TypeVar("T")

_LISTED = 100


def drill(
    history: Annotated[bool, typer.Option("--history", help="Only list what earlier drills came to.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a canary to each test mailbox and take it back; says per connector whether that worked and how long it took.

    A `takeback serve` must be running, for it does the sending and the taking back."""
    with failing_clearly(as_json):
        if history:
            results = _with_store(config, lambda _, store: SqlDrillStore(store.access).history(_LISTED))
        else:
            results = _with_store(config, _hold)
        if as_json:
            print_json([_document(each) for each in results])
        else:
            _print(results)
        if not history and not all(each.passed for each in results):
            raise typer.Exit(Exit.NOT_ALL)


async def _hold(config: Config, store: SqlStore) -> Sequence[Drilled]:
    from takeback.drills import range_of
    from takeback.flows.drill import drill as hold_drill
    from takeback.submitting import make_acceptor

    settings = config.recall.drill
    if not settings.mailboxes:
        raise UsageError('there is no test mailbox; write [recall.drill] mailboxes = ["drill@example.com"]')
    async with open_recalls(config, store) as recalls:
        held_with = range_of(config, store, recalls, make_acceptor(config, store))
        return await hold_drill(held_with, SqlDrillStore(store.access), settings.mailboxes, actor())


def _with_store(path: Path | None, work: Callable[[Config, SqlStore], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        config = load_config(path)
        async with open_store(config.data) as store:
            return await work(config, store)

    return asyncio.run(run())


def _document(result: Drilled) -> Document:
    return {
        "drill": result.drill,
        "at": rfc3339(result.at),
        "mailbox": result.address,
        "kind": result.kind or None,
        "server": result.server or None,
        "passed": result.passed,
        "outcome": result.outcome,
        "reason": result.reason or None,
        "arrived_after": _seconds(result.arrived_after),
        "recalled_after": _seconds(result.recalled_after),
    }


def _seconds(duration: Duration | None) -> float | None:
    return None if duration is None else duration / SECOND


_WORDS = {
    "recalled": "taken back",
    "not_sent": "not sent; is takeback serve running, and does the relay work?",
    "not_delivered": "did not arrive",
    "out_of_reach": "no [[mailboxes]] covers the address",
}
"""Other outcomes are told by their own name."""


def _print(results: Sequence[Drilled]) -> None:
    if not results:
        say("No drill was held yet.")
        return
    table = Table(
        "When",
        "Mailbox",
        "Connector",
        "Result",
        "Arrived after",
        "Taken back after",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for each in results:
        result = _WORDS.get(each.outcome, each.outcome) + (f" ({visible(each.reason, 200)})" if each.reason else "")
        table.add_row(
            moment(each.at),
            Text(visible(each.address)),
            Text(visible(f"{each.kind} {each.server}".strip())),
            Text(result, style="bold green" if each.passed else "bold red"),
            _told(each.arrived_after),
            _told(each.recalled_after),
        )
    console.print(table)


def _told(duration: Duration | None) -> str:
    return "" if duration is None else f"{duration / SECOND:.2f} s"
