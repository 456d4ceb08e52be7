"""A key, token or password leaves the organisation."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.leaks import Passage, everything, masked, named_domains, outsiders, passages
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import reason

CODE = "secret"

_KEY = 0.8
_PASSWORD = 0.5

_KINDS = (
    ("private key", r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d"
                    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("AWS secret key", r"(?i:aws_?secret_?(?:access_?)?key)\W{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"),
    ("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})"),
    ("GitLab token", r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w-]{20,}"),
    ("Slack token", r"\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}"
                    r"|hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}"),
    ("Stripe key", r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9]{24,}"),
    ("OpenAI or Anthropic key", r"\bsk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{24,}"),
    ("Google key", r"\bAIza[\w-]{35}(?![\w-])|\bya29\.[\w-]{30,}|\bGOCSPX-[\w-]{28}"),
    ("JSON web token", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("PyPI token", r"\bpypi-AgE[\w-]{50,}"),
    ("SendGrid key", r"\bSG\.[\w-]{16,32}\.[\w-]{16,64}"),
    ("Mailgun or Mailchimp key", r"\bkey-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("Twilio key", r"\bSK[0-9a-f]{32}\b"),
    ("Shopify token", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    ("DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("Hugging Face token", r"\bhf_[A-Za-z]{30,40}\b"),
    ("Azure key", r"\bAccountKey=[A-Za-z0-9+/]{60,}={0,2}|\bSharedAccessKey=[A-Za-z0-9+/]{40,}={0,2}"),
    ("Vault token", r"\bhv[sbr]\.[\w-]{20,}"),
    ("Atlassian token", r"\bATATT3[\w=-]{50,}|\bATCTT3[\w=-]{50,}"),
    ("Databricks token", r"\bdapi[0-9a-f]{32}\b"),
    ("Telegram bot token", r"\b\d{8,10}:AA[\w-]{33}(?![\w-])"),
    ("Discord webhook", r"discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{30,}"),
    ("Heroku, Linear, Notion or Square key", r"\b(?:HRKU-[\w-]{30,}|lin_api_[A-Za-z0-9]{32,}|ntn_[A-Za-z0-9]{40,}"
                                             r"|sq0csp-[\w-]{40,})"),
    ("password in an address", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,60}:(?!\*|x{3})[^\s:/@]{3,80}@[\w.-]{3,}"),
)  # fmt: skip
_ANCHORS = (
    "private key", "putty-user", "age-secret", "akia", "asia", "secret", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "github_pat", "glpat", "gldt", "glrt", "glcbt", "glptt", "glft", "glimt", "glagent", "gloas", "glsoat", "xox",
    "xapp", "hooks.slack", "sk_", "rk_", "whsec", "sk-", "aiza", "ya29", "gocspx", "eyj", "npm_", "pypi-", "sg.",
    "key-", "-us", "sk", "shpat", "shpca", "shppa", "shpss", "_v1_", "hf_", "accountkey", "accesskey", "hvs.", "hvb.",
    "hvr.", "atatt3", "atctt3", "dapi", ":aa", "discord", "hrku-", "lin_api", "ntn_", "sq0", "://",
)  # fmt: skip
"""In lower case; without one of them no key is looked for."""
_KEYS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)

_ARABIC_WORD = (
    r"(?:(?:ال|بال|لل)?باس ?وو?رد|(?:ال)?باس|كلم[ةه]\s(?:ال)?(?:مرور|سر)|(?:ال)?رقم\s(?:ال)?سر[يى]"
    r"|(?:ال)?رمز\s(?:ال)?(?:سر[يى]|دخول|مرور|تحقق)|(?:ال)?كود\s(?:ال)?(?:دخول|سر[يى]|تفعيل))"
)
_PASSWORD_WORD = (
    r"(?:pass ?words?|passwd|pwd|pass ?phrase|passcode|pass|api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?(?:key|token)"
    r"|auth[ _-]?token|token|credentials|\bpin(?: code)?|otp)"
    rf"|{_ARABIC_WORD}(?:\s[^\s:=]{{1,15}}){{0,3}}?"
)
_AFTER_WORD = re.compile(
    rf"(?<!\w)(?:{_PASSWORD_WORD})(?!\w)(?:\s(?:for|to|of)\s[^:=]{{1,40}}?|\s?\([^()]{{1,30}}\))?"
    r"(?P<sign>\s{0,3}(?::|=|->|→|：)\s{0,3}|\s(?:is|are|was|will be|هي|هو|هوه|هيه)\s?:?\s?)"
    r"[\"'“«`(]?(?P<value>[^\s\"'”»`]{4,80})",
    re.IGNORECASE,
)
_UNSIGNED = re.compile(
    rf"(?<!\w)(?:{_ARABIC_WORD}(?:\s[^\s:=]{{1,15}}){{0,4}}?|password)\s(?P<value>[!-.0-~]{{7,40}})(?=[\s.,؛،]|$)"
)
"""A password that only follows its word: it has to look like nothing else."""
_PIN = re.compile(
    r"(?<!\w)(?:pin(?: (?:code|number))?|(?:ال)?رقم\s(?:ال)?سر[يى]|(?:ال)?رمز\s(?:ال)?(?:سر[يى]|دخول|تحقق)"
    r"|(?:ال)?كود\s(?:ال)?(?:دخول|سر[يى]|تفعيل))(?:\s[^\s:=\d]{1,15}){0,2}?\s(?P<value>\d{4,6})(?![\w/.-]|\s\d)",
    re.IGNORECASE,
)
_ENDINGS = ".,;:!?)،؛"
_PIN_DIGITS = 4
"""Six are a postal code in some countries."""
_KINDS_OF_SIGNS = 3
_PASSWORD_HINTS = (
    "pass", "pwd", "key", "secret", "token", "credential", "pin", "otp", "باس", "كلمه", "سري", "رمز", "كود",
)  # fmt: skip
_MEETING = re.compile(
    r"\b(?:meeting|zoom|teams|webex|dial|conference|bridge|call-?in|participant|host code|leader|gotomeeting)\b"
    r"|اجتماع|زووم",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(r"https?:|www\.|[*•x.X_-]{4,}$|<|\[|\{|%|\$\{|[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]{2}")
_BITS = 2.5
"""Bits a character; words of a language repeat their letters and stay below, or have one case and no digit."""


class _Secret(NamedTuple):
    kind: str
    shown: str
    probability: float
    passage: Passage


def check(message: Message, history: History, context: Context) -> list[Finding]:
    outside = outsiders(message, context)
    if not outside:
        return []
    text = everything(message)
    if not (_any(_ANCHORS, text) or _any(_PASSWORD_HINTS, text)):
        return []
    found: dict[tuple[str, str], _Secret] = {}
    for passage, meeting in _with_meetings(message):
        for secret in _secrets(passage, meeting):
            found.setdefault((secret.kind, secret.shown), secret)
    return [_finding(secret, named_domains(outside)) for secret in found.values()]


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)


def _with_meetings(message: Message) -> Iterator[tuple[Passage, bool]]:
    """Each passage, and whether a line just above it speaks of a meeting, whose passcodes are made to be sent."""
    above = 0
    for passage in passages(message):
        above = 6 if _MEETING.search(passage.text[:500]) else above - 1
        yield passage, above > 0


def _secrets(passage: Passage, meeting: bool) -> Iterator[_Secret]:
    if _any(_ANCHORS, passage.plain):
        for kind, pattern in _KEYS:
            if match := pattern.search(passage.text):
                yield _Secret(kind, _start(match[0]), _KEY, passage)
                return
    if not _any(_PASSWORD_HINTS, passage.plain):
        return
    if meeting:
        return
    for match in _AFTER_WORD.finditer(passage.text):
        value = match["value"].rstrip(_ENDINGS)
        if _is_password(match[0].lower(), value, stated=match["sign"].strip()[:1] in (":", "=", "-", "→")):
            yield _Secret("password", masked(value, 2), _PASSWORD, passage)
            return
    for match in _UNSIGNED.finditer(passage.text):
        value = match["value"].rstrip(_ENDINGS)
        if _kinds_of_signs(value) >= _KINDS_OF_SIGNS and not _NO_SECRET.match(value):
            yield _Secret("password", masked(value, 2), _PASSWORD, passage)
            return
    if match := _PIN.search(passage.text):
        yield _Secret("password", masked(match["value"], 1), _PASSWORD, passage)


def _kinds_of_signs(value: str) -> int:
    """How many of small letters, capitals, digits and other signs are in it."""
    tests = (str.islower, str.isupper, str.isdigit, _is_sign)
    return sum(any(test(char) for char in value) for test in tests)


def _is_sign(char: str) -> bool:
    return not char.isalnum()


def _start(secret: str) -> str:
    """What kind of key it is shows at its beginning, which is no secret."""
    return "…" if "://" in secret or "=" in secret or secret.startswith("-") else f"{secret[:4]}…"


def _is_password(said: str, value: str, stated: bool) -> bool:
    """Whether what follows the word is one: mixed enough, and not the next word of a sentence."""
    if len(value) < 4 or _NO_SECRET.match(value):
        return False
    digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if "pin" in said:
        return value.isdigit() and len(value) == _PIN_DIGITS
    if "رقم" in said or "رمز" in said or "otp" in said or "كود" in said:
        return value.isdigit() and 4 <= len(value) <= 8
    signs = any(not char.isalnum() for char in value.strip("-_/'’."))
    if value.isdigit():
        return stated and len(value) >= 6 and "passcode" not in said
    mixed = letters and (digits or signs) and len(value) >= 6
    cases = value != value.lower() and value[1:] != value[1:].lower() and value != value.upper() and len(value) >= 8
    return (mixed or cases) and _entropy(value) >= _BITS and (stated or digits)


def _entropy(text: str) -> float:
    """Bits a character (Shannon)."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _finding(secret: _Secret, domains: str) -> Finding:
    """About nothing that comes again: to be known by "this is fine" a secret would have to be kept."""
    if secret.kind == "password":
        said = reason("A password stands in the text, and it goes to {domains}", domains=domains)
    else:
        said = reason(
            "A secret ({kind}, {shown}) is in it, and it goes to {domains}",
            kind=secret.kind, shown=secret.shown, domains=domains,
        )  # fmt: skip
    return Finding(CODE, secret.probability, said, secret.passage.where)
