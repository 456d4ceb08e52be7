"""Quota: how much one account may have held, and how fast it may submit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from takeback.clock import HOUR, SECOND, Instant
from takeback.ports.store import Store, Usage, UsageQuestion
from takeback.smtp.replies import Reply

FRESH = SECOND
"""A count so young serves once more, with what was accepted since added to it. Nothing is refused on an old count."""
_MOST_ACCOUNTS = 10_000
_UNLIMITED = 1 << 40


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """For each account; 0 is no limit."""

    held_messages: int
    held_bytes: int
    submissions_per_hour: int


class Quota:
    """Asks the store at most once a second and account, so that limits cost next to nothing while they are far."""

    def __init__(self, store: Store, limits: QuotaLimits) -> None:
        self._store = store
        self._limits = limits
        self._counted: dict[str, tuple[Instant, Usage]] = {}

    async def refusal(self, account: str, size: int) -> Reply | None:
        """What to answer when another message of that size is too much; None when it is not."""
        if not any((self._limits.held_messages, self._limits.held_bytes, self._limits.submissions_per_hour)):
            return None
        now = self._store.now()
        counted_at, usage = self._counted.get(account, (0, Usage(0, 0, 0)))
        if now - counted_at < FRESH and self._judge(usage, size) is None:
            return None
        usage = await self._count(account, now)
        return self._judge(usage, size)

    def accepted(self, account: str, size: int) -> None:
        """Counts one more, until the store is asked again."""
        if (counted := self._counted.get(account)) is not None:
            counted_at, usage = counted
            self._counted[account] = (
                counted_at,
                replace(
                    usage,
                    held_messages=usage.held_messages + 1,
                    held_bytes=usage.held_bytes + size,
                    recent_submissions=usage.recent_submissions + 1,
                ),
            )

    async def _count(self, account: str, now: Instant) -> Usage:
        if len(self._counted) >= _MOST_ACCOUNTS:
            self._counted.clear()
        question = UsageQuestion(
            account=account,
            since=now - HOUR,
            enough_held=self._limits.held_messages or _UNLIMITED,
            enough_recent=self._limits.submissions_per_hour or 1,
        )
        usage = await self._store.usage(question)
        self._counted[account] = (now, usage)
        return usage

    def _judge(self, usage: Usage, size: int) -> Reply | None:
        limits = self._limits
        if limits.submissions_per_hour and usage.recent_submissions >= limits.submissions_per_hour:
            return Reply.of(450, "4.7.1", f"More than {limits.submissions_per_hour} messages in an hour; try later")
        if limits.held_messages and usage.held_messages >= limits.held_messages:
            return Reply.of(
                452, "4.2.2", f"{limits.held_messages} of your messages have not left yet; release or undo some"
            )
        if limits.held_bytes and usage.held_bytes + size > limits.held_bytes:
            return Reply.of(452, "4.2.2", "What has not left yet takes up all the room it may; release or undo some")
        return None
