"""International bank account numbers leave the organisation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from stdnum import iban

from takeback.review.finding import Finding, about
from takeback.review.history import History
from takeback.review.leaks import Passage, everything, masked, named_domains, outsiders, passages
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "bank_account"

_ONE = 0.25
"""People send their own account with every invoice."""
_LIST = 0.85
_MANY = 3

_START = re.compile(r"(?<![a-z0-9])[a-z]{2}\d{2}(?=[ -]?[a-z0-9])")
_LONGEST = 34
_MOST_CANDIDATES = 50
"""Beginnings in one line that are looked at."""
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26,
    "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters by country (SWIFT's registry): where one ends cannot be seen when words follow."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    outside = outsiders(message, context)
    if not outside or not _START.search(everything(message)):
        return []
    accounts: dict[str, Passage] = {}
    for passage in passages(message):
        for number in ibans(passage.plain):
            accounts.setdefault(number, passage)
    if not accounts:
        return []
    number, passage = next(iter(accounts.items()))
    domains = named_domains(outside)
    if len(accounts) >= _MANY:
        said = counted(
            "{number} bank account number goes to {domains}", "{number} bank account numbers go to {domains}",
            len(accounts), domains=domains,
        )  # fmt: skip
        return [Finding(CODE, _LIST, said, passage.where)]
    said = reason(
        "A bank account number ({country} {masked}) goes to {domains}",
        country=number[:2], masked=masked(number), domains=domains,
    )  # fmt: skip
    return [Finding(CODE, _ONE, said, passage.where, about(number[:2], masked(number)))]


def ibans(plain: str) -> Iterator[str]:
    """The numbers of a line of normalised text that check, without blanks."""
    for match in islice(_START.finditer(plain), _MOST_CANDIDATES):
        length = _LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        written = plain[match.start() : match.start() + 2 * _LONGEST]
        number = written.replace(" ", "").replace("-", "")[:length].upper()
        if len(number) == length and _checks(number) and iban.is_valid(number, check_country=False):
            yield number


def _checks(number: str) -> bool:
    """ISO 7064, MOD 97-10: quicker than asking for all that is known of a country first."""
    if not (number.isascii() and number.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1
