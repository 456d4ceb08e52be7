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
from takeback.config import Config
from takeback.errors import NotFound
from takeback.flows.ask import Who, find
from takeback.flows.permission import confirm as confirm_flow
from takeback.flows.recall import Wish, start
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Report, document, rows
from takeback.recalls import Recalls, open_recalls
from takeback.store.opening import open_store
from takeback.store.store import SqlStore

T = TypeVar("T")

NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Return at once; a takeback serve that runs does the work.")
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print one line for each person, with commas.")]


def recall(
    message: MessageArgument,
    recipient: RecipientOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    also_read: Annotated[
        bool, typer.Option("--also-read", help="Remove copies that were read too, where recall.also_read allows it.")
    ] = False,
    replace_with: Annotated[
        Path | None,
        typer.Option(
            "--replace-with", metavar="FILE", help="Put this corrected message in the place of what is taken."
        ),
    ] = None,
    despite_review: Annotated[
        bool, typer.Option("--despite-review", help="Replace even if the review would hold the corrected message.")
    ] = False,
    no_wait: NoWaitOption = False,
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
        if dry_run and replace_with is not None:
            raise UsageError("--dry-run and --replace-with exclude each other: both look for the same copies")
        if despite_review and replace_with is None:
            raise UsageError("--despite-review goes with --replace-with")
        who = asker(account)
        wish = Wish(message, recipient, also_read)
        file = None if replace_with is None else _read(replace_with)

        async def work(store: SqlStore, recalls: Recalls) -> list[Report]:
            if dry_run:
                return await _dry_run(store, recalls, wish, who)
            if file is not None:
                ids = [await _replace(load_config(config), store, recalls, wish, file, despite_review, who)]
            else:
                ids = await start(store, recalls.store, recalls.reach, wish, who)
            return await _follow(recalls, ids, wait=not no_wait, live=not (as_csv or as_json))

        _answer(_with_recalls(config, work), who, as_csv, as_json)


async def _dry_run(store: SqlStore, recalls: Recalls, wish: Wish, who: Who) -> list[Report]:
    from takeback.flows.dry_run import dry_run

    return await dry_run(store, recalls.store, recalls.reach, wish, who)


async def _replace(
    config: Config, store: SqlStore, recalls: Recalls, wish: Wish, file: bytes, despite_review: bool, who: Who
) -> str:
    from takeback.flows.replace import Corrected
    from takeback.flows.replace import start as start_replacing
    from takeback.replacements import open_making

    async with open_making(config, store) as making:
        wanted = Corrected(file, despite_review)
        return await start_replacing(recalls.store, store, recalls.reach, making, wish, wanted, who)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None


async def _follow(recalls: Recalls, ids: Sequence[str], wait: bool, live: bool) -> list[Report]:
    """The reports of those recalls, where it is waited for: once nothing but `pending` remains."""
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


def confirm(
    recall: Annotated[str, typer.Argument(metavar="RECALL", help="The id of a recall that waits.")],
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    account: AccountOption = None,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let a recall of many mailboxes go on, as the second person: whoever asked for it cannot."""
    with failing_clearly(as_json):
        who = asker(account)

        async def work(_: SqlStore, recalls: Recalls) -> list[Report]:
            await confirm_flow(recalls.store, recall, who)
            return await _follow(recalls, [recall], wait=not no_wait, live=not (as_csv or as_json))

        _answer(_with_recalls(config, work), who, as_csv, as_json)


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
