"""Outcomes: each has words in both languages, one order, and nothing that tells a sender too much."""

from __future__ import annotations

import pytest

from takeback.i18n.language import language
from takeback.recall.outcomes import REASON_WORDS, WORDS, Outcome, Reason, as_told_to_sender, worst


def test_every_outcome_and_reason_has_words_in_arabic() -> None:
    assert set(WORDS) == set(Outcome) and set(REASON_WORDS) == set(Reason) - {Reason.NONE}
    for words in (*WORDS.values(), *REASON_WORDS.values()):
        assert language("ar").text(words) != words


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([Outcome.RECALLED, Outcome.ALREADY_READ], Outcome.ALREADY_READ),
        ([Outcome.ALREADY_READ, Outcome.AMBIGUOUS], Outcome.AMBIGUOUS),
        ([Outcome.AMBIGUOUS, Outcome.PENDING], Outcome.PENDING),
        ([Outcome.PENDING, Outcome.GAVE_UP], Outcome.GAVE_UP),
        ([Outcome.RECALLED, Outcome.RECALLED_READ], Outcome.RECALLED_READ),
        ([], None),
    ],
)
def test_the_worst_is_told(outcomes: list[Outcome], told: Outcome | None) -> None:
    assert worst(outcomes) is told


def test_a_protected_mailbox_reads_like_one_out_of_reach() -> None:
    protected = as_told_to_sender(Outcome.PROTECTED, Reason.BY_POLICY)
    assert protected == as_told_to_sender(Outcome.OUT_OF_REACH, Reason.NO_CONNECTOR)
