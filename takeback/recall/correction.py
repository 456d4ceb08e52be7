"""Who gets a correction: the recipients whom a recall could not reach. Pure.

It goes to recipients of the message and to nobody else, for it is the sender's mail, and the sender may not learn who
is behind a list. So a list gets it only where nobody behind it was reached: those who were must not hear of it.
"""

from __future__ import annotations

from takeback.errors import TakebackError
from takeback.mail.address import identity
from takeback.recall.outcomes import Outcome
from takeback.recall.report import RecipientReport, Report

LONGEST_WORDS = 2000
UNREACHED = frozenset(
    {
        Outcome.GAVE_UP,
        Outcome.AMBIGUOUS,
        Outcome.OUT_OF_REACH,
        Outcome.PROTECTED,
        Outcome.ALREADY_READ,
        Outcome.NOT_FOUND,
    }
)
"""Whoever has the message, or may have it. A protected mailbox is one out of reach in this too: the number of those who
get a correction must not tell the sender which it is."""


class CannotCorrect(TakebackError):
    """No correction can be sent in the sender's name. Nothing was done."""


def check_words(words: str) -> None:
    """Raises CannotCorrect where they are too long to be called a short message."""
    if len(words) > LONGEST_WORDS:
        raise CannotCorrect("a correction is short: at most {most} characters of your own", most=LONGEST_WORDS)


def to_correct(report: Report) -> list[str]:
    """The addresses that get the correction of a recall that is over, as the envelope had them. Nobody is written to
    twice, be it by name and by a list."""
    by_name = [each for each in report.recipients if not _is_list(each)]
    lists = [each for each in report.recipients if _is_list(each)]
    chosen = [each.address for each in by_name if _outcomes(each) <= UNREACHED]
    written_to = {identity(address) for address in chosen}
    for each in lists:
        behind = {identity(person.address) for person in each.people}
        if _outcomes(each) <= UNREACHED and not behind <= written_to:
            chosen.append(each.address)
            written_to |= behind
    return chosen


def _is_list(recipient: RecipientReport) -> bool:
    """Whether it stands for others than the one of its own name."""
    return any(identity(person.address) != identity(recipient.address) for person in recipient.people)


def _outcomes(recipient: RecipientReport) -> set[Outcome]:
    return {recipient.outcome, *(person.outcome for person in recipient.people)}
