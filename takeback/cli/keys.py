"""key: what programs show instead of a password."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from takeback.auth.credentials import make_api_key
from takeback.cli.accounts import AddressArgument, read_account
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
from takeback.errors import NotFound
from takeback.flows.documents import api_key
from takeback.ports.people import ApiKey, Author, Scope
from takeback.quantities import parse_duration
from takeback.store.people_store import SqlPeopleStore
from takeback.store.store import SqlStore
from takeback.visible import visible

commands = typer.Typer(no_args_is_help=True, help="What programs show instead of a password.")

_USUAL = (Scope.READ, Scope.ACT)


@commands.command()
def add(
    address: AddressArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as the name of a machine.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", metavar="SCOPE", help="read, act, content or admin; may be repeated (read and act)."),
    ] = None,
    expires: Annotated[str | None, typer.Option("--expires", metavar="TIME", help="From now on, as in 90d.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key for an account, and show it once."""
    with failing_clearly(as_json):
        account = read_account(address)
        try:
            lifetime = parse_duration(expires) if expires is not None else None
        except ValueError as error:
            raise UsageError(str(error)) from None

        async def work(store: SqlStore) -> tuple[str, str]:
            made = await make_api_key(
                SqlPeopleStore(store.access),
                store.now(),
                account,
                name,
                frozenset(scope or _USUAL),
                Author(actor()),
                None if lifetime is None else store.now() + lifetime,
            )
            return made.id, made.secret

        id, secret = with_store(config, work)
        if as_json:
            print_json({"id": id, "secret": secret})
        else:
            say(f"The key {id} of {account}, shown only now: {secret}")


@commands.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All keys, with what they are good for."""
    with failing_clearly(as_json):
        keys = with_store(config, lambda store: SqlPeopleStore(store.access).api_keys(None))
        if as_json:
            print_json([api_key(each) for each in keys])
        elif not keys:
            say("There are no keys; takeback key add ADDRESS NAME makes one.")
        else:
            console.print(_table(keys))


def _table(keys: Sequence[ApiKey]) -> Table:
    table = Table("Key", "Account", "Name", "Scopes", "Last used", "Until", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in keys:
        table.add_row(
            each.id,
            Text(visible(each.account)),
            Text(visible(each.name)),
            ", ".join(sorted(each.scopes)),
            "never" if each.last_used_at is None else moment(each.last_used_at),
            "it is revoked" if each.expires_at is None else moment(each.expires_at),
        )
    return table


@commands.command()
def revoke(
    id: Annotated[str, typer.Argument(metavar="KEY", help="The id of the key.")], config: ConfigOption = None
) -> None:
    """Make a key good for nothing."""
    with failing_clearly():

        async def work(store: SqlStore) -> None:
            if not await SqlPeopleStore(store.access).revoke_api_key(None, id, Author(actor())):
                raise NotFound(f"no key {id}")

        with_store(config, work)
        say(f"Revoked {id}.")
