"""What a rule is: one pure function from a message, its sender's history and the circumstances to findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from takeback.clock import Instant
from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.message import Message


@dataclass(frozen=True, slots=True)
class Context:
    """`identities` are the canonical addresses that the sender may or does write as; `is_internal` says whether an
    address belongs to the sender's organisation."""

    now: Instant
    identities: frozenset[str]
    is_internal: Callable[[str], bool]


Check = Callable[[Message, History, Context], list[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`name` is what policy, figures and failures call it: the code of its findings."""

    name: str
    check: Check
