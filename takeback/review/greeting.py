"""Whom a message greets, in English and Arabic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from takeback.review.names import parts
from takeback.review.text import Line


class Greeting(NamedTuple):
    """`names` are whom it greets, each the parts of one name; `bare` is a name alone at the beginning of the text."""

    names: tuple[tuple[str, ...], ...]
    words: str
    line: int
    bare: bool


_LOOKED_AT = 4
"""Lines of text in which a greeting stands."""
_LONGEST = 100

_EN_HELLO = re.compile(
    r"(?:hi|hello|hey|hiya|dear|dearest|greetings|good (?:morning|afternoon|evening|day)|morning|gm|ahlan|marhaba"
    r"|salam|salaam|assalamu? ?alaikum|my dear)"
    r"(?: there)?\s?,?\s(?:(?:mr|mrs|ms|miss|dr|prof|eng)\.? ){0,2}"
    r"(?P<names>[^.!?:;,\d@]{2,60}?)\s{0,3}(?:[,!.:;—–-]|$)"
)
_EN_BARE = re.compile(
    r"(?P<names>[^\W\d_]{2,20}(?:[ -][^\W\d_]{1,20}){0,2}(?:(?:\s(?:and|&)\s|/"
    r"|,\s)[^\W\d_]{2,20}){0,3})\s?(?:,|:|-{1,2}|–|—|!)\s?$"
)
_TITLE = (
    r"(?:(?:ال)?(?:استاذ|استاذه|دكتور|دكتوره|مهندس|مهندسه|سيد|سيده|اخ|اخت|شيخ|شيخه|زميل|زميله|عزيز|عزيزه|مدير|محامي"
    r"|محاميه|بروفيسور|انسه|كابتن|حاج|حاجه)"
    r"|[ادم]\.|[ادم] ?/|سعاده|معالي|فضيله|حضره|جناب|اخي|اختي|عزيزي|عزيزتي|صديقي|زميلي|زميلتي|باشمهندس|بشمهندس"
    r"|ابن العم|سياده|استاذنا|استاذي|المكرم|المكرمه|الفاضل|الفاضله|يا|الي)"
)
_AR_HELLO = (
    r"(?:و?(?:ال)?سلام(?: عليكم)?(?: ورحمه الله)?(?: وبركاته)?|مرحبا(?: بك| بكم)?|اهلا(?: وسهلا)?(?: بك| بكم)?"
    r"|هلا(?: والله)?|هاي|صباح (?:ال)?(?:خير|نور|الفل|الورد)"
    r"|مساء (?:ال)?(?:خير|نور)|تحيه طيبه(?: وبعد)?|بعد التحيه|حياك(?:م)? الله|اسعد الله (?:صباحك|مساءك"
    r"|اوقاتك)\w{0,2}|هلو|سلام|يا هلا|كيفك|كيف حالك)"
)
_AR_GREETING = re.compile(
    rf"(?P<hello>{_AR_HELLO}[\s,!.]{{0,3}})?(?P<titles>(?:{_TITLE}[\s/]{{0,2}}){{0,4}})(?P<names>[^.!?:;,\d@]{{2,60}}?)\s{{0,3}}(?:[,!.:;—–-]|$)"
)
_AR_ENDS = re.compile(
    r"(?<!\w)(?:المحترم\w{0,3}|حفظ(?:ه|ها|ك|كم) الله|الفاضل\w{0,2}|الكريم\w{0,2}|الموقر\w{0,2}"
    r"|العزيز\w{0,2}|الغالي\w{0,2}|حفظكم|سلمه الله|وفق\w{1,2} الله|تحيه|السلام|وبعد|بعد التحيه"
    r"|طال عمرك|مساء|صباح|مرحبا|اهلا|كيف|شلونك|شخبارك|ازيك|كيفك)(?!\w).*"
)
_BETWEEN = re.compile(r"\s?(?:,|&|/|\band\b)\s?|\sو(?=\w{2})|\s+و\s+")
_EVERYBODY = frozenset(
    [
        "all",
        "team",
        "everyone",
        "everybody",
        "folks",
        "guys",
        "both",
        "friends",
        "colleagues",
        "sir",
        "madam",
        "sirs",
        "there",
        "again",
        "customer",
        "partner",
        "partners",
        "members",
        "ladies",
        "gentlemen",
        "class",
        "students",
        "parents",
        "group",
        "committee",
        "support",
        "sales",
        "hiring",
        "manager",
        "editor",
        "user",
        "neighbors",
        "friend",
        "love",
        "honey",
        "world",
        "thanks",
        "thank",
        "regards",
        "please",
        "note",
        "fyi",
        "sorry",
        "yes",
        "no",
        "ok",
        "okay",
        "sure",
        "well",
        "however",
        "also",
        "attached",
        "best",
        "cheers",
        "great",
        "hello",
        "hi",
        "hey",
        "good",
        "dear",
        "from",
        "to",
        "subject",
        "date",
        "cc",
        "urgent",
        "reminder",
        "agenda",
        "update",
        "question",
        "questions",
        "summary",
        "background",
        "next",
        "today",
        "tomorrow",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "may",
        "as",
        "so",
        "and",
        "the",
        "a",
        "in",
        "on",
        "if",
        "this",
        "that",
        "we",
        "i",
        "you",
        "it",
        "is",
        "per",
        "الجميع",
        "جميع",
        "جميعا",
        "الكل",
        "شباب",
        "الزملاء",
        "زملاء",
        "الاخوه",
        "اخوان",
        "الاخوان",
        "فريق",
        "الفريق",
        "الساده",
        "عملاء",
        "العملاء",
        "اصدقاء",
        "الاصدقاء",
        "عليكم",
        "ورحمه",
        "مدير",
        "قسم",
        "اداره",
        "شركه",
        "كل",
        "زملايي",
        "الطلاب",
        "اعضاء",
        "بخصوص",
        "بالاشاره",
        "اشاره",
        "نعم",
        "شكرا",
        "تم",
        "طيب",
        "تمام",
        "حبيت",
        "ارجو",
        "يرجي",
        "نرجو",
        "مرفق",
        "الموضوع",
        "السلام",
        "سلام",
        "بناء",
        "وبعد",
        "تحيه",
        "مستخدم",
    ]
)


def greeting(lines: Iterable[Line]) -> Greeting | None:
    """The greeting at the head of a text; None where there is none, or it greets everybody or nobody by name."""
    seen = 0
    for line in lines:
        if not line.plain:
            continue
        seen += 1
        if seen > _LOOKED_AT:
            return None
        if found := _greeting(line.plain[:_LONGEST], first=seen == 1):
            named = tuple(name for name in found[0] if name)
            return Greeting(named, line.text.strip()[:_LONGEST], line.number, found[1]) if named else None
    return None


def _greeting(plain: str, first: bool) -> tuple[list[tuple[str, ...]], bool] | None:
    """The names and whether they stand alone; None where this is no greeting."""
    if match := _EN_HELLO.match(plain):
        return _names(match["names"]), False
    if (match := _AR_GREETING.match(plain)) and (match["hello"] or match["titles"].strip()):
        words = _AR_ENDS.sub("", match["names"]).strip()
        names = _names(words) if len(words.split()) <= 6 else []
        return (names, False) if names or match["titles"].strip() else None
    if first and (match := _EN_BARE.match(plain)):
        return _names(match["names"]), True
    return None


def _names(written: str) -> list[tuple[str, ...]]:
    """The parts of each name; empty where somebody is not greeted by name."""
    found = []
    for piece in _BETWEEN.split(written)[:6]:
        name = parts(piece)
        if not name or len(name) > 5 or _EVERYBODY.intersection(name) or _EVERYBODY.intersection(piece.split()):
            return []
        found.append(name)
    return found
