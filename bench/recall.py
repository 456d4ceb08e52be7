"""Recall at a real Dovecot: each connector beside the bare calls of its protocol, and one very full mailbox."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from bench import mailboxes, recall_flow
from bench.mailboxes import Mailboxes
from bench.results import Row, Section, at_least, at_most, milliseconds
from bench.rounds import Comparison, in_turn
from bench.scale import Scale
from takeback.ports.mailbox import Reference
from tests.services.dovecot import DOMAIN


def run(scale: Scale) -> Section:
    with mailboxes.mailboxes(scale.recall_mailboxes, scale.recall_messages) as full:
        rows = [_imap(full, scale), _doveadm(full, scale), *_whole_imap(full, scale), *_whole_doveadm(full, scale)]
    with mailboxes.mailboxes(1, scale.recall_huge) as huge:
        rows.append(_huge(huge, scale))
    notes = [
        f"Recall: {scale.recall_mailboxes:,} mailboxes of {scale.recall_messages} messages at Dovecot, "
        f"{mailboxes.AT_ONCE} at a time, one unread message taken out of each, {scale.rounds} rounds in turn; medians. "
        "The connector searches all folders, compares the header, removes on the condition and makes sure. Beside it "
        "are the bare calls: for IMAP log in, search, look, conditional STORE, EXPUNGE; for doveadm one look and one "
        "expunge, where the connector needs a folder made, a move, a look and an expunge to know what it did.",
        "Whole recall: the same mailboxes as one recall of one list, from the claim of the first to the outcome of the "
        "last, with plan, sealed quarantine copy and outcome of each committed to SQLite. Beside it are the same "
        "bare calls.",
    ]
    return Section(rows, notes)


def _imap(full: Mailboxes, scale: Scale) -> Row:
    compared = in_turn(
        scale.rounds,
        lambda: full.per_second(lambda message_id: mailboxes.connected("imap", full.server, message_id)),
        lambda: full.per_second(lambda message_id: mailboxes.bare_imap(full.server, message_id)),
    )
    return _row("Recall over imap", compared, goal=0.8)


def _doveadm(full: Mailboxes, scale: Scale) -> Row:
    compared = in_turn(
        scale.rounds,
        lambda: full.per_second(lambda message_id: mailboxes.connected("doveadm", full.server, message_id)),
        lambda: full.per_second(lambda message_id: mailboxes.bare_doveadm(full.server, message_id)),
    )
    return _row("Recall over doveadm", compared, goal=0.8)


def _whole_imap(full: Mailboxes, scale: Scale) -> list[Row]:
    bare = partial(full.per_second, lambda message_id: mailboxes.bare_imap(full.server, message_id))
    return _whole("imap", full, scale, bare)


def _whole_doveadm(full: Mailboxes, scale: Scale) -> list[Row]:
    bare = partial(full.per_second, lambda message_id: mailboxes.bare_doveadm(full.server, message_id))
    return _whole("doveadm", full, scale, bare)


def _whole(kind: str, full: Mailboxes, scale: Scale, bare: Callable[[], float]) -> list[Row]:
    works: list[recall_flow.Work] = []

    def ours() -> float:
        works.append(recall_flow.recall(kind, full))
        return len(full.users) / works[-1].seconds

    compared = in_turn(scale.rounds, ours, bare)
    first = max(work.first_outcome for work in works)
    cost = median(work.processor_seconds for work in works) / len(full.users)
    return [
        _row(f"Whole recall over {kind}, durable", compared, goal=0.8),
        Row("First outcome of it", f"{milliseconds(first)} at most", goal=at_most(1, first, " s")),
        Row("Processor time of Takeback in it", f"{milliseconds(cost)} a mailbox"),
    ]


def _row(what: str, compared: Comparison, goal: float) -> Row:
    return Row(
        what,
        f"{compared.our_median:,.0f} mailboxes/s",
        f"{compared.their_median:,.0f} mailboxes/s (bare calls)",
        f"{compared.ratio:.2f} ({compared.spread})",
        at_least(goal, compared.ratio),
    )


def _huge(huge: Mailboxes, scale: Scale) -> Row:
    message_id = huge.deliver()
    before = _peak()
    begun = time.perf_counter()
    asyncio.run(_find(huge, message_id))
    seconds = time.perf_counter() - begun
    grown = (_peak() - before) / 1024
    return Row(f"Find in a mailbox of {scale.recall_huge:,} messages", f"{seconds:.2g} s, {grown:.0f} MB more memory")


async def _find(huge: Mailboxes, message_id: str) -> None:
    connector = mailboxes.connector_of("imap", huge.server)
    mailbox = await connector.open(f"{huge.users[0]}@{DOMAIN}")
    assert len(await mailbox.find(Reference(message_id))) == 1
    await mailbox.close()
    await connector.close()


def _peak() -> int:
    """KiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
