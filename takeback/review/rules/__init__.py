"""One rule a file, each a pure function. `RULES` lists them all."""

from __future__ import annotations

from takeback.review.rule import Rule

RULES: tuple[Rule, ...] = ()
