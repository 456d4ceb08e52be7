"""One rule a file, each a pure function. `RULES` lists them all."""

from __future__ import annotations

from takeback.review.rule import Rule
from takeback.review.rules.content import CONTENT_RULES
from takeback.review.rules.people import PEOPLE_RULES

RULES: tuple[Rule, ...] = (*PEOPLE_RULES, *CONTENT_RULES)
