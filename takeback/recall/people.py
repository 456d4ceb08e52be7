"""Who is behind an address: aliases, lists and groups followed until only people are left. Pure.

`Search` asks for one address after the other and is told what stands behind each; whoever drives it knows where to
look. An address behind which nothing stands is a person, and so is one that leads back to itself: `ann: ann, archive`
keeps a copy and sends another on, and of a loop of aliases nobody can say in which of its mailboxes the copy is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from takeback.errors import TakebackError
from takeback.mail.address import identity, split

MOST_ADDRESSES = 100_000
"""So many addresses, people and lists together, may stand behind one."""
MOST_LISTS = 1_000
"""So many of them may be lists or aliases themselves."""


class PeopleUnknown(TakebackError):
    """Who is behind an address cannot be said now. The text names the address and the reason."""


class TooManyPeople(PeopleUnknown):
    """More than anybody means: a part of them would be worse than none."""


class Search:
    """Addresses that differ only in case, needless quotes or Unicode form are one; each is asked for once, and comes
    out as it was first met."""

    def __init__(self, address: str) -> None:
        self._start = identity(address)
        self._spelling = {self._start: address}
        self._waiting = [self._start]
        self._behind: dict[str, tuple[str, ...]] = {}

    def next(self) -> str | None:
        """An address to look up; None where all are known."""
        return self._spelling[self._waiting[-1]] if self._waiting else None

    def learn(self, members: Sequence[str]) -> None:
        """What stands behind the address that was asked for; nothing, where it stands for itself alone. Raises
        TooManyPeople."""
        asked = self._waiting.pop()
        known = tuple(dict.fromkeys(self._meet(member) for member in members))
        if known and known != (asked,):
            self._behind[asked] = known
        if len(self._spelling) > MOST_ADDRESSES or len(self._behind) > MOST_LISTS:
            raise TooManyPeople(f"too many addresses are behind {self._spelling[self._start]}")

    def _meet(self, address: str) -> str:
        name = identity(address)
        if name not in self._spelling:
            self._spelling[name] = address
            self._waiting.append(name)
        return name

    def people(self) -> Sequence[str]:
        """Everybody who was found, in the order in which they were first met. There is always somebody."""
        looping = _on_a_loop(self._behind)
        return [self._spelling[name] for name in self._spelling if name not in self._behind or name in looping]


def _on_a_loop(behind: dict[str, tuple[str, ...]]) -> set[str]:
    """The lists that lead back to themselves."""
    lists = {name: set(members) & behind.keys() for name, members in behind.items()}
    while ending := [name for name, members in lists.items() if not members]:
        for name in ending:
            del lists[name]
        for members in lists.values():
            members.difference_update(ending)
    return {name for name in lists if name in _reached_from(lists[name], lists)}


def _reached_from(starts: Iterable[str], lists: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += lists[name]
    return reached


_NEVER_SPLIT = frozenset({"postmaster", "mailer-daemon", "double-bounce"})


def without_extension(address: str, separators: str) -> str:
    """The address without what stands behind the first separator of its local part: `ann+news@example.com` is
    `ann@example.com`. One that begins with a separator or is quoted has no extension, and with `-` neither have
    `owner-x` and `x-request`, the names of lists."""
    local, domain = split(address)
    found = [at for separator in separators if (at := local.find(separator, 1)) > 0]
    if not found or local.startswith('"') or local.lower() in _NEVER_SPLIT or _is_list_name(local, separators):
        return address
    return f"{local[: min(found)]}@{domain}" if domain else local[: min(found)]


def _is_list_name(local: str, separators: str) -> bool:
    return "-" in separators and (local.lower().startswith("owner-") or local.lower().endswith("-request"))
