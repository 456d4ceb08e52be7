"""Each rule on Arabic mail: what it finds and what it leaves alone."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.review.arabic.cases import Case, cases
from tests.review.judging import codes

CASES = cases()
CODES = sorted({case.code for case in CASES})
LEAST = 0.9
"""Recall and precision that each rule keeps."""


def _found(case: Case) -> set[str]:
    return codes(case.content(), case.known())


def test_there_are_enough_of_both_kinds() -> None:
    kinds = Counter((case.code, case.wrong) for case in CASES)
    assert len(CASES) >= 200
    assert all(kinds[code, wrong] >= 3 for code in CODES for wrong in (True, False))


@pytest.mark.parametrize("code", CODES)
def test_recall_and_precision(code: str) -> None:
    results = [(case, code in _found(case)) for case in CASES if case.code == code]
    right = sum(case.wrong and found for case, found in results)
    missed = [case.number for case, found in results if case.wrong and not found]
    false = [case.number for case, found in results if found and not case.wrong]
    recall, precision = right / (right + len(missed)), right / (right + len(false))
    print(f"{code}: recall {recall:.3f}, precision {precision:.3f}, missed {missed}, false {false}")
    assert recall >= LEAST and precision >= LEAST, (missed, false)


def test_messages_without_a_mistake_raise_nothing_at_all() -> None:
    clean = [case for case in CASES if not case.wrong]
    noisy = [(case.code, case.number, _found(case)) for case in clean if _found(case)]
    assert len(noisy) <= 0.02 * len(clean), noisy
