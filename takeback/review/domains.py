"""Domains: who is behind one, and which other one it may be mistaken for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

import idna
from confusable_homoglyphs import confusables  # type: ignore[import-untyped]
from publicsuffixlist import PublicSuffixList
from rapidfuzz.distance import OSA


def listed(names: str) -> frozenset[str]:
    """The names in a text, white space between them."""
    return frozenset(names.split())


PROVIDERS = listed(
    """126.com 163.com aol.com att.net bellsouth.net bluewin.ch btinternet.com charter.net comcast.net cox.net daum.net
    earthlink.net email.com fastmail.com fastmail.fm foxmail.com free.fr gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
    googlemail.com hanmail.net hey.com hotmail.com hushmail.com icloud.com inbox.com laposte.net libero.it live.com
    mac.com mail.com mail.ru mailbox.org maktoob.com me.com msn.com naver.com nate.com orange.fr outlook.com pm.me
    proton.me protonmail.com qq.com rediffmail.com rocketmail.com sbcglobal.net sina.com sky.com t-online.de tuta.com
    tutanota.com verizon.net wanadoo.fr web.de windowslive.com yahoo.com yandex.com yandex.ru yeah.net ymail.com
    zoho.com"""
)
"""Where people have personal mailboxes: two addresses there have nothing in common."""

_NATIONAL = frozenset(("hotmail", "live", "outlook", "yahoo", "gmx", "yandex", "orange", "msn", "sky", "zoho"))
"""Providers that have the same name in many countries."""

_FAMOUS = listed(
    """adobe.com amazon.com apple.com booking.com dropbox.com ebay.com facebook.com github.com gitlab.com google.com
    ibm.com instagram.com intel.com linkedin.com meta.com microsoft.com netflix.com nvidia.com oracle.com paypal.com
    salesforce.com samsung.com sap.com slack.com stripe.com twitter.com whatsapp.com wikipedia.org zoom.us"""
)

_RESERVED = frozenset(("test", "example", "invalid", "localhost", "local", "internal", "lan", "home", "corp", "onion"))
"""Endings that are no public suffix and no slip either (RFC 2606, RFC 6762, and what networks use inside)."""

_ENDINGS = ("com", "net", "org", "edu", "gov", "info", "biz")
_SHORTEST = 5
"""Names of fewer letters are so close to each other that one letter says nothing."""
_LONG = 10


class Name(NamedTuple):
    """`mail.acme.co.uk`: the name `acme` under the suffix `co.uk`."""

    label: str
    suffix: str

    def __str__(self) -> str:
        return f"{self.label}.{self.suffix}" if self.suffix else self.label


class Slip(NamedTuple):
    """`meant` is the domain that may have been meant; `certainty` between 0 and 1."""

    meant: str
    certainty: float


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


@lru_cache(maxsize=16_384)
def name_of(domain: str) -> Name:
    """What somebody registered, without hosts below it. An unknown ending is a suffix of one label."""
    registered = _suffixes().privatesuffix(domain) or domain
    label, _, suffix = registered.partition(".")
    return Name(label, suffix)


def organisation(domain: str) -> str:
    """The registered domain: `acme.co.uk` of `mail.acme.co.uk`."""
    return str(name_of(domain))


def is_provider(domain: str) -> bool:
    """Whether anybody may have a mailbox there, so that the domain says nothing about who it is."""
    name = name_of(domain)
    return str(name) in PROVIDERS or (name.label in _NATIONAL and _ending_exists(name.suffix))


def is_well_known(domain: str) -> bool:
    return is_provider(domain) or organisation(domain) in _FAMOUS


def _ending_exists(suffix: str) -> bool:
    last = suffix.rpartition(".")[2]
    return last in _RESERVED or _suffixes().publicsuffix(last, accept_unknown=False) is not None


@lru_cache(maxsize=16_384)
def skeleton(text: str) -> str:
    """What is left when letters that look alike are one: of a domain in A-labels, or of a local part."""
    shown = _unicode(text).casefold()
    plain = "".join(_plain_letter(letter) for letter in shown)
    return plain.replace("rn", "m").replace("vv", "w").replace("0", "o").replace("1", "l")


def _unicode(text: str) -> str:
    if "xn--" not in text:
        return text
    try:
        return idna.decode(text)
    except (idna.IDNAError, UnicodeError):
        return text


@lru_cache(maxsize=4_096)
def _plain_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    found = confusables.is_confusable(letter, preferred_aliases=[]) or []
    alike = [
        each["c"] for entry in found for each in entry["homoglyphs"] if each["c"].isascii() and each["c"].isalpha()
    ]
    return alike[0].casefold() if alike else letter


def slip_of(domain: str, known: Iterable[str]) -> Slip | None:
    """The domain that was probably meant, of those that are `known` and those that everybody knows."""
    if "." not in domain or domain.startswith("[") or is_well_known(domain):
        return None
    name = name_of(domain)
    registered = {name_of(each) for each in known if "." in each}
    if name in registered:
        return None
    slips = [slip for other in registered if (slip := _slip(name, other, familiar=True))]
    slips += [slip for other in _famous_names() if (slip := _slip(name, other, familiar=False))]
    if not slips and (ending := _ending_meant(name)):
        slips.append(ending)
    return max(slips, key=lambda slip: slip.certainty, default=None)


@cache
def _famous_names() -> tuple[Name, ...]:
    return tuple(name_of(domain) for domain in sorted(PROVIDERS | _FAMOUS))


def _slip(name: Name, other: Name, familiar: bool) -> Slip | None:
    """How likely `name` was meant to be `other`; `familiar` where the sender does write there."""
    if name.label == other.label:
        return _slip_of_suffix(name, other, familiar)
    if skeleton(str(name)) == skeleton(str(other)):
        return Slip(str(other), 0.9)
    if name.suffix != other.suffix and not _close(name.suffix, other.suffix):
        return None
    distance = OSA.distance(name.label, other.label, score_cutoff=2)
    if distance == 1 and (max(len(name.label), len(other.label)) >= _SHORTEST or _is_swap(name.label, other.label)):
        return Slip(str(other), 0.7 if name.suffix == other.suffix else 0.5)
    if distance == 2 and min(len(name.label), len(other.label)) >= _LONG:
        return Slip(str(other), 0.4)
    return None


def _slip_of_suffix(name: Name, other: Name, familiar: bool) -> Slip | None:
    """acme.co beside acme.com. A firm may well have its name under several endings; a provider of mail has not."""
    close = _close(name.suffix, other.suffix)
    if not familiar:
        return Slip(str(other), 0.8) if close or not _ending_exists(name.suffix) else None
    return Slip(str(other), 0.6 if close else 0.3)


def _ending_meant(name: Name) -> Slip | None:
    """`.con` does not exist, and `.com` does."""
    if _ending_exists(name.suffix):
        return None
    for ending in _ENDINGS:
        if _close(name.suffix, ending):
            return Slip(f"{name.label}.{ending}", 0.8)
    return None


def _close(one: str, other: str) -> bool:
    """Whether one letter more, less, other or swapped makes the other of it; `co` of `com`, `cmo` of `com`."""
    return one != other and OSA.distance(one, other, score_cutoff=1) == 1 and max(len(one), len(other)) >= 3


def _is_swap(one: str, other: str) -> bool:
    return len(one) >= 4 and sorted(one) == sorted(other)
