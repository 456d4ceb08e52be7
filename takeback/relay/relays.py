"""The `[[relay]]` sections together: each with its relay, and which of them a copy takes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from takeback.ports.relay import Relay
from takeback.ports.routing import Route
from takeback.relay.destination import Folder
from takeback.relay.maildir import MaildirRelay
from takeback.relay.routes import first_match
from takeback.relay.settings import RelaySettings
from takeback.relay.smarthost import Smarthost


class Relays:
    """The `Routing` that the configuration describes."""

    def __init__(
        self, sections: Sequence[RelaySettings], hostname: str, account_holds: Callable[[str, str], bool]
    ) -> None:
        """`hostname` is our own name; `account_holds(account, address)` says who may use whose login.

        Nothing is opened yet. Raises ConfigError where a `ca_file` cannot be used.
        """
        self._conditions = [section.condition for section in sections]
        self._account_holds = account_holds
        self._routes = [
            # While one consignment is on the line, another is being claimed or recorded.
            Route(name, make_relay(section, hostname), 2 * section.connections)
            for name, section in zip(section_names(sections), sections, strict=True)
        ]

    def route(self, recipient: str, sender: str, account: str) -> Route | None:
        position = first_match(
            self._conditions, recipient, sender, lambda address: self._account_holds(account, address)
        )
        return None if position is None else self._routes[position]

    @property
    def capacity(self) -> int:
        return sum(route.capacity for route in self._routes)

    async def close(self) -> None:
        """Afterwards no relay has a connection open."""
        await asyncio.gather(*(route.relay.close() for route in self._routes))


def make_relay(section: RelaySettings, hostname: str) -> Relay:
    """The relay of one section. Raises ConfigError where its `ca_file` cannot be used."""
    if isinstance(section.to, Folder):
        return MaildirRelay(section.to, hostname, writers=section.connections)
    return Smarthost(section.to, section, hostname)


def section_names(sections: Sequence[RelaySettings]) -> list[str]:
    """What each route is called: the destination, and the place in the configuration where several lead to the same."""
    places = [str(section.to) for section in sections]
    times = Counter(places)
    return [place if times[place] == 1 else f"{place} (relay {number})" for number, place in enumerate(places, start=1)]
