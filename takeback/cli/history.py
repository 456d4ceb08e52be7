"""history: what is remembered of an account's sent mail. Its own person may see it and erase it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from takeback import clock
from takeback.auth.identity import account_key
from takeback.cli.terms import (
    ConfigOption,
    JsonOption,
    UsageError,
    actor,
    console,
    failing_clearly,
    print_json,
    say,
    with_store,
)
from takeback.cli.tongue import moment
from takeback.clock import rfc3339
from takeback.flows import remember
from takeback.flows.remember import Remembering
from takeback.imap_url import parse_imap_url
from takeback.imports.source import Source
from takeback.ports.review import Circumstances, Remembered
from takeback.review.history import History
from takeback.store.review_store import SqlReviewStore
from takeback.store.store import SqlStore
from takeback.visible import visible

commands = typer.Typer(no_args_is_help=True, help="What is remembered of an account's sent mail.")

_LISTED = 20
_PASSWORD = "TAKEBACK_IMAP_PASSWORD"
OfAccount = Annotated[str, typer.Option("--account", metavar="ADDRESS", help="Whose history it is.")]


@commands.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="An mbox file, a Maildir, or imaps://HOST.")],
    account: OfAccount,
    folder: Annotated[
        str, typer.Option("--folder", metavar="NAME", help="On an IMAP server; without it, the one it calls Sent.")
    ] = "",
    username: Annotated[
        str, typer.Option("--username", metavar="NAME", help="On an IMAP server; without it, the account.")
    ] = "",
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help=f"Its first line; without it ${_PASSWORD}, or a prompt."),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", metavar="FILE", help="PEM file of an authority for the IMAP server.")
    ] = None,
    newest: Annotated[
        int, typer.Option("--newest", metavar="NUMBER", min=1, help="Look at no more messages than that.")
    ] = 10_000,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from mail that was sent before: a Sent folder as mbox, Maildir or over IMAP. It is only read."""
    with failing_clearly(as_json):
        key = _key(account)
        place = _source(source, username or key, folder, password_file, ca_file, newest)

        async def work(store: SqlStore) -> Remembering:
            reviews = SqlReviewStore(store.access)
            return await remember.remember(reviews, key, place.messages(), clock.now(), actor())

        done = with_store(config, work)
        if as_json:
            print_json({"account": key, "counted": done.counted, "known": done.known, "empty": done.without_recipients})
            return
        say(f"Counted {done.counted} messages in the history of {key}.")
        if done.known:
            say(f"{done.known} were counted before, or are in the source twice.")
        if done.without_recipients:
            say(f"{done.without_recipients} went to nobody else, and say nothing.")


def _source(
    text: str, username: str, folder: str, password_file: Path | None, ca_file: Path | None, newest: int
) -> Source:
    if "://" not in text:
        from takeback.imports.files import source_in

        return source_in(Path(text), newest)
    from takeback.imports.imap import ImapFolder  # takes longer to import than the files

    try:
        server = parse_imap_url(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return ImapFolder(server, username, _password(password_file), folder, newest, ca_file)


def _password(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text("utf-8").splitlines()[0]
        except (OSError, UnicodeDecodeError, IndexError):
            raise UsageError(f"{file} has no password in its first line") from None
    return os.environ.get(_PASSWORD) or str(typer.prompt("Password", hide_input=True, err=True))


@commands.command()
def show(account: OfAccount, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All that is remembered; in short for people, every counter with --json."""
    with failing_clearly(as_json):
        key = _key(account)

        async def work(store: SqlStore) -> tuple[Remembered, Circumstances]:
            reviews = SqlReviewStore(store.access)
            return await reviews.history(key), await reviews.circumstances(key)

        remembered, circumstances = with_store(config, work)
        if as_json:
            print_json(_document(remembered, circumstances))
        else:
            _print(remembered, circumstances)


def _document(remembered: Remembered, circumstances: Circumstances) -> dict[str, object]:
    return {
        "account": remembered.account,
        "counters": [
            {
                "kind": row.kind,
                "key": row.key,
                "count": row.count,
                "first": rfc3339(row.first),
                "last": rfc3339(row.last),
            }
            for row in remembered.rows
        ],
        "silences": [{"code": code, "about": about} for code, about in sorted(circumstances.silences)],
    }


def _print(remembered: Remembered, circumstances: Circumstances) -> None:
    history = History.of(remembered.rows)
    if not remembered.rows:
        say(f"Nothing is remembered of {remembered.account}.")
    else:
        say(f"{history.sent_messages} messages sent; {len(remembered.rows)} counters.")
        console.print(_contacts(history))
    for code, about in sorted(circumstances.silences):
        say(f"Called fine: {code} about {about}.")


def _contacts(history: History) -> Table:
    table = Table("Written to", "Times", "Last", "Names", box=box.SIMPLE_HEAD, pad_edge=False)
    listed: Sequence[tuple[str, int, int, list[str]]] = list(remember.contacts(history))
    for address, count, last, names in listed[:_LISTED]:
        table.add_row(Text(visible(address)), str(count), moment(last), Text(visible(", ".join(names))))
    if (more := len(listed) - _LISTED) > 0:
        table.add_row(Text(f"and {more} more", style="dim"))
    return table


@commands.command()
def erase(account: OfAccount, config: ConfigOption = None) -> None:
    """Forget all of it, and what was called fine."""
    with failing_clearly():
        key = _key(account)
        count = with_store(config, lambda store: remember.forget(SqlReviewStore(store.access), key, actor()))
        say(f"Erased {count} counters of {key}.")


def _key(address: str) -> str:
    """As accounts are named; a program that the configuration trusts may be no address."""
    return account_key(address) or address.strip()
