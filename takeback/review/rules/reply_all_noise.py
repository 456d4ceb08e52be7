"""A word of thanks goes to everybody."""

from __future__ import annotations

import re

from takeback.review.arabic import normalised
from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import counted
from takeback.review.text import Origin

CODE = "reply_all_noise"

_PROBABILITY = 0.4
_MANY = 8
_MOST_WORDS = 10

_COURTESY = (
    r"(?:many |great |big )?(?:thanks|thank you|thx|tks|ty|thank u)(?: (?:so much|very much|a lot|again|all|everyone"
    r"|team|you|for (?:this|that|sharing|letting (?:us|me) know|the (?:info|information|update|heads up))))*"
    r"|ok(?:ay)?|noted(?: with thanks)?|got it|received|will do|great(?: news| job| work)?|awesome|perfect|agreed?"
    r"|me too|same here|\+1|congrats|congratulations(?: all| everyone)?|well done"
    r"|good luck|welcome(?: aboard| back)?|sounds good|yes|no|done|please remove me(?: from (?:this|the) list)?"
    r"|unsubscribe|please unsubscribe me|cheers|nice|regards|best regards|kind regards"
    r"|و?(?:الف |جزيل |خالص )?(?:ال)?شكرا?(?: جزيلا| لك| لكم| جميعا| للجميع| يا شباب| كثير| الك| لافادتك\w{0,2}"
    r"| للتوضيح| علي (?:التوضيح|الافاده|المعلومات|المشاركه))*|مشكور(?:ين)?|تم(?: الاستلام| التنفيذ| الاطلاع)?|تمام"
    r"|وصلت?|علم|معلوم|مبروك|الف مبروك|مبارك|تهانينا"
    r"|بالتوفيق|موفقين|ممتاز|رايع|احسنت\w{0,2}|جزاك\w{0,2} الله خيرا?|الله يعطيك\w{0,2} العافيه|يعطيك\w{0,2} العافيه"
    r"|تسلم\w{0,3}|اوك(?:ي)?|حاضر|ان شاء الله|امين|موافق|نعم|لا|ابشر|تحياتي|مع التحيه"
)
_ONLY_COURTESY = re.compile(rf"(?:(?:{_COURTESY})(?!\w)(?: \w{{2,20}})?[\s,.!;:)(…-]*+){{1,4}}$")


def check(message: Message, history: History, context: Context) -> list[Finding]:
    others = [one for one in message.recipients if one.address not in context.identities]
    if not message.is_reply or message.automatic or len(others) < _MANY or message.attachments:
        return []
    words = " ".join(line.plain for line in message.written() if line.plain)
    if not words:
        words = " ".join(line.plain for line in message.lines if line.origin is Origin.SIGNATURE)[:200]
    if len(words.split()) > _MOST_WORDS or len(words) > 120 or not _ONLY_COURTESY.match(normalised(words)):
        return []
    said = counted(
        "A word of thanks goes to {number} person",
        "A word of thanks goes to all {number} people of the thread",
        len(others),
    )
    return [Finding(CODE, _PROBABILITY, said)]
