"""review: what the review finds, and what people say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from takeback.cli import review_file
from takeback.cli.review_file import FileIsMeant
from takeback.cli.terms import (
    AccountOption,
    ConfigOption,
    JsonOption,
    MessageArgument,
    asker,
    console,
    failing_clearly,
    print_json,
    say,
    with_store,
)
from takeback.flows import documents
from takeback.flows.learn import fine as fine_flow
from takeback.ports.review import RuleFigures
from takeback.review.finding import Finding
from takeback.store.review_store import SqlReviewStore
from takeback.store.store import SqlStore
from takeback.visible import visible

commands = typer.Typer(cls=FileIsMeant, no_args_is_help=True, help="What the review finds, and what people say of it.")
commands.command(review_file.NAME)(review_file.file)

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="The code of the finding, as `show` prints it.")]


@commands.command()
def fine(
    message: MessageArgument,
    code: CodeArgument,
    config: ConfigOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a finding is no mistake, so that it does not come again. It sends nothing."""
    with failing_clearly(as_json):
        who = asker(account)

        async def work(store: SqlStore) -> Sequence[Finding]:
            return await fine_flow(store, SqlReviewStore(store.access), message, code, who)

        findings = with_store(config, work)
        if as_json:
            print_json([{"code": each.code, "about": each.about or None} for each in findings])
            return
        for each in findings:
            silenced = f", and will not be told of {each.about} again" if each.about else ""
            say(f"{each.code} counts as wrong{silenced}.")


@commands.command()
def stats(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """How often each code was found, and how often people's acts have shown it right or wrong."""
    with failing_clearly(as_json):
        rules = with_store(config, lambda store: SqlReviewStore(store.access).figures())
        if as_json:
            print_json([documents.rule(each) for each in rules])
        elif rules:
            console.print(_table(rules))
        else:
            say("Nothing was found yet.")


def _table(rules: Sequence[RuleFigures]) -> Table:
    table = Table("Code", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Found", "Held", "Right", "Wrong", "Precision"):
        table.add_column(name, justify="right")
    for each in rules:
        precision = documents.rule(each)["precision"]
        said = "-" if precision is None else f"{precision:.0%}"
        numbers = map(str, (each.found, each.held, each.right, each.wrong))
        table.add_row(Text(visible(each.code)), *numbers, said)
    return table
