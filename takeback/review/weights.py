"""Trained weights: small trees of yes-and-no questions about named numbers, read from a JSON file and added up.

The file is made by `python -m bench.review.train` and is meant to be read: {"about", "numbers": names in order, "base",
"trees": [tree]}; a tree is a leaf's log-odds, or [number, bound, tree where the number is at most the bound, tree where
it is above].
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Self

Branch = tuple[int, float, "Tree", "Tree"]
Tree = float | Branch


@dataclass(frozen=True, slots=True)
class Weights:
    """A sum of trees in log-odds."""

    numbers: tuple[str, ...]
    base: float
    trees: tuple[Tree, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        names = tuple(document["numbers"])
        place = {name: index for index, name in enumerate(names)}
        return cls(names, float(document["base"]), tuple(_tree(tree, place) for tree in document["trees"]))

    def log_odds(self, numbers: Mapping[str, float]) -> float:
        """Of what the weights were trained to tell; numbers that they do not ask for are passed over."""
        values = [numbers[name] for name in self.numbers]
        total = self.base
        for tree in self.trees:
            at = tree
            while isinstance(at, tuple):  # no call for each tree: there are hundreds, for each recipient
                place, bound, low, high = at
                at = low if values[place] <= bound else high
            total += at
        return total


def _tree(written: Any, place: Mapping[str, int]) -> Tree:
    if isinstance(written, list):
        name, bound, low, high = written
        return place[name], float(bound), _tree(low, place), _tree(high, place)
    return float(written)


@cache
def shipped(name: str) -> Weights:
    """The weights of that name that come with the program."""
    text = files("takeback.review").joinpath("weights.json").read_text("utf-8")
    return Weights.read(json.loads(text)[name])


def probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))
