"""The promise of a routing: which way out a recipient's copy takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from takeback.ports.relay import Relay


@dataclass(frozen=True, slots=True)
class Route:
    """A relay by name, and how many consignments it is worth having under way at once."""

    name: str
    relay: Relay
    capacity: int


class Routing(Protocol):
    def route(self, recipient: str, sender: str, account: str) -> Route | None:
        """The first route for this recipient of what this account sent under this address; None when there is
        none."""
        ...

    @property
    def capacity(self) -> int:
        """The capacity of all routes together."""
        ...
