"""Everything that is looked at, side by side where it takes time."""

from __future__ import annotations

import asyncio

from takeback.config import Config
from takeback.doctor.certificate import examine_certificate
from takeback.doctor.database import examine_database
from takeback.doctor.doors import examine_backend, examine_listeners, examine_pages
from takeback.doctor.finding import Finding, ok
from takeback.doctor.folder import examine_folder
from takeback.doctor.mailboxes import examine_mailboxes
from takeback.doctor.people import examine_people
from takeback.doctor.ways_out import examine_relays, examine_routes


async def examine(config: Config) -> list[Finding]:
    """What there is to say of a configuration that was read without fault, in the order in which mail passes."""
    database, backend, relays, mailboxes = await asyncio.gather(
        asyncio.to_thread(examine_database, config),
        examine_backend(config),
        examine_relays(config),
        examine_mailboxes(config),
    )
    return [
        ok("configuration", "It can be used."),
        *examine_folder(config),
        *database,
        *examine_listeners(config),
        *examine_pages(config),
        *examine_certificate(config),
        *backend,
        *examine_routes(config),
        *relays,
        *mailboxes,
        *examine_people(config),
    ]
