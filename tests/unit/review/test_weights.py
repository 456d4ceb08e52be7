from __future__ import annotations

import math

import pytest

from takeback.review.weights import Weights, probability, shipped

DOCUMENT = {"numbers": ["a", "b"], "base": -1.0, "trees": [["a", 0.5, 1.0, ["b", 2.0, 3.0, 4.0]], 0.25]}


@pytest.mark.parametrize(("a", "b", "expected"), [(0.5, 9.0, 0.25), (0.6, 2.0, 2.25), (0.6, 2.1, 3.25)])
def test_trees_are_added_up(a: float, b: float, expected: float) -> None:
    assert Weights.read(DOCUMENT).log_odds({"b": b, "a": a, "unasked": 7.0}) == expected


def test_what_is_shipped_can_be_read() -> None:
    for name in ("wrong_recipient", "missing_member"):
        weights = shipped(name)
        assert weights.trees
        assert math.isfinite(weights.log_odds(dict.fromkeys(weights.numbers, 0.0)))


def test_probabilities() -> None:
    assert probability(0.0) == 0.5
    assert probability(10_000.0) > 0.999
    assert probability(-10_000.0) < 0.001
