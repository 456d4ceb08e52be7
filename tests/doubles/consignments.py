"""What is handed to a relay in tests, and the store that grants or refuses the dot mark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from takeback.mail.envelope import Envelope, Recipient
from takeback.ports import Consignment, Content
from takeback.relay.settings import RelaySettings

MESSAGE = b"Subject: hello\r\n\r\nline\r\n.a dot\r\n..\r\nend\r\n"


def content(*chunks: bytes, size: int | None = None) -> Content:
    async def read() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    whole = b"".join(chunks)
    return Content(len(whole) if size is None else size, not whole.isascii(), read)


def consignment(
    *recipients: str | Recipient,
    body: Content | None = None,
    sender: str = "ann@example.com",
    smtputf8: bool = False,
    envid: str | None = None,
) -> Consignment:
    each = tuple(Recipient(to) if isinstance(to, str) else to for to in recipients or ("bob@example.net",))
    envelope = Envelope(sender, each, smtputf8=smtputf8, envid=envid, ret="HDRS" if envid else None)
    return Consignment("m1", envelope, content(MESSAGE) if body is None else body)


class DotMark:
    """A store that grants the dot mark, unless told otherwise, and remembers who asked."""

    def __init__(self, answer: bool | BaseException = True) -> None:
        self.answer = answer
        self.asked: list[tuple[int, ...]] = []

    async def __call__(self, positions: Sequence[int]) -> bool:
        self.asked.append(tuple(positions))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def relay_section(**keys: Any) -> RelaySettings:
    """A `[[relay]]` section as the configuration has it."""
    return RelaySettings.model_validate(keys)
