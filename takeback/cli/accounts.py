"""account: who may submit, and as whom."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from takeback.auth.identity import account_key
from takeback.auth.passwords import Passwords, check_new, generate
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
from takeback.errors import NotFound
from takeback.mail.address import Pattern, is_addr_spec
from takeback.store.accounts import Grant, NewAccount
from takeback.store.store import SqlStore
from takeback.visible import visible

commands = typer.Typer(no_args_is_help=True, help="Who may submit, and as whom.")

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="The account's address: its user name.")]
PatternArgument = Annotated[str, typer.Argument(metavar="AS", help="An address, *@example.com or *@*.example.com.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")]
WithoutPassword = Annotated[
    bool, typer.Option("--no-password", help='For [auth] backend = "imap": the account only carries grants.')
]


@commands.command()
def add(
    address: AddressArgument,
    password_stdin: FromStdin = False,
    no_password: WithoutPassword = False,
    config: ConfigOption = None,
) -> None:
    """Add an account. Without a password given, one is made and shown once."""
    with failing_clearly():
        key = read_account(address)
        password = "" if no_password else _new_password(password_stdin)

        async def work(store: SqlStore) -> None:
            if await store.account(key):
                raise UsageError(f"{key} is there already; takeback account password {key} gives it another password")
            await store.set_account(NewAccount(key, address.strip(), _hash(password), actor()))

        with_store(config, work)
        say(f"Added {key}.")
        _show_once(password, password_stdin)


@commands.command()
def password(address: AddressArgument, password_stdin: FromStdin = False, config: ConfigOption = None) -> None:
    """Give an account another password."""
    with failing_clearly():
        key = read_account(address)
        fresh = _new_password(password_stdin)

        async def work(store: SqlStore) -> None:
            account = await _existing(store, key)
            await store.set_account(NewAccount(key, account, _hash(fresh), actor()))

        with_store(config, work)
        say(f"Changed the password of {key}.")
        _show_once(fresh, password_stdin)


@commands.command()
def remove(address: AddressArgument, config: ConfigOption = None) -> None:
    """Remove an account. What it has sent stays, and stays its own."""
    with failing_clearly():
        key = read_account(address)

        async def work(store: SqlStore) -> None:
            if not await store.remove_account(key, actor()):
                raise NotFound(f"no account {key}")

        with_store(config, work)
        say(f"Removed {key}.")


@commands.command()
def grant(address: AddressArgument, pattern: PatternArgument, config: ConfigOption = None) -> None:
    """Let an account also send as another address, or as a whole domain."""
    _set_grant(address, pattern, True, config)


@commands.command()
def revoke(address: AddressArgument, pattern: PatternArgument, config: ConfigOption = None) -> None:
    """Take such a right away."""
    _set_grant(address, pattern, False, config)


@commands.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All accounts, with the addresses they may also send as."""
    with failing_clearly(as_json):
        accounts = with_store(config, lambda store: store.accounts())
        if as_json:
            print_json(
                [
                    {"account": each.key, "may_also_send_as": list(each.grants), "created_at": rfc3339(each.created_at)}
                    for each in accounts
                ]
            )
            return
        if not accounts:
            say("There are no accounts yet; takeback account add ADDRESS adds one.")
            return
        table = Table("Account", "May also send as", "Since", box=box.SIMPLE_HEAD, pad_edge=False)
        for each in accounts:
            table.add_row(Text(visible(each.key)), Text(visible(", ".join(each.grants))), Text(moment(each.created_at)))
        console.print(table)


def _set_grant(address: str, pattern: str, given: bool, config: ConfigOption) -> None:
    with failing_clearly():
        key = read_account(address)
        try:
            wanted = Pattern(pattern.strip()).text
        except ValueError as error:
            raise UsageError(str(error)) from None
        if wanted == "*":
            raise UsageError("everybody's address is nobody's right; name a domain, as in *@example.com")

        async def work(store: SqlStore) -> bool:
            await _existing(store, key)
            return await store.set_grant(Grant(key, wanted, given, actor()))

        changed = with_store(config, work)
        verb = "may" if given else "may no longer"
        say(f"{key} {verb} send as {wanted}{'' if changed else ' (as before)'}.")


async def _existing(store: SqlStore, key: str) -> str:
    account = await store.account(key)
    if account is None:
        raise NotFound(f"no account {key}")
    return account.address


def read_account(address: str) -> str:
    """The account that is meant. Raises UsageError for what is no address."""
    key = account_key(address)
    if key is None or not is_addr_spec(key):
        raise UsageError(f"{address!r} is no address; write it as ann@example.com")
    return key


def _new_password(from_stdin: bool) -> str:
    if not from_stdin:
        return generate()
    return check_new(sys.stdin.readline().rstrip("\r\n"))


def _hash(password: str) -> str:
    if not password:
        return ""
    passwords = Passwords()
    try:
        return passwords.hash_now(check_new(password))
    finally:
        passwords.close()


def _show_once(password: str, given: bool) -> None:
    if password and not given:
        say(f"Its password, shown only now: {password}")
