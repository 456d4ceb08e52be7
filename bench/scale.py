"""How much each bench does: enough to believe, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Scale:
    rounds: int
    """Of each side, one after the other in turn; medians are reported."""
    warm_up: int
    """Messages before the first round, not counted."""
    messages: int
    """Of one round."""
    held: int
    """What is on hold while undos are timed."""
    undos: int
    commands: int
    """Undos through the command line, each a process of its own."""
    deletions: int
    """`postsuper -d`, each a process of its own."""
    million: int
    undos_a_round: int
    """With so many held, and with nothing else held."""
    uploads: int
    upload_size: int
    profile_seconds: int
    recall_mailboxes: int
    recall_messages: int
    """In each of them."""
    recall_huge: int
    """Messages in the one mailbox that is very full."""

    def of_slow_disk(self) -> Scale:
        """Fewer, since everything takes longer there."""
        return replace(self, rounds=min(self.rounds, 3), messages=self.messages // 3)


FULL = Scale(
    rounds=5,
    warm_up=500,
    messages=3_000,
    held=100_000,
    undos=10_000,
    commands=200,
    deletions=300,
    million=1_000_000,
    undos_a_round=1_000,
    uploads=200,
    upload_size=20 << 20,
    profile_seconds=20,
    recall_mailboxes=1_000,
    recall_messages=200,
    recall_huge=200_000,
)

QUICK = Scale(
    rounds=2,
    warm_up=100,
    messages=400,
    held=3_000,
    undos=300,
    commands=3,
    deletions=20,
    million=5_000,
    undos_a_round=100,
    uploads=10,
    upload_size=8 << 20,
    profile_seconds=3,
    recall_mailboxes=30,
    recall_messages=20,
    recall_huge=2_000,
)
