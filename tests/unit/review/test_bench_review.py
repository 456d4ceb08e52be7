"""What the figures in docs/review.md rest on: the generator of slips, and the counting."""

from __future__ import annotations

import random

from bench.review.leaks import three_g
from bench.review.ranking import Scored, macro, pooled, recalls


def test_the_generator_takes_the_longest_beginning_that_somebody_shares() -> None:
    chance = random.Random(1)
    assert three_g(["mark@x.test"], {"mary@x.test", "matt@x.test", "zoe@x.test"}, chance) == "mary@x.test"
    assert three_g(["mark@x.test"], {"matt@x.test", "zoe@x.test"}, chance) == "matt@x.test"
    assert three_g(["mark@x.test"], {"mel@x.test", "zoe@x.test"}, chance) == "mel@x.test"
    assert three_g(["mark@x.test"], {"zoe@x.test"}, chance) == "zoe@x.test"
    assert three_g(["mark@x.test"], frozenset(), chance) is None


def test_a_tie_for_the_top_counts_for_its_share() -> None:
    assert Scored("a", [0.1, 0.9], 1).hit == 1.0
    assert Scored("a", [0.9, 0.9], 1).hit == 0.5
    assert Scored("a", [0.9, 0.1], 1).hit == 0.0


def test_pooled_counts_messages_and_macro_counts_authors() -> None:
    scored = [Scored("a", [0.1, 0.9], 1)] * 3 + [Scored("b", [0.9, 0.1], 1)]
    assert pooled(scored) == 0.75
    assert macro(scored) == 0.5


def test_recall_is_taken_where_the_clean_ones_alert_that_seldom() -> None:
    clean = [Scored("a", [number / 100], None) for number in range(100)]
    leaked = [Scored("a", [0.0, 0.985], 1), Scored("a", [0.0, 0.975], 1), Scored("a", [0.0, 0.5], 1)]
    caught = recalls(leaked, clean)
    assert caught[0.005] == 0.0
    assert caught[0.01] == 1 / 3
    assert caught[0.02] == 2 / 3
