"""account role, account delegate: what people may do beyond their own mail."""

from __future__ import annotations

from typing import Annotated

import typer

from takeback.cli.accounts import AddressArgument, read_account
from takeback.cli.terms import ConfigOption, UsageError, actor, failing_clearly, say, with_store
from takeback.ports.people import Author, Right
from takeback.store.people_store import SqlPeopleStore
from takeback.store.store import SqlStore

RemoveOption = Annotated[bool, typer.Option("--remove", help="Take it away instead of giving it.")]


def role(
    address: AddressArgument,
    right: Annotated[Right, typer.Argument(metavar="ROLE", help="administrator, or read-bodies.")],
    remove: RemoveOption = False,
    config: ConfigOption = None,
) -> None:
    """Make somebody an administrator, or let them read what others wrote."""
    with failing_clearly():
        account = read_account(address)

        async def work(store: SqlStore) -> bool:
            return await SqlPeopleStore(store.access).set_right(account, right, not remove, Author(actor()))

        _tell(f"{account} {'no longer has' if remove else 'has'} {right.value}", with_store(config, work))


def delegate(
    address: AddressArgument,
    other: Annotated[str, typer.Argument(metavar="DELEGATE", help="Who may act in that account's place.")],
    remove: RemoveOption = False,
    config: ConfigOption = None,
) -> None:
    """Let somebody undo, release and hold the messages of an account."""
    with failing_clearly():
        account, named = read_account(address), read_account(other)
        if account == named:
            raise UsageError("nobody is their own delegate")

        async def work(store: SqlStore) -> bool:
            return await SqlPeopleStore(store.access).set_delegate(account, named, not remove, Author(actor()))

        _tell(f"{named} {'may no longer' if remove else 'may'} act for {account}", with_store(config, work))


def _tell(what: str, changed: bool) -> None:
    say(f"{what}{'' if changed else ' (as before)'}.")
