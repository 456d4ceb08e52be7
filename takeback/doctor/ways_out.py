"""The ways out: each relay is connected to as for a message, up to the login; no mail is sent."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from takeback.clock import SECOND
from takeback.config import Config
from takeback.doctor.finding import Finding, ok, problem, warning
from takeback.errors import ConfigError
from takeback.relay.connection import Trouble
from takeback.relay.destination import Folder, Server
from takeback.relay.opening import Opener
from takeback.relay.relays import section_names
from takeback.relay.settings import RelaySettings

PATIENCE = 20 * SECOND
"""For everything with one server together."""


def examine_routes(config: Config) -> list[Finding]:
    names = section_names(config.relay)
    rest = [at for at, section in enumerate(config.relay) if not section.recipients and not section.senders]
    if not rest:
        return [
            warning(
                "routes",
                "No relay takes what the others do not: such mail is deferred, and given up after days.",
                "Add a [[relay]] without for and from.",
            )
        ]
    idle = names[rest[0] + 1 :]
    if idle:
        return [
            warning(
                "routes",
                f"Never used, because {names[rest[0]]} stands before and takes everything: {', '.join(idle)}.",
                "Move that one to the end.",
            )
        ]
    return [ok("routes", f"What no other relay takes goes to {names[rest[0]]}.")]


async def examine_relays(config: Config) -> list[Finding]:
    names = section_names(config.relay)
    return await asyncio.gather(
        *(
            _examine(f"relay {name}", section, config.smtp.hostname)
            for name, section in zip(names, config.relay, strict=True)
        )
    )


async def _examine(about: str, section: RelaySettings, hostname: str) -> Finding:
    if isinstance(section.to, Folder):
        return await asyncio.to_thread(_examine_folder, about, section.to)
    try:
        async with asyncio.timeout(PATIENCE / SECOND):
            return await _examine_server(about, section, section.to, hostname)
    except TimeoutError:
        return problem(about, f"It did not get as far as MAIL within {PATIENCE // SECOND} seconds.", _CHECK)
    except (Trouble, ConfigError) as error:
        return problem(about, f"{error}.", _CHECK)


_CHECK = "Check this [[relay]] and that server; messages wait and are tried again meanwhile."


async def _examine_server(about: str, section: RelaySettings, server: Server, hostname: str) -> Finding:
    """Where TLS is opportunistic, says whether it would have held if it were required."""
    login = f", and the login of {section.username} is taken" if section.username else ""
    if section.tls != "opportunistic" or server.is_local:
        await _open(section, server, hostname)
        return ok(about, f"It takes mail from us{login}.")
    try:
        await _open(section.model_copy(update={"tls_wish": "required"}), server, hostname)
    except Trouble as trouble:
        await _open(section, server, hostname)
        return warning(
            about,
            f"It takes mail from us, over a line that others may read or redirect: {trouble}.",
            'Mend its TLS and write tls = "required"; or write tls = "off" if the network is trusted.',
        )
    return ok(about, f"It takes mail from us under verified TLS{login}.")


async def _open(section: RelaySettings, server: Server, hostname: str) -> None:
    connection = await Opener(section, server, hostname).open()
    await connection.leave()


def _examine_folder(about: str, folder: Folder) -> Finding:
    """Tries the part of the path that all mailboxes share, or what is there of it."""
    there = Path(folder.template.partition("{")[0].rpartition("/")[0] or "/")
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return problem(about, f"{there} cannot be written to: {error.strerror}.", "Change its owner or mode.")
    if not os.access(there, os.X_OK):
        return problem(about, f"{there} cannot be entered.", "Change its owner or mode.")
    return ok(about, f"Mailboxes can be made in {there}.")
