"""Contacts that an address may have been meant for: alike in letters, in name, or in all but the domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from takeback.mail.address import split
from takeback.review.domains import listed, skeleton, slip_of

SAME_TO_THE_EYE = 1.0
SAME_AT_A_LIKE_DOMAIN = 0.9
ONE_LETTER = 0.8
TWO_LETTERS = 0.7
SAME_BUT_FOR_THE_DOMAIN = 0.65
SAME_FIRST_NAME = 0.6
SAME_LAST_NAME = 0.5
SAME_START = 0.4

_ROLES = listed(
    """abuse accounting accounts admin administration billing booking careers contact customerservice enquiries
    finance hello help helpdesk hostmaster hr info inquiries invoice invoices it jobs legal mail marketing news
    newsletter no-reply noreply office operations orders postmaster press procurement reception recruitment
    reservations sales security service services support team webmaster"""
)
_SHORT = 4
_LONG = 8
_START = 3
_MOST = 30


@dataclass(frozen=True, slots=True)
class Lookalike:
    """`likeness` between 0 and 1: how easily one is taken for the other."""

    address: str
    likeness: float


class Contacts:
    """Addresses, found again by what looks like them."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._by_local: dict[str, list[str]] = defaultdict(list)
        for address in addresses:
            self._by_local[split(address)[0]].append(address)
        self._locals = list(self._by_local)
        self._by_start: dict[str, list[str]] = defaultdict(list)
        for local in self._locals:
            self._by_start[local[:_START]].append(local)

    def like(self, address: str, without: Set[str]) -> list[Lookalike]:
        """The contacts that look like this address, the likest first, but for those in `without`."""
        local, domain = split(address)
        found: dict[str, float] = {}
        for other in self._candidates(local):
            for contact in self._by_local[other]:
                if contact == address or contact in without:
                    continue
                if likeness := _likeness(local, domain, contact):
                    found[contact] = likeness
        listed = [Lookalike(contact, likeness) for contact, likeness in found.items()]
        return sorted(listed, key=lambda each: (-each.likeness, each.address))[:_MOST]

    def _candidates(self, local: str) -> set[str]:
        close = process.extract(local, self._locals, scorer=OSA.distance, score_cutoff=2, limit=_MOST)
        return {each for each, _, _ in close}.union(self._by_start.get(local[:_START], ()))


def _likeness(local: str, domain: str, contact: str) -> float:
    other, other_domain = split(contact)
    if domain != other_domain:
        return _likeness_across(local, domain, other, other_domain)
    if skeleton(local) == skeleton(other):
        return SAME_TO_THE_EYE
    shortest = min(len(local), len(other))
    distance = OSA.distance(local, other, score_cutoff=2)
    if not _differ_in_a_number(local, other):
        if distance == 1 and shortest >= _SHORT:
            return ONE_LETTER
        if distance == 2 and shortest >= _LONG:
            return TWO_LETTERS
    return _likeness_of_names(local, other)


def _likeness_of_names(local: str, other: str) -> float:
    ours, theirs = _names(local), _names(other)
    if len(ours) > 1 and len(theirs) > 1:
        if ours[0] == theirs[0] and len(ours[0]) > 1:
            return SAME_FIRST_NAME
        if ours[-1] == theirs[-1] and len(ours[-1]) > _START:
            return SAME_LAST_NAME
    return SAME_START if local[:_START] == other[:_START] else 0.0


@lru_cache(maxsize=16_384)
def _likeness_of_domains(domain: str, other: str) -> float:
    if skeleton(domain) == skeleton(other):
        return SAME_TO_THE_EYE
    return SAME_AT_A_LIKE_DOMAIN if slip_of(domain, [other]) else 0.0


def _share_a_first_name(local: str, other: str) -> bool:
    """`sara.ali` and `sara.ahmed`, or just `sara`: a client that completes `sara` may take either."""
    ours, theirs = _names(local), _names(other)
    return bool(ours and theirs) and ours[0] == theirs[0] and len(ours[0]) >= _START


def _likeness_across(local: str, domain: str, other: str, other_domain: str) -> float:
    """Of addresses at two domains. `info@` and `sara@` are everywhere; `sara.ahmed@` is somebody."""
    if local in _ROLES or other in _ROLES:
        return 0.0
    if local != other:
        return SAME_FIRST_NAME if _share_a_first_name(local, other) else 0.0
    if alike := _likeness_of_domains(domain, other_domain):
        return alike
    return SAME_BUT_FOR_THE_DOMAIN if len(_names(local)) > 1 or len(local) >= _LONG else 0.0


def _differ_in_a_number(one: str, other: str) -> bool:
    """room1 and room2 are two things, not one thing and a slip."""
    return _digits(one) != _digits(other) and one.strip("0123456789") == other.strip("0123456789")


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


@lru_cache(maxsize=16_384)
def _names(local: str) -> tuple[str, ...]:
    """`sara.ahmed`, `sara_ahmed` and `sara-ahmed` are two names."""
    return tuple(name for name in local.replace("_", ".").replace("-", ".").split(".") if name)
