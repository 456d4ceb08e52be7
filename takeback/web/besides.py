"""What a row shows beside the envelope: the names of attachments, and why a message is kept longer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from takeback.httpd.asking import body_of
from takeback.httpd.person import Person
from takeback.httpd.services import Services
from takeback.ports.store import MessageView
from takeback.web.contents import names_of
from takeback.web.rows import Beside

_REMEMBERED = 2000
_LOOKED_AT_FOR_A_ROW = 2 << 20
"""A larger message is not read for the sake of a row; its own page says what is attached."""


class _Names:
    """The attachments of messages that were looked at lately. What a message holds never changes."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Sequence[str]] = OrderedDict()

    def get(self, id: str) -> Sequence[str] | None:
        return self._known.get(id)

    def put(self, id: str, names: Sequence[str]) -> None:
        self._known[id] = names
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


_names = _Names()


async def beside(services: Services, person: Person, view: MessageView) -> Beside:
    """Of the person's own mail only: looking into that of others is recorded, and a list is no reason to look."""
    if view.account != person.account:
        return Beside(hides_subject=not person.may_see_subject(view.account))
    return Beside(await _attachments(services, person, view))


async def _attachments(services: Services, person: Person, view: MessageView) -> Sequence[str]:
    known = _names.get(view.id)
    if known is None:
        if view.size > _LOOKED_AT_FOR_A_ROW:
            return []
        content = b"".join([piece async for piece in services.store.read(view.id)])
        known = await asyncio.to_thread(names_of, content)
        _names.put(view.id, known)
    return known


async def content_of(services: Services, person: Person, view: MessageView) -> bytes:
    """The whole of the stored message; see `body_of`."""
    return b"".join([piece async for piece in await body_of(services, person, view)])
