"""Audit: acts are sealed soon after they were done, and whoever doubts the record can have it checked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog

from takeback.chain import Broken, Head, Verifier
from takeback.ports.audit import Audit, Sealed

_AT_ONCE = 500

log = structlog.get_logger("audit")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to: where the chain ends (as far as it holds), how many acts wait to be sealed, and the first
    broken place if there is one."""

    head: Head
    unsealed: int
    broken: Broken | None


async def seal_all(audit: Audit) -> int:
    """Afterwards every act committed before is sealed, and the new head is in the log, where nobody who can change
    the database can change it. Returns how many were sealed."""
    sealed = 0
    while some := await audit.seal():
        sealed += some
    if sealed:
        log.info("sealed", acts=sealed, head=str(await audit.head()))
    return sealed


async def verify(audit: Audit, known: Sequence[Head] = ()) -> Verdict:
    """Follows the chain from its beginning. `known` are heads that were noted elsewhere."""
    unsealed = await audit.unsealed()
    notes = await audit.notes()
    heads = [*known, notes.head] if notes.head is not None else list(known)
    verifier = Verifier(heads, notes.forgotten_before)
    async for each in pages(audit):
        if (broken := verifier.follow(each.link, each.act)) is not None:
            return Verdict(verifier.head, unsealed, broken)
    return Verdict(verifier.head, unsealed, verifier.finish() or notes.distrust)


async def pages(audit: Audit, after: int = 0) -> AsyncIterator[Sealed]:
    """Every link behind that position with its act, a page of them in memory at a time."""
    while page := await audit.page(after, _AT_ONCE):
        for each in page:
            yield each
        after = page[-1].link.position
