"""recall, recalls, restore: taking back what was delivered, and what became of it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from takeback.cli import recall_words
from takeback.cli.desk import KeyFileOption, Place, ServerOption
from takeback.cli.recall_desk import RecallDesk, ToldReport, with_recalls
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
    print_json,
    say,
)
from takeback.errors import NotFound
from takeback.flows.recall import Wish
from takeback.flows.restore import document as restored_document
from takeback.recall.outcomes import Outcome
from takeback.recall.report import document, rows

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
    correct_rest: Annotated[
        str | None,
        typer.Option(
            "--correct-rest",
            metavar="TEXT",
            help="Ask those who are not reached, once and in your name, to disregard the message. TEXT adds your own "
            'words; "" adds none.',
        ),
    ] = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take a message back: undo what has not left, remove what was delivered and not read, and say who has it."""
    place = Place(config, server, key_file)
    with failing_clearly(as_json):
        if as_csv and as_json:
            raise UsageError("--csv and --json exclude each other")
        if dry_run and no_wait:
            raise UsageError("--dry-run looks and is done; there is nothing to wait for")
        if dry_run and replace_with is not None:
            raise UsageError("--dry-run and --replace-with exclude each other: both look for the same copies")
        if dry_run and correct_rest is not None:
            raise UsageError("--dry-run and --correct-rest exclude each other: nothing is sent in a dry run")
        if despite_review and replace_with is None:
            raise UsageError("--despite-review goes with --replace-with")
        wish = Wish(message, recipient, also_read, correct_rest)
        file = None if replace_with is None else _read(replace_with)

        async def work(desk: RecallDesk) -> Sequence[ToldReport]:
            if dry_run:
                return await desk.dry_run(wish)
            ids = await desk.start(wish) if file is None else [await desk.replace(wish, file, despite_review)]
            return await _follow(desk, ids, wait=not no_wait, live=not (as_csv or as_json))

        _answer(with_recalls(place, asker(account), work), as_csv, as_json)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError("{file}: cannot be read: {why}", file=file, why=error.strerror) from None


async def _follow(desk: RecallDesk, ids: Sequence[str], wait: bool, live: bool) -> Sequence[ToldReport]:
    """The reports of those recalls, where it is waited for: once nothing but `pending` remains."""
    for id in ids if wait else ():
        await _work_off(desk, id, live)
    return [await desk.report(id) for id in ids]


async def _work_off(desk: RecallDesk, id: str, live: bool) -> None:
    if not live or not console.is_terminal:
        await desk.work_off(id, _no_progress)
        return
    with Live(console=console, auto_refresh=False, transient=True) as display:
        await desk.work_off(id, lambda counts: display.update(recall_words.counted(counts), refresh=True))


def _no_progress(_: Mapping[Outcome, int]) -> None:
    """For programs, the report at the end is all there is."""


def _answer(told: Sequence[ToldReport], as_csv: bool, as_json: bool) -> None:
    if as_json:
        first, *also = (document(each.report, each.full) for each in told)
        print_json({**first, "also": also})
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(("recipient", "person", "outcome", "reason", "at"))
        for each in told:
            writer.writerows(tuple(map(recall_words.for_a_cell, row)) for row in rows(each.report, each.full))
    else:
        for each in told:
            for part in recall_words.report(each.report, each.full):
                console.print(part)
    if not all(each.report.whole for each in told):
        raise typer.Exit(Exit.NOT_ALL)


def recalls(
    message: MessageArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """What became of the recalls of a message, the newest first."""
    place = Place(config, server, key_file)
    with failing_clearly(as_json):

        async def look(desk: RecallDesk) -> Sequence[ToldReport]:
            found = [await desk.report(id) for id in await desk.of(message)]
            if not found:
                raise NotFound("{message} was never recalled", message=message)
            return found

        _answer(with_recalls(place, asker(account), look), as_csv, as_json)


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

        async def work(desk: RecallDesk) -> Sequence[ToldReport]:
            await desk.confirm(recall)
            return await _follow(desk, [recall], wait=not no_wait, live=not (as_csv or as_json))

        _answer(with_recalls(Place(config), asker(account), work), as_csv, as_json)


def restore(
    recall: Annotated[str, typer.Argument(metavar="RECALL", help="The id of a recall.")],
    config: ConfigOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put back what a recall took away: into its folder, with its flags and its date."""
    with failing_clearly(as_json):
        restored = with_recalls(Place(config), asker(account), lambda desk: desk.restore(recall))
        if as_json:
            print_json(restored_document(recall, restored))
        else:
            for each in restored:
                say(recall_words.restored(each))
        if any(each.outcome is not Outcome.RESTORED for each in restored):
            raise typer.Exit(Exit.NOT_ALL)
