"""A template was sent before it was filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from takeback.review.arabic import normalised
from takeback.review.finding import Finding, Where, about
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.own import own_lines
from takeback.review.rule import Context
from takeback.review.saying import excerpt, reason

CODE = "placeholder"

_SURE = 0.7
_CODE_LIKE = 0.1

_FIELD = (
    r"(?:first|last|full|given|family|sur|middle|user|nick|contact|client|customer|company|recipient|candidate"
    r"|manager"
    r"|your|his|her|their|sender|account|project|product|order|invoice|event|job|insert|add|enter|fill in"
    r"|placeholder|name"
    r"|date|title|position|amount|address|phone|email|e-mail|city|department|deadline|salutation|signature"
    r"|organi[sz]ation)"
)
_AR_FIELD = (
    r"(?:(?:ال)?اسم|(?:ال)?تاريخ|(?:ال)?مبلغ|(?:ال)?رقم|ادخل|اكتب|ضع|املا|يكتب|(?:ال)?عنوان|(?:ال)?وظيفه|(?:ال)?مسمي"
    r"|(?:ال)?جهه|(?:ال)?شركه|(?:ال)?عميل|(?:ال)?مستلم"
    r"|(?:ال)?مدينه|(?:ال)?قسم|(?:ال)?لقب|(?:ال)?هاتف|(?:ال)?بريد|(?:ال)?مشروع|(?:ال)?موعد|(?:ال)?يوم|(?:ال)?ساعه"
    r"|اسمك|توقيع)"
)
_TEMPLATE = re.compile(
    r"\{\{[^{}\n]{1,60}\}\}"
    rf"|\$\{{{_FIELD}[\w. ]{{0,30}}\}}|(?<![{{$])\{{{_FIELD}[\w. ]{{0,30}}\}}(?!\}})"
    r"|%[A-Za-z]{2,20}(?:_[A-Za-z]{2,20}){1,3}%|%%[A-Za-z_ ]{2,30}%%|(?<![\w%])%(?:NAME|FIRSTNAME|LASTNAME|EMAIL"
    r"|COMPANY|DATE)%"
    r"|\*\|[A-Za-z_:]{2,40}\|\*"
    rf"|\[{_FIELD}(?:[ _/-][\w' /_-]{{0,40}})?\]"
    rf"|<{_FIELD}(?:[ _-](?:name|date|here|number|title|address|company|email|amount|position))?>"
    r"|<<[A-Za-z_ ]{2,30}>>|«[A-Za-z_ ]{2,30}»"
    rf"|[\[<{{«]\s?{_AR_FIELD}(?:[ _/][^\[\]<>{{}}«»\n]{{0,40}})?\s?[\]>}}»]"
    r"|\((?:insert|enter|your|client|recipient|customer)(?: (?:name|date|amount|title|company|here))+\)"
    r"|\(\s?(?:اسم (?:ال)?(?:مستلم|عميل|شركه|موظف|مرسل|جهه|طالب|مشروع)|ادخل|اكتب|ضع|يكتب|تاريخ اليوم)[^()\n]{0,40}\)"
    r"|\blorem ipsum\b|\bxx/xx/(?:xx)?xx\b|\bdd/mm/yyyy\b|\{\{\s?[^{}\n]{1,40}\s?\}\}",
    re.IGNORECASE,
)
_FILE_MARK = re.compile(r"\.\w{2,5}>>$")
_HALF_GREETING = re.compile(
    r"dear\s?(?:mr\.?|mrs\.?|ms\.?|dr\.?|mr\.?/ms\.?)?\s(?:,|-{3,})$|dear (?:mr\.?|mrs\.?|ms\.?|dr\.?)\s?,$"
    r"|(?:dear|hi|hello|hey|to)\s?(?:mr\.?|mrs\.?|ms\.?|dr\.?|mr\.?/ms\.?)?\s{0,4}(?:_{2,}|\.{4,}|x{3,}\b"
    r"|\[\s{0,5}\]|…|\(name\))\s{0,3},?$"
    r"|(?:السيد|السيده|الاستاذ|الاستاذه|السيد ?/ ?السيده|الاخ|الاخت|الدكتور|المهندس|سعاده|عزيزي|عزيزتي"
    r"|حضره)(?:/ه)?(?: (?:السيد|الاستاذ|الدكتور))?\s?[/:]?\s?"
    r"(?:\.{3,}|…{1,}|_{2,}|-{3,}|x{3,}|\(\s{0,5}\)|\[\s{0,5}\])\s?(?:المحترم\w{0,2}|حفظه الله|,)?.{0,10}$"
    r"|(?:السيد|السيده|الاستاذ|الاستاذه|السيد ?/ ?السيده|الاخ|الدكتور|المهندس)(?:/ه)?\s?/?\s{0,3}المحترم\w{0,2}\s?,?$"
)
_BLANKS = re.compile(
    r"(?:بتاريخ|الموافق|وقدره|مبلغ|رقم|بمبلغ|في يوم|dated?|amount|number|no\.)(?: \w{1,12})?\s{0,3}:?\s{0,3}"
    r"(?:_{4,}|\.{5,}|…{2,}|x{4,}\b|#{4,})"
)
_ABOUT_CODE = re.compile(
    r"\b(?:templates?|render|variables?|jinja|handlebars|mustache|merge ?(?:field|tag)s?|placeholders?|syntax|script"
    r"|regex|function|html|json|yaml|snippet)\b"
    r"|قالب|قوالب|متغير|القوالب|كود|سكربت"
)
_SIGNS = re.compile(
    r"[{\[<%«]|\*\||lorem|xx/|dd/mm|____|####|\.{5}|……|xxxx|\((?:insert|enter|your|client|recipient|customer) "
    r"|\(\s?(?:اسم|ادخل|اكتب|ضع|يكتب|تاريخ)"
)
"""One of these is in every template."""
_GREETING_LINES = 3
_FORM = 40
"""Lines of a text in which blanks are there to be filled in by its reader."""
_MOST_LINES = 300
_LONGEST_LINE = 1_000


class _Found(NamedTuple):
    words: str
    line: int
    probability: float


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic:
        return []
    found = max(_found(message, history), key=lambda item: item.probability, default=None)
    if found is None or found.probability < _SURE:
        return []
    said = reason("“{words}” looks like a template that was not filled in", words=excerpt(found.words, 40))
    where = Where(line=found.line) if found.line else Where()
    return [Finding(CODE, found.probability, said, where, about(found.words[:_LONGEST_LINE]))]


def _found(message: Message, history: History) -> Iterator[_Found]:
    if match := _TEMPLATE.search(normalised(message.subject)):
        yield _Found(match[0], 0, _SURE)
    own = own_lines(message, history)[:_MOST_LINES]
    for line in own[:_GREETING_LINES]:
        if _HALF_GREETING.match(line.plain[:120]):
            yield _Found(line.plain, line.number, _SURE)
    about_code = None
    for line in own:
        text = line.plain[:_LONGEST_LINE]
        if not _SIGNS.search(text):
            continue
        if about_code is None:
            about_code = any(_ABOUT_CODE.search(other.plain, 0, _LONGEST_LINE) for other in own)
        for match in _TEMPLATE.finditer(text):
            if not _FILE_MARK.search(match[0]):
                yield _Found(match[0], line.number, _CODE_LIKE if about_code else _SURE)
        if match := _BLANKS.search(text):
            yield _Found(match[0], line.number, _CODE_LIKE if len(own) > _FORM else _SURE)
