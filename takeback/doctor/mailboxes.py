"""The ways to delivered mail: each connector tries its test mailbox and says what is missing. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from takeback.clock import SECOND
from takeback.config import Config
from takeback.doctor.finding import Finding, Level, problem, warning
from takeback.errors import ConfigError
from takeback.mailboxes.connectors import make_connector
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Check, Examined

PATIENCE = 30 * SECOND
"""For everything with one connector together."""
_LEVELS = {Check.OK: Level.OK, Check.WARNING: Level.WARNING, Check.FAILED: Level.PROBLEM}


async def examine_mailboxes(config: Config) -> list[Finding]:
    found = await asyncio.gather(
        *(_examine(f"mailboxes {position}", section) for position, section in enumerate(config.mailboxes, 1))
    )
    return [finding for findings in found for finding in findings]


async def _examine(about: str, section: MailboxSettings) -> list[Finding]:
    if not section.test_mailbox:
        return [
            warning(
                about,
                f"Whether {section.kind} at {section.url} works is not known: no mailbox is named to try it with.",
                "Set test_mailbox in this [[mailboxes]]; nothing in that mailbox is changed.",
            )
        ]
    try:
        async with asyncio.timeout(PATIENCE / SECOND):
            return _told(about, await _try(section))
    except TimeoutError:
        return [problem(about, f"It did not answer within {PATIENCE // SECOND} seconds.", "Check that server.")]
    except ConfigError as error:
        return [problem(about, f"{error}.", "Check this [[mailboxes]].")]


async def _try(section: MailboxSettings) -> Sequence[Examined]:
    connector = make_connector(section)
    try:
        return await connector.examine(section.test_mailbox)
    finally:
        await connector.close()


def _told(about: str, examined: Sequence[Examined]) -> list[Finding]:
    return [Finding(_LEVELS[each.check], about, _sentence(each.what), each.advice) for each in examined]


def _sentence(what: str) -> str:
    return f"{what[:1].upper()}{what[1:]}."
