"""The mail of a recall: one summary to the sender at its end, and notices to recipients where policy asks for them."""

from __future__ import annotations

from collections.abc import Sequence, Set

from takeback.flows.reports import Reporter
from takeback.ids import new_id
from takeback.mail import message_id, recall_notices
from takeback.mail.address import identity
from takeback.ports.recall import PersonWork, RecallFacts, RecallStore
from takeback.ports.store import NewMessage
from takeback.recall.outcomes import WORDS, Outcome, Reason, as_told_to_sender, worst
from takeback.recall.planning import Verdict
from takeback.recall.settings import Notify

_REMOVED = frozenset({Outcome.RECALLED, Outcome.RECALLED_READ})
_READ = frozenset({Outcome.ALREADY_READ, Outcome.RECALLED_READ})
_TOLD: dict[Notify, frozenset[Outcome]] = {
    "never": frozenset(),
    "read": _READ,
    "always": _READ | _REMOVED,
}


class RecallMail:
    """Makes the messages; whoever asked stores them."""

    def __init__(self, store: RecallStore, reporter: Reporter, hostname: str) -> None:
        self._store = store
        self._reporter = reporter
        self._hostname = hostname

    def summary(self, facts: RecallFacts, outline: Sequence[tuple[str, Set[Outcome]]]) -> NewMessage | None:
        """None where there is nobody to tell. It says no more than the sender may see."""
        if not facts.sender:
            return None
        now = self._store.now()
        by_outcome: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
        for address, outcomes in outline:
            told = worst(as_told_to_sender(outcome, Reason.NONE)[0] for outcome in outcomes)
            by_outcome[told or Outcome.OUT_OF_REACH].append(address)
        mail = recall_notices.summary(
            recall_notices.Summary(
                to=facts.sender,
                hostname=self._hostname,
                message_id=message_id.new(new_id(now), self._hostname),
                now=now,
                message=facts.message,
                groups=[
                    recall_notices.Group(WORDS[outcome], addresses)
                    for outcome, addresses in by_outcome.items()
                    if addresses
                ],
            )
        )
        return self._reporter.system_message(mail, facts.sender, facts.account, now)

    def notice(self, work: PersonWork, verdict: Verdict, policy: Notify) -> NewMessage | None:
        """None where policy does not want this person told, or they were told before. It is stored under the account of
        the person whom it goes to: under the sender's it would show the sender who is behind a list."""
        if verdict.outcome is work.told.outcome or verdict.outcome not in _TOLD[policy]:
            return None
        now = self._store.now()
        mail = recall_notices.notice(
            recall_notices.Notice(
                to=work.address,
                hostname=self._hostname,
                message_id=message_id.new(new_id(now), self._hostname),
                now=now,
                author=work.recall.stamp.header_from,
                removed=verdict.outcome in _REMOVED,
            )
        )
        return self._reporter.system_message(mail, work.address, identity(work.address), now)
