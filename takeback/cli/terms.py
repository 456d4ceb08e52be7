"""What every command shares: options, who asks, one way to fail, one way to print."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from takeback import config
from takeback.auth.identity import account_key
from takeback.cli.tongue import Said, complaint, t
from takeback.config import Config
from takeback.errors import Ambiguous, ConfigError, LimitReached, NotElsewhere, NotFound, RemoteError, TakebackError
from takeback.flows.ask import Who
from takeback.recall.correction import CannotCorrect
from takeback.recall.replacement import CannotReplace
from takeback.store.opening import open_store
from takeback.store.store import SqlStore
from takeback.visible import visible

T = TypeVar("T")


class Exit(IntEnum):
    """Exit statuses (docs/commands.md)."""

    DONE = 0
    TROUBLE = 1
    USAGE = 2
    NOT_ALL = 3
    NOTHING = 4


ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file (default: takeback.toml).")
]
AccountOption = Annotated[str | None, typer.Option("--account", metavar="ADDRESS", help="Act for this account only.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
RecipientOption = Annotated[
    list[str] | None, typer.Option("--recipient", metavar="ADDRESS", help="Only this recipient; may be repeated.")
]
MessageArgument = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="An id, a Message-ID, or 'last' for the newest submission.")
]

console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False)


def load_config(path: Path | None) -> Config:
    return config.load(config.find(path))


def asker(account: str | None) -> Who:
    """The asker, bounded to what is that account's where one is named."""
    return Who(actor=actor(), account=account_key(account) if account else None)


def actor() -> str:
    """Whoever sits at this machine, as the audit names them; on the system's word, not on that of the environment."""
    try:
        return f"local:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"local:{os.getuid()}"


def with_store(path: Path | None, work: Callable[[SqlStore], Coroutine[Any, Any, T]]) -> T:
    """What `work` comes to with the store of that configuration."""

    async def run() -> T:
        async with open_store(load_config(path).data) as store:
            return await work(store)

    return asyncio.run(run())


@contextmanager
def failing_clearly(as_json: bool = False) -> Iterator[None]:
    """Turns every error that has words for people into one line and its exit status."""
    try:
        yield
    except TakebackError as error:
        status, code = _classify(error)
        if as_json:
            print_json({"error": {"code": code, "message": str(error)}})
        else:
            line = t("{name}: {value}", name="takeback", value=complaint(error))
            errors.print(Text(line), soft_wrap=True)
        raise typer.Exit(status) from None


def _classify(error: TakebackError) -> tuple[Exit, str]:
    match error:
        case ConfigError():
            return Exit.USAGE, "bad_configuration"
        case UsageError() | NotElsewhere():
            return Exit.USAGE, "bad_usage"
        case Ambiguous():
            return Exit.USAGE, "ambiguous"
        case LimitReached():
            return Exit.TROUBLE, "limit_reached"
        case NotFound():
            return Exit.NOTHING, "not_found"
        case RemoteError():
            return Exit.TROUBLE, error.code
        case CannotCorrect():
            return Exit.TROUBLE, "cannot_correct"
        case CannotReplace():
            return Exit.TROUBLE, "cannot_replace"
        case _:
            return Exit.TROUBLE, "not_confirmed"


class UsageError(TakebackError):
    """The command's words do not go together."""


def print_json(document: object) -> None:
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    sys.stdout.flush()


def say(text: str | Text) -> None:
    """One line for a person; what strangers wrote in it is shown, not obeyed."""
    if isinstance(text, str):
        text = Text(text if isinstance(text, Said) else visible(text))
    console.print(text, soft_wrap=True)
