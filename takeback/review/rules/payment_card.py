"""The number of a payment card leaves the organisation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import luhn

from takeback.review.finding import Finding, about
from takeback.review.history import History
from takeback.review.leaks import Passage, destination, everything, masked, named_domains, outsiders, passages
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "payment_card"

_BARE = 0.3
"""Sixteen digits in a row that check may be an order number: one in ten does by chance."""
_GROUPED = 0.6
_NAMED = 0.75
_LIST = 0.95
_MANY = 5

_DIGITS = re.compile(r"(?<![\w.,/=#+])(?<!\d[ -])\d(?:[ -]?\d){12,18}+(?![ -]?\d)(?![\w/=@])")
_ENOUGH = re.compile(r"\d(?:[ -]?\d){12}")
_GROUPS = re.compile(r"\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{4}[ -]\d{6}[ -]\d{4,5}")
_CARD_WORD = re.compile(
    r"\b(?:cards?|visa|master ?card|amex|american express|cvv|cvc|expir\w{0,6}|exp|debit|credit|cc)\b|بطاق|فيزا"
    r"|ماستر|مدي|ائتمان|ايتمان"
)
_OTHER_WORD = re.compile(
    r"\b(?:imei|tracking|order|invoice|ticket|serial|isbn|case|ref(?:erence)?|booking|iccid"
    r"|sim)\b|شحنه|تتبع|فاتوره|طلب"
)

_NETWORKS = (
    # first digits from, to, and the lengths that the network issues
    (r"4", (13, 16, 19)), (r"5[1-5]", (16,)), (r"2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)", (16,)), (r"3[47]", (15,)),
    (r"3(?:0[0-5]|[689])", (14, 16)), (r"35(?:2[89]|[3-8])", (16, 17, 18, 19)), (r"6(?:011|5|4[4-9])", (16, 19)),
    (r"62|81", (16, 17, 18, 19)), (r"9682|5888|6049|6361|5078|9792|60[68]|508", (16,)),
)  # fmt: skip
"""Visa, Mastercard (two), American Express, Diners, JCB, Discover, UnionPay; Mada, Meeza, Troy, RuPay."""
_IIN = tuple((re.compile(prefix), lengths) for prefix, lengths in _NETWORKS)
_EXAMPLES = frozenset(
    (
        "4111111111111111", "4242424242424242", "4012888888881881", "4222222222222", "5555555555554444",
        "5105105105105100", "378282246310005", "371449635398431", "6011111111111117", "30569309025904",
        "3530111333300000", "4000000000000002", "5200828282828210", "2223003122003222",
    )
)  # fmt: skip
"""What every manual prints."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    outside = outsiders(message, context)
    if not outside or not _ENOUGH.search(everything(message)):
        return []
    cards: dict[str, tuple[float, Passage]] = {}
    for passage in passages(message):
        for number, probability in _cards(passage.plain):
            cards.setdefault(number, (probability, passage))
    if not cards:
        return []
    number, (probability, passage) = max(cards.items(), key=lambda item: item[1][0])
    if len(cards) >= _MANY:
        said = counted(
            "The number of {number} payment card goes to {domains}",
            "The numbers of {number} payment cards go to {domains}",
            len(cards), domains=named_domains(outside),
        )  # fmt: skip
        return [Finding(CODE, _LIST, said, passage.where)]
    said = reason(
        "A payment card number ({masked}) goes to {domains}", masked=masked(number), domains=named_domains(outside)
    )
    return [Finding(CODE, probability, said, passage.where, about(masked(number), "→", destination(outside)))]


def _cards(plain: str) -> Iterator[tuple[str, float]]:
    """The card numbers of a line, and how likely each is one."""
    for match in _DIGITS.finditer(plain):
        number = match[0].replace(" ", "").replace("-", "")
        if not is_card(number):
            continue
        around = plain[max(0, match.start() - 60) : match.end() + 40]
        if _CARD_WORD.search(around):
            yield number, _NAMED
        elif _GROUPS.fullmatch(match[0]):
            yield number, _GROUPED
        elif match[0] == number and not _OTHER_WORD.search(around):
            yield number, _BARE


def is_card(number: str) -> bool:
    """Whether these digits are a number that a network issues, and check."""
    return (
        number not in _EXAMPLES
        and len(set(number)) > 3
        and any(len(number) in lengths and prefix.match(number) for prefix, lengths in _IIN)
        and luhn.is_valid(number)
    )
