"""One rule a file, each a pure function. `RULES` lists them all."""

from __future__ import annotations

from takeback.review.rule import Rule
from takeback.review.rules.content import CONTENT_RULES

RULES: tuple[Rule, ...] = CONTENT_RULES
