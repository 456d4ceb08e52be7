"""Where a command works: on the data of this machine, or at a gateway elsewhere over its HTTP interface."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from takeback.cli.terms import UsageError, load_config
from takeback.ports.desk import Desk
from takeback.store.opening import open_store

if TYPE_CHECKING:
    from takeback.remote.desk import RemoteDesk

T = TypeVar("T")

SERVER, KEY = "TAKEBACK_SERVER", "TAKEBACK_KEY"
SERVER_OPTION = "--server"

ServerOption = Annotated[
    str | None,
    typer.Option(
        SERVER_OPTION, metavar="URL", help=f"Ask the gateway at this address, over HTTP (default: ${SERVER})."
    ),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option("--key-file", metavar="FILE", help=f"Holds the API key for --server (default: ${KEY} is the key)."),
]


@dataclass(frozen=True, slots=True)
class Place:
    """What was said of where to work. A configuration that is named is one of this machine, whatever the environment
    says."""

    config: Path | None
    server: str | None = None
    key_file: Path | None = None

    @property
    def elsewhere(self) -> str | None:
        """The address of the gateway to ask, if one is to be asked. Raises UsageError."""
        if self.server is not None and self.config is not None:
            raise UsageError("--server and --config exclude each other: one asks a gateway, the other reads its data")
        named = self.server if self.server is not None or self.config is not None else os.environ.get(SERVER)
        if not named:
            if self.key_file is not None:
                raise UsageError("--key-file goes with --server")
            return None
        return named


def with_desk(place: Place, work: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
    """What `work` comes to at the desk of that place."""

    async def run() -> T:
        server = place.elsewhere
        if server is not None:
            async with open_elsewhere(server, place.key_file) as desk:
                return await work(desk)
        async with open_store(load_config(place.config).data) as store:
            return await work(store)

    return asyncio.run(run())


@asynccontextmanager
async def open_elsewhere(server: str, key_file: Path | None) -> AsyncIterator[RemoteDesk]:
    """The desk of the gateway at that address. Raises UsageError, RemoteError."""
    from takeback.remote.desk import open_remote  # what speaks HTTP takes longer to import than most commands to run
    from takeback.remote.server import NoServer, read_key, read_server

    try:
        address, key = read_server(server), read_key(_key(key_file))
    except NoServer as error:
        raise UsageError(error.words, **error.values) from None
    async with open_remote(address, key) as desk:
        yield desk


def _key(file: Path | None) -> str:
    """Raises UsageError where there is none. It is never an argument, which everybody on the machine could read."""
    if file is None:
        if not (key := os.environ.get(KEY)):
            raise UsageError(
                "an API key is needed: put it into {variable}, or name a file with --key-file", variable=KEY
            )
        return key
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError("{file}: cannot be read: {why}", file=file, why=why) from None
