"""A thread that was among colleagues is passed on to somebody outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from takeback.review.finding import Finding, Where, about
from takeback.review.history import History
from takeback.review.leaks import destination, outsiders
from takeback.review.message import Addressee, Message
from takeback.review.rule import Context
from takeback.review.saying import reason
from takeback.review.threads import depth, quoted_people

CODE = "forwarded_outside"

_INTERNAL = 0.3
_NEW_IN_REPLY = 0.45
_LONG = 0.1
"""More, for a thread in which several messages are quoted: few people read all of it again."""
_CONFIDENTIAL = 0.8
_SEVERAL = 3

_SECRET_WORDS = re.compile(
    r"\b(?:confidential|internal (?:use )?only|for internal use|do not (?:forward|distribute|share)"
    r"|not for (?:distribution|forwarding|external)|strictly private"
    r"|privileged|company secret|trade secret|off the record|between us|keep this (?:internal|between)"
    r"|internal (?:discussion|memo))\b"
    r"|(?<!\w)(?:ال)?سري(?:ه|ا)?(?!\w)(?! (?:ال)?للغايه من)|للاستخدام الداخلي|للاطلاع الداخلي|داخلي فقط|لا (?:يعاد"
    r"|تعيد|يجوز|تعيدوا) (?:ال)?(?:توجيه|ارسال|نشر|تداول)|غير قابل للنشر"
    r"|ليس للنشر|ليست للنشر|بيننا فقط|لا يخرج من|لا تشارك\w{0,3}|خاص بالموظفين|سر(?:ي)?ه? للغايه"
)
_DISCLAIMING = re.compile(r"intended|recipient|addressee|in error|privileged and|المرسل اليه|المستلم|بالخط[اي]")


def check(message: Message, history: History, context: Context) -> list[Finding]:
    outside = outsiders(message, context)
    if not outside or message.automatic:
        return []
    people = set(quoted_people(message))
    inside = {one for one in people if context.is_internal(one)}
    if not inside or inside != people or not (message.is_forward or inside - context.identities):
        return []
    thread = history.thread(message.subject)
    fresh = [one for one in outside if one.address not in thread]
    if not fresh:
        return []
    marked = next((line for line in message.passed_on() if _marks(line.plain)), None)
    if marked is not None:
        said = reason("A thread of colleagues that is marked confidential goes to {address}", address=fresh[0].address)
        return [
            Finding(CODE, _CONFIDENTIAL, said, Where(fresh[0].address, marked.number), _about("confidential", fresh))
        ]
    if not message.is_forward and not message.is_reply:
        return []
    probability = _INTERNAL if message.is_forward else _NEW_IN_REPLY
    if depth(message) >= _SEVERAL:
        probability += _LONG
    said = reason("A thread that was only among colleagues goes to {address}", address=fresh[0].address)
    return [Finding(CODE, probability, said, Where(recipient=fresh[0].address), _about("", fresh))]


def _about(kind: str, fresh: Sequence[Addressee]) -> str:
    """To whom; and if a thread was marked, threads that are."""
    return about(kind, destination(fresh))


def _marks(plain: str) -> bool:
    """Whether a line calls the mail secret, and is not a footer that calls every mail so."""
    return bool(_SECRET_WORDS.search(plain[:1_000])) and not _DISCLAIMING.search(plain[:1_000])
