"""recall, recalls, restore: taking back what was delivered, and what became of it."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.live import Live

from takeback.cli import recall_words
from takeback.cli.terms import (
    AccountOption,
    ConfigOption,
    Exit,
    JsonOption,
    MessageArgument,
    RecipientOption,
    UsageError,
    asker,
    console,
    failing_clearly,
    load_config,
    print_json,
    say,
)
from takeback.errors import NotFound
from takeback.flows.ask import Who, find
from takeback.flows.recall import Wish
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Report, document, rows
from takeback.recalls import Recalls, open_recalls
from takeback.store.opening import open_store
from takeback.store.store import SqlStore

T = TypeVar("T")

CsvOption = Annotated[bool, typer.Option("--csv", help="Print one line for each person, with commas.")]


def recall(
    message: MessageArgument,
    recipient: RecipientOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    also_read: Annotated[
        bool, typer.Option("--also-read", help="Remove copies that were read too, where recall.also_read allows it.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Return at once; a takeback serve that runs does the work.")
    ] = False,
    config: ConfigOption = None,
    account: AccountOption = None,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take a message back: undo what has not left, remove what was delivered and not read, and say who has it."""
    with failing_clearly(as_json):
        if as_csv and as_json:
            raise UsageError("--csv and --json exclude each other")
        if dry_run and no_wait:
            raise UsageError("--dry-run looks and is done; there is nothing to wait for")
        who = asker(account)
        wish = Wish(message, recipient, also_read)

        async def work(store: SqlStore, recalls: Recalls) -> list[Report]:
            if dry_run:
                return await _dry_run(store, recalls, wish, who)
            return await _recall(store, recalls, wish, who, wait=not no_wait, live=not (as_csv or as_json))

        _answer(_with_recalls(config, work), who, as_csv, as_json)


async def _dry_run(store: SqlStore, recalls: Recalls, wish: Wish, who: Who) -> list[Report]:
    from takeback.flows.dry_run import dry_run

    return await dry_run(store, recalls.store, recalls.reach, wish, who)


async def _recall(store: SqlStore, recalls: Recalls, wish: Wish, who: Who, wait: bool, live: bool) -> list[Report]:
    from takeback.flows.recall import start

    ids = await start(store, recalls.store, recalls.reach.settings, wish, who)
    for id in ids if wait else ():
        await _work_off(recalls, id, live)
    return [report for id in ids if (report := await recalls.store.report(id)) is not None]


async def _work_off(recalls: Recalls, id: str, live: bool) -> None:
    if not live or not console.is_terminal:
        await recalls.recaller.work_off(id, _no_progress)
        return
    with Live(console=console, auto_refresh=False, transient=True) as display:

        async def progress() -> None:
            display.update(recall_words.counted(await recalls.store.counts(id)), refresh=True)

        await recalls.recaller.work_off(id, progress)


async def _no_progress() -> None:
    """For programs, the report at the end is all there is."""


def _answer(reports: Sequence[Report], who: Who, as_csv: bool, as_json: bool) -> None:
    full = who.account is None
    first, *also = reports
    if as_json:
        print_json({**document(first, full), "also": [document(other, full) for other in also]})
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(("recipient", "person", "outcome", "reason", "at"))
        for report in reports:
            writer.writerows(tuple(map(recall_words.for_a_cell, row)) for row in rows(report, full))
    else:
        for report in reports:
            for part in recall_words.report(report, full):
                console.print(part)
    if not all(report.whole for report in reports):
        raise typer.Exit(Exit.NOT_ALL)


def recalls(
    message: MessageArgument,
    config: ConfigOption = None,
    account: AccountOption = None,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """What became of the recalls of a message, the newest first."""
    with failing_clearly(as_json):
        who = asker(account)

        async def look(store: SqlStore, recalls: Recalls) -> list[Report]:
            ids = [id for view in await find(store, message, who) for id in await recalls.store.recalls(view.id)]
            found = [report for id in ids if (report := await recalls.store.report(id)) is not None]
            if not found:
                raise NotFound(f"{message} was never recalled")
            return found

        _answer(_with_recalls(config, look), who, as_csv, as_json)


def restore(
    recall: Annotated[str, typer.Argument(metavar="RECALL", help="The id of a recall.")],
    config: ConfigOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put back what a recall took away: into its folder, with its flags and its date."""
    with failing_clearly(as_json):
        from takeback.flows.restore import restore as restore_flow

        who = asker(account)
        restored = _with_recalls(
            config,
            lambda store, recalls: restore_flow(recalls.store, recalls.reach.covering, recalls.quarantine, recall, who),
        )
        if as_json:
            print_json(recall_words.restored_document(recall, restored))
        else:
            for each in restored:
                say(recall_words.restored(each))
        if any(each.outcome is not Outcome.RESTORED for each in restored):
            raise typer.Exit(Exit.NOT_ALL)


def _with_recalls(path: Path | None, work: Callable[[SqlStore, Recalls], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = load_config(path)
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(settings.data))
            return await work(store, await stack.enter_async_context(open_recalls(settings, store)))

    return asyncio.run(run())
