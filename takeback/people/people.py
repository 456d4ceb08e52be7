"""The people behind an address, by everything that the configuration names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from takeback.clock import Duration, Instant, monotonic
from takeback.mail.address import domain_of, identity, split
from takeback.people.aliases import AliasFile
from takeback.people.asking import ask
from takeback.people.settings import CommandSettings, PeopleSettings
from takeback.recall.people import Search, without_extension

_COMMANDS_AT_ONCE = 4
_MOST_REMEMBERED = 10_000


class People:
    """Expands addresses. `is_ours` says of which addresses we know how they are read: elsewhere a plus sign may be part
    of somebody's name."""

    def __init__(self, settings: PeopleSettings, origin: str, is_ours: Callable[[str], bool]) -> None:
        self._separators = settings.separator
        self._is_ours = is_ours
        self._files = [AliasFile(path, settings.origin or origin) for path in settings.aliases]
        self._lists = {identity(each.address): each.members for each in settings.list}
        self._commands = [_Command(each, settings.remember) for each in settings.command]

    async def expand(self, address: str) -> Sequence[str]:
        """Everybody behind an address, each once: itself, where it is nobody's list or alias. Raises PeopleUnknown."""
        if self._files:
            await asyncio.to_thread(self._refresh)
        search = Search(self._settled(address))
        while (asked := search.next()) is not None:
            search.learn([self._settled(member) for member in await self._members(asked)])
        return search.people()

    def _refresh(self) -> None:
        for file in self._files:
            file.refresh()

    async def _members(self, address: str) -> Sequence[str]:
        """What stands behind an address; nothing, where it stands for itself."""
        if (members := self._written_down(identity(address))) is not None:
            return [_moved(member, address) for member in members]
        for command in self._commands:
            if command.covers(address) and (answer := await command.members(address)):
                return answer
        everybody = self._written_down(f"@{domain_of(address)}") or ()
        return [_moved(member, address) for member in everybody]

    def _written_down(self, name: str) -> Sequence[str] | None:
        for file in self._files:
            if (members := file.members(name)) is not None:
                return members
        return self._lists.get(name)

    def _settled(self, address: str) -> str:
        """Without its extension, unless it is written down with it: a person has one mailbox."""
        if not self._is_ours(address) or self._written_down(identity(address)) is not None:
            return address
        return without_extension(address, self._separators)


def _moved(member: str, address: str) -> str:
    """A destination that is a domain only is the same name there."""
    local, domain = split(member)
    return member if local else f"{split(address)[0]}@{domain}"


class _Command:
    """One program, and what it answered lately."""

    def __init__(self, settings: CommandSettings, remember: Duration) -> None:
        self._settings = settings
        self._remember = remember
        self._answers: dict[str, tuple[Instant, Sequence[str]]] = {}
        self._turns = asyncio.Semaphore(_COMMANDS_AT_ONCE)

    def covers(self, address: str) -> bool:
        return any(pattern.matches(address) for pattern in self._settings.addresses)

    async def members(self, address: str) -> Sequence[str]:
        name = identity(address)
        async with self._turns:
            kept = self._answers.get(name)
            if kept is not None and monotonic() - kept[0] < self._remember:
                return kept[1]
            answer = await ask(self._settings, address)
        if len(self._answers) >= _MOST_REMEMBERED:
            self._answers.clear()
        self._answers[name] = (monotonic(), answer)
        return answer
