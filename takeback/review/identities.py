"""Numbers by which states know people: which are well formed, and how sure that makes one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import NamedTuple

from stdnum import luhn, verhoeff
from stdnum.be import nn as belgian
from stdnum.br import cpf as brazilian
from stdnum.ch import ssn as swiss
from stdnum.cl import rut as chilean
from stdnum.cn import ric as chinese
from stdnum.cz import rc as czech
from stdnum.de import idnr as german
from stdnum.dk import cpr as danish
from stdnum.es import dni as spanish
from stdnum.es import nie as spanish_foreigner
from stdnum.fi import hetu as finnish
from stdnum.fr import nir as french
from stdnum.gb import nhs
from stdnum.il import idnr as israeli
from stdnum.it import codicefiscale as italian
from stdnum.kr import rrn as korean
from stdnum.mx import curp as mexican
from stdnum.nl import bsn as dutch
from stdnum.no import fodselsnummer as norwegian
from stdnum.pk import cnic as pakistani
from stdnum.pl import pesel as polish
from stdnum.se import personnummer as swedish
from stdnum.tr import tckimlik as turkish
from stdnum.us import ssn as american
from stdnum.za import idnr as south_african


class Identity(NamedTuple):
    """`kind` names the number in English; `number` is without separators; `sure` is the probability that it is one."""

    kind: str
    number: str
    sure: float


class _Kind(NamedTuple):
    name: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    sure: float
    """Without a word that says what it is; 0: not without."""


def _of(module: ModuleType) -> Callable[[str], bool]:
    valid: Callable[[str], bool] = module.is_valid
    return valid


def _date(year: int, month: str, day: str) -> bool:
    try:
        date(year, int(month), int(day))
    except ValueError:
        return False
    return True


_SAID = 0.7
_PRECISE = 0.6
_FORMAT = 0.4

_GOVERNORATES = frozenset((*range(1, 5), *range(11, 20), *range(21, 30), *range(31, 36), 88))


def is_egyptian(number: str) -> bool:
    """Fourteen digits: century, date of birth, governorate, serial number, and a check digit of unpublished rule."""
    return (
        len(number) == 14
        and number[0] in "23"
        and _date(1700 + 100 * int(number[0]) + int(number[1:3]), number[3:5], number[5:7])
        and int(number[7:9]) in _GOVERNORATES
    )


def is_emirati(number: str) -> bool:
    """Fifteen digits: 784, year of birth, serial number, Luhn."""
    return len(number) == 15 and number.startswith("784") and 1900 <= int(number[3:7]) <= 2099 and luhn.is_valid(number)


def is_kuwaiti(number: str) -> bool:
    """Twelve digits: century, date of birth, serial number, and a weighted check digit."""
    if len(number) != 12 or number[0] not in "123":
        return False
    check = (
        11
        - sum(int(digit) * weight for digit, weight in zip(number, (2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=False))
        % 11
    )
    return check == int(number[11]) and _date(1700 + 100 * int(number[0]) + int(number[1:3]), number[3:5], number[5:7])


def is_saudi(number: str) -> bool:
    """Ten digits, the first 1 for citizens and 2 for residents, Luhn."""
    return len(number) == 10 and number[0] in "12" and luhn.is_valid(number)


def _is_indian(number: str) -> bool:
    return len(number) == 12 and number[0] not in "01" and verhoeff.is_valid(number)


def _digits(count: int) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/=#+-])(?<!\d[ -])\d(?:[ -]?\d){{{count - 1}}}(?![\w/=@])(?![ -]\d)")


def _exactly(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/=#+-])(?<!\d[ -])(?:{pattern})(?![\w/=@])(?![ -]\d)")


_NINO = _exactly(r"(?!bg|gb|nk|kn|tn|nt|zz)[a-ceghj-prstw-z][a-ceghj-nprstw-z] ?\d{2} ?\d{2} ?\d{2} ?[a-d]")
_NIR = _exactly(r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[ab]) ?\d{3} ?\d{3} ?\d{2}")
_KINDS = (
    _Kind("Egyptian national number", _digits(14), is_egyptian, _PRECISE),
    _Kind("Emirates ID", _digits(15), is_emirati, _PRECISE),
    _Kind("Kuwaiti civil ID", _digits(12), is_kuwaiti, _PRECISE),
    _Kind("Saudi ID or Iqama", _digits(10), is_saudi, 0),
    _Kind("US social security number", _exactly(r"\d{3}-\d{2}-\d{4}"), _of(american), _FORMAT),
    _Kind("US social security number", _digits(9), _of(american), 0),
    _Kind("UK national insurance number", _NINO, lambda _: True, _PRECISE),
    _Kind("NHS number", _digits(10), _of(nhs), 0),
    _Kind("French social security number", _NIR, _of(french), _PRECISE),
    _Kind("Italian fiscal code", _exactly(r"[a-z]{6}\d{2}[a-ehlmprst]\d{2}[a-z]\d{3}[a-z]"), _of(italian), _PRECISE),
    _Kind("Spanish identity number", _exactly(r"\d{8}-?[a-z]"), _of(spanish), _FORMAT),
    _Kind("Spanish identity number", _exactly(r"[xyz]-?\d{7}-?[a-z]"), _of(spanish_foreigner), _PRECISE),
    _Kind("Brazilian CPF", _exactly(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _of(brazilian), _PRECISE),
    _Kind("Aadhaar number", _exactly(r"\d{4} \d{4} \d{4}"), _is_indian, _FORMAT),
    _Kind("Chinese resident identity number", _exactly(r"\d{17}[\dx]"), _of(chinese), _PRECISE),
    _Kind("Korean resident registration number", _exactly(r"\d{6}-\d{7}"), _of(korean), _PRECISE),
    _Kind("Turkish identity number", _digits(11), _of(turkish), _FORMAT),
    _Kind("Polish PESEL", _digits(11), _of(polish), 0),
    _Kind("Norwegian birth number", _exactly(r"\d{6} ?\d{5}"), _of(norwegian), 0),
    _Kind("German tax identity number", _digits(11), _of(german), 0),
    _Kind("Swedish personal number", _exactly(r"(?:\d{2})?\d{6}[-+]\d{4}"), _of(swedish), _FORMAT),
    _Kind("Danish CPR number", _exactly(r"\d{6}-\d{4}"), _of(danish), 0),
    _Kind("Finnish personal identity code", _exactly(r"\d{6}[-+a]\d{3}[0-9a-y]"), _of(finnish), _PRECISE),
    _Kind("Belgian national number", _exactly(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"), _of(belgian), _PRECISE),
    _Kind("Dutch BSN", _digits(9), _of(dutch), 0),
    _Kind("Swiss AHV number", _exactly(r"756\.?\d{4}\.?\d{4}\.?\d{2}"), _of(swiss), _PRECISE),
    _Kind("Czech birth number", _exactly(r"\d{6}/\d{3,4}"), _of(czech), 0),
    _Kind("South African identity number", _digits(13), _of(south_african), _FORMAT),
    _Kind("Mexican CURP", _exactly(r"[a-z]{4}\d{6}[hm][a-z]{5}[a-z\d]\d"), _of(mexican), _PRECISE),
    _Kind("Chilean RUT", _exactly(r"\d{1,2}\.\d{3}\.\d{3}-[\dk]"), _of(chilean), _PRECISE),
    _Kind("Pakistani CNIC", _exactly(r"\d{5}-\d{7}-\d"), _of(pakistani), _PRECISE),
    _Kind("Israeli identity number", _digits(9), _of(israeli), 0),
    _Kind("identity or passport number", _exactly(r"[a-z]{0,2}\d{6,14}[a-z]?"), lambda _: True, 0),
)  # fmt: skip

_MAY_HOLD = re.compile(r"\d(?:[ ./-]?[a-z]?[ ./-]?\d){5}|\d{2}[a-z]\d{2}[a-z]\d{3}")
_WORD = re.compile(
    r"\b(?:ssn|social security|national (?:id|insurance|identity|number)|nin|nino|id (?:no|number|card|#)"
    r"|identity (?:no|number|card)"
    r"|iqama|emirates id|civil id|residency (?:no|number)|passport|personal (?:number|id|code)|pesel|bsn"
    r"|personnummer|aadhaar"
    r"|tax id|steuer-?id|nhs (?:no|number)|qid|cpr)\b"
    r"|(?:ال)?هوي(?:ه|تي|ته|تها|تك)|(?:ال)?بطاقه (?:ال)?(?:شخصيه|مدنيه|وطنيه|سكانيه)|(?:ال)?سجل (?:ال)?مدني|رقم(?:ي"
    r"|ه|ها|ك)? (?:ال)?(?:وطني|قومي|مدني|شخصي)"
    r"|(?:ال)?رقم (?:ال)?(?:وطني|قومي|مدني|شخصي)|(?:ال)?اقام(?:ه|تي|ته|تها|تك)(?!\w)|جواز (?:ال)?(?:سفر|سفري|سفره"
    r"|سفرها)|رقم (?:ال)?جواز"
)
_REACH = 60
"""Characters before a number in which a word says what it is."""
_NOT_ONE = re.compile(
    r"\b(?:phone|tel|mobile|cell|fax|whatsapp|order|invoice|tracking|ref|ticket|po|booking)\b|هاتف"
    r"|جوال|موبايل|واتس|فاكس|فاتوره"
)


def may_hold(plain: str) -> bool:
    """Whether there are digits enough for a closer look."""
    return _MAY_HOLD.search(plain) is not None


def identities(plain: str) -> Iterator[Identity]:
    """The numbers in a line of normalised text, each once, with the likeliest of what it could be."""
    words = [match.end() for match in _WORD.finditer(plain)]
    seen: set[tuple[int, int]] = set()
    for kind in _KINDS:
        if not kind.sure and not words:
            continue
        for match in kind.pattern.finditer(plain):
            if any(match.start() < end and start < match.end() for start, end in seen):
                continue
            said = _is_said(plain, words, match.start())
            number = re.sub(r"[ ./-]", "", match[0])
            if (said or kind.sure) and len(set(number)) > 2 and kind.valid(match[0] if "/" in match[0] else number):
                seen.add(match.span())
                yield Identity(kind.name, number.upper(), max(kind.sure, _SAID if said else 0))


def _is_said(plain: str, words: list[int], at: int) -> bool:
    """Whether a word just before the number says that it is one, and none nearer that it is not."""
    end = max((end for end in words if end <= at), default=-1)
    return 0 <= at - end <= _REACH and end >= 0 and not _NOT_ONE.search(plain[end:at])
