"""Whether a sentence promises an attachment, in English and Arabic.

A promise is a word of attaching in a place where its writer says "here it is". A denial beside it takes it back:
somebody else attached it, or it comes later, or it is thanked for, or it hangs on a wall. All patterns read one clause
of normalised text, cut to a length, and are built so that none goes over the same characters again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from takeback.review.arabic import has_arabic, with_clitics

_LONGEST_SENTENCE = 1_500


class Strength(IntEnum):
    NONE = 0
    HINT = 1
    """"Here is the report": often a file, sometimes only words."""
    CLEAR = 2
    """"Attached is the report": nothing else is meant."""


class Promise(NamedTuple):
    strength: Strength
    words: str
    """The clause that says it, normalised."""


NO_PROMISE = Promise(Strength.NONE, "")


def promise(sentence: str, *, above_quote: bool = False, answers_promise: bool = False) -> Promise:
    """The strongest promise of a sentence of normalised text. `above_quote`: mail of others stands below it, so that
    "the attached message" is there. `answers_promise`: what is answered promised a file itself, so that to mention
    "the attached letter" is to speak of that one."""
    sentence = sentence[:_LONGEST_SENTENCE]
    language = _ARABIC if has_arabic(sentence) else _ENGLISH
    if not language.mention.search(sentence):
        return NO_PROMISE
    best = NO_PROMISE
    for clause, follows in _clauses(sentence):
        strength = _strength(clause, language, above_quote, answers_promise)
        if strength is Strength.HINT and follows.startswith(":"):
            continue  # what is announced stands in the text itself
        if strength > best.strength:
            best = Promise(strength, clause)
    return best


class _Words(NamedTuple):
    """The patterns of one language."""

    mention: re.Pattern[str]
    """What every promise contains; without it nothing else is looked at."""
    clear: Sequence[re.Pattern[str]]
    mentioned: Sequence[re.Pattern[str]]
    """As clear, where nobody else's file can be meant."""
    hint: Sequence[re.Pattern[str]]
    denial: Sequence[re.Pattern[str]]
    below: re.Pattern[str]
    """What is called attached when it only stands below."""


def _strength(clause: str, language: _Words, above_quote: bool, answers_promise: bool) -> Strength:
    if not language.mention.search(clause):
        return Strength.NONE
    if any(pattern.search(clause) for pattern in language.denial):
        return Strength.NONE
    if above_quote and language.below.search(clause):
        return Strength.NONE
    if any(pattern.search(clause) for pattern in language.clear):
        return Strength.CLEAR
    if any(pattern.search(clause) for pattern in language.mentioned):
        return Strength.NONE if answers_promise else Strength.CLEAR
    if any(pattern.search(clause) for pattern in language.hint):
        return Strength.HINT
    return Strength.NONE


_CLAUSE_END = re.compile(r"[,:;()]\s++|\s[-–—]{1,2}\s|(?:\s|^)(?:but|however|though|لكن|ولكن|الا ان|غير ان|بس)(?=\s)")


def _clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """Each clause, and what ends it."""
    at = 0
    for match in _CLAUSE_END.finditer(sentence):
        yield sentence[at : match.start()].strip(), match[0]
        at = match.end()
    yield sentence[at:].strip().removesuffix(":"), sentence[-1:]


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


# English

FILE_ENDINGS = (
    "docx?|docm|xlsx?|xlsm|xlsb|pptx?|pps|pdf|csv|zip|rar|7z|txt|rtf|odt|ods|odp|jpe?g|png|gif|tiff?|bmp|dwg|vsdx?"
    "|mpp"
    "|mdb|wpd|mp[34]|mpe?g|mov|wav|msg|eml|pages|numbers|key|ics|xml|json"
)
_FILE_NAME = rf"(?<![\w/.@])[\w\-&()+#']{{1,80}}\.(?:{FILE_ENDINGS})(?![\w/.@])"
_ONLY_FILE_NAMES = rf"^[\W\d]{{0,10}}(?:{_FILE_NAME}\W{{0,5}}){{1,10}}$"
_THING = (
    r"(?:file|document|doc|report|spreadsheet|spread sheet|presentation|deck|slides?|draft|contract|agreement|invoice"
    r"|receipt|resume|cv|memo|letter|form|list|schedule|chart|table|picture|photo|photos|pictures|pics?|screenshot"
    r"|screen shot|image|pdf|copy|copies|version|summary|analysis|worksheet|workbook|template|proposal|quote"
    r"|quotation"
    r"|statement|minutes|agenda|plan|drawing|scan|zip|powerpoint|excel|brochure|budget|model|confirmation"
    r"|imbalances)s?"
)
_ATTACHED = r"(?:attached|attched|atached|attahced|attaced)"
_ENCLOSED = r"enclosed"
_LOOK = (
    r"(?:find|see|review|check|read|refer to|view|look (?:at|over|through)|use|open|note|complete|sign|fill (?:in"
    r"|out)"
    r"|consult|disregard|print|approve|consider)"
)
_HERE_SAYS = r"(?:is|are|i've|we've|i have|we have|have been|has been|i|we|here's|just|also|herewith|hereby|ve)"

_ENGLISH = _Words(
    mention=re.compile(
        r"att?[ac]+h|enclos|\bpfa\b|\bhere(?:'s| is| are| it | you)|\bhere$|\bfiles?\b|document|spreadsheet"
        r"|work(?:book"
        r"|sheet)|presentation"
        r"|pdf|\b(?:sending|forwarding|e-?mailing)\b|\.(?:doc|xls|ppt|pdf|zip|csv|txt|rtf|jpe?g|png|gif|tif|mp|key"
        r"|pages)"
    ),
    clear=_patterns(
        rf"\b{_LOOK}\b.{{0,50}}\b(?:{_ATTACHED}|{_ENCLOSED})\b",
        rf"\b{_LOOK}(?: (?:the|my|our|these|this|both|all|following|pdf|word|excel|e-?mail|in|at|to|two|three))"
        r"{0,3} (?:attachments?|enclosures?)\b",
        rf"^(?:(?:also|and|so|ok|hi|hello|please|fyi|the|your|as requested"
        rf"|per your request)\s){{0,2}}{_ATTACHED}\b(?! to (?!this|you))",
        rf"\b{_HERE_SAYS} (?:(?:also|now|already|just|hereby|herewith|again) )?(?:{_ATTACHED}|{_ENCLOSED})\b",
        rf"\b(?:{_ATTACHED}|{_ENCLOSED}) (?:is|are|please|you|herewith|here|hereto|for your|for you|in this|to this"
        rf"|below"
        r"|with this|pdf|word|excel|\w{0,20} ?(?:file|document|report|spreadsheet))",
        r"\b(?:i'm|i am|we're|we are|am|also|^) ?(?:now |just |hereby )?(?:re-?)?attaching\b",
        r"\b(?:i|we) (?:(?:have|hereby|also|now|just) )?(?:attach|enclose)\b",
        rf"^(?:{_ENCLOSED}|attachments?)\b",
        r"(?:^|\s)pfa\b",
        rf"\b{_ATTACHED}\W*$",
        r"\b(?:i|we)(?:'ve)? (?:forgot|forgotten) (?:to attach|the attachment|to include the (?:file|attachment))",
    ),
    mentioned=_patterns(
        rf"\b(?:the|my|our|this|these|both|per|as|using|with|two|three|in|on|and|from) {_ATTACHED}\b",
        r"\b(?:in|as|per|on|from|via|see|of|with|and|by|the|this|these|my|our|two|three|both|open|an)"
        r" (?:(?:e-?mail|pdf|word|excel|following|above|enclosed|the|an|first|second) )?attachments?\b",
    ),
    hint=_patterns(
        rf"\bhere(?:'s| is| are)\b.{{0,60}}\b{_THING}\b",
        r"^(?:\w+ )?here(?:'s| is| are|s) (?:it is|what you|the (?:latest|newest|revised|updated|one|info"
        r"|information|most))",
        r"^(?:\w+ )?here (?:it is|they are|you go)\b",
        r"\bthe following (?:files?|documents?|spreadsheets?)\b",
        r"\b(?:this|these) (?:word |excel |zip )?(?:file|spreadsheet|document|workbook|worksheet|presentation|pdf)s?"
        r" (?:has|have|contains?|shows?|is|are|was|were|includes?|represents?)\b",
        rf"\b(?:i'm|i am|we are|we're|am) (?:sending|forwarding|e-?mailing)\b.{{0,60}}\b{_THING}\b",
        r"\b(?:sending|send) (?:it|this|them|these) (?:to you )?(?:as|in) (?:a |an )?(?:word|pdf|excel|attach)",
        _ONLY_FILE_NAMES,
    ),
    denial=_patterns(
        r"\b(?:reviewed|received|read through|went over) (?:the|all|both|your) (?:\w+ )?attach",
        r"\bpurposes? of attach|\bcontain(?:s|ed|ing) (?:an? |any )?attachment"
        r"|\b(?:keep|kept|stay|remain|being) (?:\w+ ){0,3}attached",
        r"\b(?:recommend|suggest|propose|insist|prefer|ask|want)\w{0,3}\b.{0,20}\battach(?!ed|ment)",
        rf"(?:\bnot|n't|\bno|\bnever|\bwithout|\bcannot|\bunable to)(?: \w+){{0,2}} (?:re-?)?(?:attach|enclos"
        rf"|{_ATTACHED})",
        r"\b(?:thanks|thank you|thx|appreciate|grateful)\b.{0,60}\b(?:attach|enclos)",
        r"\b(?:your|his|her|their)\b(?: \w+){0,2} (?:attach|enclosure)",
        r"(?<!send )(?<!sending )(?<!sent )(?<!for )\b(?:you|he|she|they|who)(?:'ve|'d| have| had| has"
        r"|)?(?: \w+)? (?:attach|enclose)(?:ed|s)?\b",
        r"\b(?:did|have|can|could|were|are|do) you (?:\w+ )?(?:able to )?(?:get|got|receive|received|open|see|seen"
        r"|read)\b",
        r"\b(?:i|we)(?:'ve| have|) (?:(?:already|just|finally|not|now) )?(?:got|received|opened|saw|seen|downloaded"
        r"|reviewed"
        r"|looked|went|gone|checked|printed|read through)\b",
        r"\b(?:please|can you|could you|would you|kindly|you|to|must|should)\b.{0,25}\b(?:re-?send|send|e-?mail"
        r"|provide|add"
        r"|upload|submit|include|remove|delete|open|forward)\b.{0,25}\battachments?\b(?! (?:to|below))",
        r"\b(?:will|'ll|shall|going to|gonna|would|to be|plan to|intend to|should|must|could|might|cannot|once|when"
        r"|until"
        r"|unless|if|after|before|please|to|you|and)(?: (?!find|found|see|receive|note|review|my|our|the|your|an?"
        r"|this|please)\w+){0,2} "
        r"(?:attach|enclose)(?:ing|ed)?\b(?! (?:is|are|please|for|herewith|the|you|my|our|a)\b)",
        r"\b(?:will|'ll|shall|going to|gonna|would|to be|plan to|intend to)(?: (?!find|found|see|receive|note"
        r"|review)\w+){0,2} "
        r"(?:attach|enclos)",
        r"\b(?:please|pls|kindly|can you|could you|would you|remember to|forget to|need to|needs to|must|should"
        r"|have to)"
        r"(?: (?:also|re))? (?:attach|enclose)\b",
        r"\b(?:will|'ll|shall|going to)\b.{0,60}\b(?:later|tomorrow|soon|shortly|separately)\b",
        r"\b(?:in|to|with|of|from) (?:my|the|our|his|her|their|your|an?) (?:previous|last|earlier|prior|first"
        r"|original"
        r"|other|preceding|next|separate|following|follow-?up) (?:\w+ )?(?:e-?mail|mail|message|note|reply)",
        r"\b(?:attached|sent|enclosed|forwarded)(?: (?:it|them|this|these))? (?:yesterday|last (?:week|month|night"
        r"|time|year)"
        r"|earlier|previously|before)\b",
        r"\battached to (?!this\b|the (?:e-?mail|mail|message|note|invite|invitation)\b|you\b|my (?:e-?mail|mail"
        r"|message))",
        r"\b(?:strings? attached|attached (?:garage|bath|bathroom|house|home|office|building|dwelling)"
        r"|emotionally attached"
        r"|(?:get|got|getting|become|became|grown|so|very|too|deeply|feel|felt) attached)\b",
        r"\battachments? (?:theory|styles?|issues|orders?|disorder|figure|parenting|loss|bond|screw|brackets?|fee"
        r"|rate|level"
        r"|sizes?|limits?|reminder|policy|feature|button|fields?|icon|over|larger|bigger|greater|exceed|points?)\b",
        r"\battachments? (?:was|were|is|are|did|didn't|wouldn't|won't|can't|cannot|could not|couldn't|never|does"
        r"|doesn't)"
        r" (?:missing|not|empty|corrupt|corrupted|blank|broken|open|come|came|go|get)",
        r"\b(?:missing|forgotten|lost|corrupt|corrupted|suspicious|virus|malicious) attach",
        r"\b(?:save|rename|convert|saved|delete|deleted|called|named|download|open|run|edit|find|where|which"
        r"|the name)\b"
        rf".{{0,30}}{_FILE_NAME}",
        r"\b(?:here|in|at) (?:the|this) (?:office|house|building|list|file|case|plan|case|form|table)\b",
    ),
    below=re.compile(
        r"\b(?:below|beneath|underneath)\b|\b(?:attached|enclosed|forwarded|attachment) (?:\w+ )?(?:e-?mails?|mails?"
        r"|messages?|notes?"
        r"|memos?|threads?|correspondence|responses?|repl(?:y|ies)|strings?|conversations?|request|info|information"
        r"|from)\b"
    ),
)


# Arabic, in its normalised form: no vowels, one alef, ه for ة, ي for ى and ئ, و for ؤ

_AR_THING = with_clitics(
    "ملف|ملفات|تقرير|تقارير|مستند|مستندات|وثيقه|وثايق|عقد|عقود|فاتوره|فواتير|عرض|عروض|جدول|جداول|صوره|صور|نسخه|نسخ"
    "|نموذج|نماذج|كشف|كشوف|كشوفات|خطاب|محضر|مسوده|سيره|مذكره|بيان|بيانات|دراسه|خطه|ميزانيه|مقترح|رسم|رسومات|مخطط"
    "|مخططات|فايل|فايلات|بي دي اف|pdf|اكسل|excel|word|وورد|برزنتيشن|عرض السعر|تسعيره|ايصال|شهاده|استماره|بروفايل"
    "|كتالوج|قايمه|سكرين|سكرينشوت|باوربوينت"
)
_FOR_YOU = r"(?: ?(?:لك|لكم|لكي|لكما|لكو|الك|الكم|لحضرتك|لحضرتكم|لسيادتكم|لسعادتكم|لمعاليكم|اليك|اليكم|اليكي))?"
_MURFAQ = r"(?<!\w)[وف]?(?:بال|كال|لل|ال|ب|ك)?مرفق(?:لكم|لكو|لك|ات|ا|اته|اتها|ين|ان|ه|تان|تين|هما)?(?!\w)"
_BARE_MURFAQ = r"(?<!\w)(?:ب|ك)?مرفق(?:لكم|لكو|لك|ات|ا|اته|اتها|ين|ان|ه|تان|تين|هما)?(?!\w)"
"""Without the article: not one that is known already."""
_THIS_MAIL = r"(?:هذا|هذه|هال|ها|الكتاب|الخطاب|الرساله|خطابنا|كتابنا|رسالتنا|رسالتي|بريدي|البريد|الايميل|ايميلي|طلبي)"
_I_SEND = (
    r"(?<!\w)[وف]?(?:ارسل|نرسل|ابعث|نبعث|ابعت|نبعت|نبعتلك|نبعثلك|نبعثلكم|بعتلك|بعتلكم|بعتلكو|ببعتلك|ببعتلكم|ببعثلك"
    r"|ببعثلكم|ابعثلك|ابعتلك"
    r"|باعتلك|باعتلكم|باعت"
    r"|دازلك|دازلكم|ادزلك|دزيتلك|مطرش|اطرش|مرسل|مرسلك|حاطلك|حاطلكم|حطيتلك|نزلتلك|كنصيفط|(?:اقدم|نقدم) (?=لك|الي)"
    r"|اشاركك|نشارككم|اشارككم)"
)
_LATER = (
    r"(?<!\w)(?:بكره|بكرا|بكرة|باكر|غدا|غدوا|لاحقا|بعدين|الليله|العصر|المسا|مساء|قريبا|حالما|عندما|حين|لما|اول ما"
    r"|[اني](?:وصل|رجع|خلص|نتهي|جهز)"
    r"|بعد (?:ال)?(?:اجتماع|صلاه|غداء|غدا|دوام|عوده|رجوع|عيد|مراجع|موافق|اعتماد|ساع|يوم|شوي|قليل|ما)\w*"
    r"|(?:ال)?(?:اسبوع|شهر|يوم|مره) (?:ال)?(?:قادم|جاي|مقبل|تالي)\w{0,2}|نهايه (?:ال)?(?:اسبوع|شهر|يوم|دوام))(?!\w)"
)
"""When nothing is here yet."""
_WITH_THIS = r"(?:مع|في|ضمن|ب|رفق|طي) ?(?:(?:هذه|هذا|هال)\s?)?(?:ال)?(?:رساله|بريد|ايميل|خطاب|كتاب)\w{0,2}"
_ELSEWHERE = (
    r"ب(?:ال)?(?:ملف|طلب|معامل|شحن|قضي|عقد|استمار|نموذج|اضبار|قرار|فاتور|جواز|سجل|محضر)\w{0,3}"
    r"(?! (?:مضغوط|واحد|pdf|zip))"
)
"""What a paper is attached to, that is not this message."""

_ARABIC = _Words(
    mention=re.compile(
        r"رفق|رفاق|ربط|pfa|تجد|تلاق|تلق|ها ?ه|طيه|طيا|طي |ملحق|صحبت|اتاتش|اتتش|اتاش|attach|اليك|هاك|تفضل|هذا |هذه |هاد"
        r"|هاي |هاذا|ده |دي |دا "
        r"|رسل|بعت"
        rf"|بعث|باعت|داز|دز|طرش|حاط|حطيت|نزلت|صيفط|قدم|شارك|{_FILE_NAME}"
    ),
    clear=_patterns(
        rf"^[وف]?{_BARE_MURFAQ}|{_BARE_MURFAQ}$",
        rf"{_BARE_MURFAQ} ?(?:طيه|هنا|ل(?:ك|كم|كي|حضرتك|حضرتكم|سيادتكم|سعادتكم))(?!\w)",
        r"(?<!\w)[وف]?(?:تجد|ستجد|تلق|تلاق|هتلاق|بتلاق|حتلاق|نضع|اضع|شوف|انظر|راجع|اطلع)\w{0,3}(?!\w)"
        rf".{{0,40}}{_MURFAQ}",
        r"(?<!\w)[وف]?(?:ارفقت|ارفقنا|رفقت|رفقنا|نرفق|ارفقتلك|ارفقتلكم|رفقتلك|رفقتلكم|مرفقلك|مرفقلكم)(?:ه|ها|هم"
        r"|هما)?(?!\w)",
        r"(?<!\w)[وف]?ارفق(?:لك|لكم)?(?:ه|ها)? (?:لك|لكم|لكي|لحضرتك|لحضرتكم|لسيادتكم|لسعادتكم|لمعاليكم|اليك|اليكم|مع"
        r"|هنا|في)(?!\w)",
        r"(?:يسعدني|يسرني|يشرفني|يطيب لي|اود|اسمح لي|احب|ان) ارفق(?!\w)",
        r"(?<!\w)[وف]?(?:قمت|قمنا|قامت?|تم|تمت|جري|مع) ?(?:ب|ال)?ارفاق",
        rf"(?<!\w)[وف]?(?:ب)?(?:طيه|طيها|طيا)(?!\w)|(?<!\w)[وف]?(?:ب)?طي {_THIS_MAIL}",
        rf"(?<!\w)[وف]?(?:ب)?(?:رفق|رفقه) {_THIS_MAIL}|(?<!\w)[وف]?ب?رفقت(?:ه|ها)(?!\w)|(?<!\w)[وف]?ب?صحبت(?:ه"
        rf"|ها)(?!\w)"
        rf"|(?<!\w)[وف]?(?:ب)?صحبه {_THIS_MAIL}",
        r"(?<!\w)(?:تجد|ستجد|تلق|هتلاق|بتلاق|حتلاق|تلاق)\w{0,3} .{0,40}ملحق",
        rf"(?<!\w)(?:ال)?ملحق(?:ا|ه|ات)? (?:بهذا|بهذه|ب{_THIS_MAIL}|لكم|لك|مع|طيه)|(?<!\w)[وف]?(?:ملف\w{{0,2}}"
        rf"|الملف\w{{0,2}}) (?:ال)?ملحق",
        r"(?<!\w)[وف]?(?:في |ب|بال|لل)?(?:ال)?(?:اتاتش|اتتش|اتاتشمنت|اتاتشمينت|اتاشمنت|اتاشد|اتاتشد"
        r"|اتتاشمنت)\w{0,3}(?!\w)",
        r"\battach(?:ed|ments?|ing)?\b|\bpfa\b",
        rf"(?<!\w)[وف]?(?:تجد|ستجد|تلاق|هتلاق|ادرج|ضمن|اضف)\w{{0,4}} (?:لكم |لك )?(?:مع|في|ضمن|ب) ?(?:هذه|هذا"
        rf"|هال)\w{{0,8}}"
        rf"(?: (?:الرساله|البريد|الايميل|الخطاب))?.{{0,20}}{_AR_THING}",
        r"(?<!\w)و?(?:ربطا|بربطه|مربوطا)(?!\w)",
        r"(?<!\w)[وف]?(?:انا )?ارفق(?: \w+)? (?:سيرتي|ملفي|صورتي|طلبي|تقريري|\w{3,}تي|\w{3,}نا)(?!\w)",
        rf"^[وف]?{_WITH_THIS} {_AR_THING}",
        rf"(?:{_I_SEND}|ارسلت|بعثت|بعت|دزيت|ارسلنا|بعتنا|الحقت|الحقنا){_FOR_YOU} {_WITH_THIS}.{{0,30}}{_AR_THING}"
        rf"|(?<!\w)[وف]?(?:تجد|ستجد|تلق|تلاق|هتلاق|بتلاق)\w{{0,4}} (?:لكم |لك )?{_WITH_THIS}.{{0,30}}{_AR_THING}",
        rf"(?:{_I_SEND}|ارسلت|بعثت|بعت|دزيت|حطيت|نزلت|ارسلنا|بعتنا|وضعت)\b.{{0,60}}{_AR_THING}.{{0,40}}(?:مع|في|ب"
        rf"|بال)? ?(?:هذه الرساله|هذا الايميل"
        r"|هذا البريد|هالايميل|هالرساله|هنا|معاه|معها)(?!\w)",
    ),
    mentioned=_patterns(_MURFAQ),
    hint=_patterns(
        rf"(?<!\w)[وف]?(?:اليك|اليكم|اليكي|اليكما|هاك|هاكم|ا?تفضل|ا?تفضلي|ا?تفضلوا)(?: \w+){{0,2}} {_AR_THING}",
        rf"^[وف]?(?:هذا|هذه|هاذا|هاي|هاد|هدا|ده|دي|دا|هذي)(?: هو| هي)? {_AR_THING}.{{0,20}}(?:"
        rf"(?:(?:اللي|الذي|التي|الي) )?(?:طلبت|وعدت|سالت|اردت|اتفقنا|تكلمنا|تحدثنا|حكينا|ذكرت|تريد|تحتاج|بدك|تبي|عايز)"
        rf"|المطلوب|النهاي|بعد التعديل|بعد المراجع)",
        rf"^[وف]?ها ?(?:هو|هي|هم|هما)(?: \w+)? {_AR_THING}",
        rf"(?:^|(?<!\w)(?:ان|انا|نحن|كما|لذا|الان|ايضا|كذلك|هنا|عليكم|تحيه|وبعد) ){_I_SEND}{_FOR_YOU}(?: \w+){{0,2}}"
        rf" {_AR_THING}",
        r"^[وف]?ارفق \w{3,}",
        _ONLY_FILE_NAMES,
    ),
    denial=_patterns(
        r"(?<!\w)[وف]?(?:لا|لم|ما|لن|ليس|ليست) .{0,40}(?:اي|ايه) (?:\w+ )?مرفق",
        r"(?:حجم|عدد|نوع|صيغه|خانه|قسم|حذف|زر|رفع|سعه) (?:ال)?مرفق|مرفقات (?:ال)?مسموح",
        r"(?<!\w)[وف]?(?:وصل|استلم|تسلم|تلق)\w{0,4}\b.{0,40}(?:رفق|اتاتش|ملحق)",
        r"(?<!\w)[وف]?(?:لم|لن|مو|مش|ليس|ليست|بدون|دون|بلا|غير|مافي|مفيش|ماكو|مكانش|عدم|مب|موب"
        r"|ماهو)(?:\s\w+){0,2}\s(?:\w{0,3}رفق|\w{0,3}اتاتش|\w{0,3}اتتش|attach|\w{0,3}ارفاق|\w{0,2}ملحق)",
        r"(?<!\w)[وف]?(?:لا يوجد|لا توجد|لا تحتوي|لا يحتوي|لا اري|لا نري|لا استطيع|لا يفتح|لا يمكنني|لا اجد|لم اجد"
        r"|ما في|ما فيه|ما فيها|ما فيش"
        r"|ما لقيت|ما شفت|ما وصلني|ما وصل|ما جاني|ما قدرت|ما عرفت|ماقدرت|ما اجاني|ما وجدت|ماشفت|ماوصلني"
        r"|ما حصلت)\b.{0,30}(?:رفق|اتاتش|ملحق|ارفاق)",
        r"(?<!\w)[وف]?(?:ما|لا) ?(?:ا|ن|ت|ي)?رفق(?!\w{0,3}(?:ه|ها|هم)(?!\w))",
        r"المرفق(?:ات)?(?: \w+)? (?:وصل|واضح|ممتاز|مفيد|تمام|جيد|ناقص|سليم|صحيح|جميل|مناسب|غير واضح)\w{0,2}(?!\w)",
        r"(?<!\w)[وف]?(?:اقترح|نقترح|اري|افضل|يفضل|الافضل|يستحسن|يمكننا|بامكاننا|نستطيع|لعلنا|علينا"
        r"|هل)\b.{0,25}(?<!\w)[انت]رفق",
        r"(?<!\w)[وف]?هل (?:تم|جري|سبق|قمت\w?|لديك\w?|عندك\w?|يوجد|توجد|هناك|وصل\w{0,4}|استلم\w{0,4}) .{0,30}(?:رفق"
        r"|ارفاق|اتاتش)",
        r"(?<!\w)[وف]?(?:ساقوم|سنقوم|سوف [ان]قوم|راح [ان]قوم|هقوم) .{0,20}(?:ارسال|ارفاق|رفق)",
        r"(?:رفق|اتاتش)\w{0,5}\b.{0,20}(?:لا يفتح|لم يفتح|ما يفتح|مايفتح|مش بيفتح|ما بيفتح|مبيفتحش|مش راضي|لم يصل"
        r"|لم تصل|ما وصل|ناقص|تالف|فارغ|لا تفتح|لم تفتح)",
        r"(?:شكر|مشكور|ممتن|تسلم|شاكر|يعطيك العافيه|الله يعطيك)\w{0,4}\b.{0,40}(?:(?:علي|عن) (?:\w+ ){0,3}(?:ال"
        r"|لل)?(?:مرفق|ارفاق|ارسال|ملف)|لارسال|للمرفق|لارفاق|لمرفق|علي ما ارفق)",
        r"(?<!\w)[وف]?(?:وصل|وصلني|وصلنا|وصلتني|وصلتنا|وصلت|استلمت|استلمنا|تم استلام|تسلمت|تسلمنا|تلقيت|تلقينا|جاني"
        r"|جتني|اجاني|اجتني|اطلعت|اطلعنا|راجعت|راجعنا"
        r"|قرات|قرانا|قريت|شفت|شفنا|فتحت|فتحنا|تم الاطلاع|تمت مراجعه|حملت|نزلت من)\b.{0,40}(?:رفق|اتاتش|ملحق)",
        r"مرفق(?:ات)?(?:ك|كم|كما|كو|هم)(?!\w)|ارفق(?:تم|تموه|تموها|تي|تيه|وا|وه|وها)(?!\w)",
        r"(?:رفق|اتاتش)\w{0,4}\b.{0,30}(?:في|ب|مع|من|من قبل) ?(?:رسالتك|رسالتكم|بريدك|بريدكم|ايميلك|ايميلكم|خطابك"
        r"|خطابكم|كتابكم|طرفك|طرفكم|قبلك|قبلكم|عندك|عندكم)",
        r"(?:انك|انكم|انت|انتم|حضرتك|سيادتك|هو|هي|الزميل|العميل)\s(?:\w+\s){0,2}ارفق",
        r"(?<!\w)[وف]?(?:ارجو|نرجو|يرجي|الرجاء|رجاء|برجاء|ارجوك|فضلا|من فضلك|لو سمحت|ممكن|هل يمكن|يا ?ريت|عليك|عليكم"
        r"|يجب|يلزم|ينبغي|لازم|مطلوب|المطلوب|بحاجه|محتاج\w{0,2}|نحتاج|احتاج"
        r"|اريد|نريد|ابغي|ابي|بدي|بدنا|عايز\w{0,2}|عاوز\w{0,2}|التكرم|تكرما|اتمني|نامل|امل|لا تنس\w{0,2}"
        r"|ما تنس\w{0,2}|متنساش|نسيتم|تاكد\w{0,2}|حبذا|منك|منكم|اطلب|نطلب|طلب)\b.{0,40}(?:ارفاق|\bت(?:ر)?فق\w{0,2}"
        r"|ترفق|\bارفق\b|ارفقوا|تزويد)",
        r"(?<!\w)[وف]?ارفق(?:وا|ي)?(?: لي| لنا|.{0,40}(?:من فضلك|لو سمحت|رجاء|ارجوك))",
        r"(?:ارسال|اعاده ارسال|ترسل|ترسلوا|ترسلون|ترسلي|تبعت|تبعث|تبعتلي|تبعتوا|ابعت|ارسلوا|موافاتنا|موافاتي|تدز"
        r"|تطرش|اعد ارسال)(?: لي| لنا|ي|لي|لنا)?(?: \w+)? (?:ال|ب)?مرفق(?:ات)?(?!\w)(?! (?:بعد|طيه))",
        r"(?<!\w)[وف]?(?:سوف|راح|رح|حا|غادي|بكره|غدا|لما|عندما|حين|حالما|اذا|لو(?! تكرم| سمح)|بعد ما|قبل ما"
        r"|متي)\b.{0,20}\b[اني]رفق",
        r"(?<!\w)[وف]?(?:سا|سن|سي|هن|هـ|حن|راح ن|ه|ح)(?:رفق|ارفق)",
        r"(?<!\w)[وف]?(?:سيتم|سيكون|ستكون|سوف يتم|سوف يكون|راح يكون|هيكون|سارسل|سنرسل|سابعث|سنبعث|ساوافيك|ساوافيكم"
        r"|سنوافيكم|هبعت|حبعت|هبعتلك|حبعتلك|هرسل|ستصلك|ستصلكم|سيصلك|سيصلكم|ستصل|سيصل|هيوصلك|بيوصلك)\b.{0,60}(?:رفق"
        r"|ارفاق|ملحق|ملف)",
        r"(?<!\w)[وف]?(?:سوف|راح|رح|غادي) (?:ا|ن)(?:رسل|بعث|بعت|رفق|دز|طرش)",
        r"(?:رفق|ارسل|ابعث|ملف)\w{0,3}\b.{0,30}(?:لاحقا|فيما بعد|بعدين|في وقت لاحق|(?:في|ب) ?(?:رساله|بريد"
        r"|ايميل) (?:منفصل|لاحق|اخر|قادم|ثاني|تاني|تالي)ه?)",
        r"(?:رساله|رسالتي|رسالتنا|بريد|بريدي|بريدنا|ايميل|ايميلي|خطابنا|كتابنا)\w{0,2} (?:ال)?(?:سابق|ماضي|اخير|اولي"
        r"|اول|قبل|فات|فايت|لي قبل|لي فات)",
        r"(?:الايميل|الرساله|البريد) (?:اللي|الي) (?:قبل|فات|راح)|(?<!\w)(?:سبق ان|سبق و|سابقا|مسبقا)\b",
        r"(?<!\w)[وف]?ارفق(?:ت|نا|ته|تها|ناه)\s?(?:لكم |لك |لكي )?(?:ال\w+ )?(?:امس|البارحه|مبارح|امبارح"
        r"|الاسبوع الماضي|قبل يومين|من يومين|من قبل)",
        r"مرفق(?:ا|ه)? (?:عام|حيوي|صحي|سياحي|تعليمي|خدمي|ترفيهي|رياضي|طبي|المياه|مياه|الكهرباء|كهرباء|الصرف|البييه"
        r"|النقل|المواصلات|التمويل|العدل|العداله|القضاء|الاسعاف|الخدمات)(?!\w)",
        r"المرفق (?:العام|المايي|الصحي|الحيوي|السياحي|الطبي|التعليمي|الخدمي|الرياضي|الترفيهي|البلدي|الاجتماعي)(?!\w)",
        r"(?:اداره|تشغيل|صيانه|انشاء|بناء|افتتاح|عمال|موظفي|مرتادي|زوار|اصلاح) (?:ال)?مرفق(?!\w)",
        r"(?:الم|كسر|مفصل|اصابه|اصبت|وجع)\b.{0,15}مرفق|مرفق (?:اليد|يدي|يده|يدها|الذراع|ذراع\w{0,2})(?!\w)"
        r"|مرفق\w{0,2} (?:ال)?(?:ايمن|ايسر)(?!\w)",
        r"مرفق(?:ات|ه)? (?:لم|لن|ليس\w{0,2}|ما|مش|مو|غير)(?!\w)",
        r"مرفق\w{0,2} (?:الذي|التي|اللي|الي) (?:ارسل|بعث|بعت|ارفق|رفق|دز|طرش|حط|وصل|تلق|استلم|جاء|جا)",
        r"(?<!\w)[وف]?(?:لم|ما|مش|مو)\s?\w{0,2}(?:فتح|ظهر|وصل|اشتغل|نزل|بان)\w{0,3}(?!\w).{0,20}(?:رفق|اتاتش)",
        r"(?<!\w)[وف]?(?:تم|تمت|جري) (?:حفظ|حذف|تحميل|تنزيل|فتح|مراجعه|اعتماد|استلام|طباعه|ارشفه|تحويل|تدقيق)"
        r" (?:ال)?مرفق",
        r"(?<!\w)[وف]?نسي(?:تم|تو|توا|تي) ",
        rf"(?<!\w)[وف]?(?:ما|لا|لن|لم|مش|مو|مب|موب)\s(?:\w+ ){{0,2}}{_I_SEND}",
        r"مرفقات (?:ال)?(?:معامل|طلب|عقد|قضي|شحن|قرار|خدم|مدين|بلدي)",
        rf"(?<!\w)(?:اذا|لو|ان) \w{{2,}}.{{0,30}}{_I_SEND}",
        rf"{_I_SEND}.{{0,60}}{_LATER}|{_LATER}.{{0,40}}{_I_SEND}",
        rf"(?:ا?رفق|ارفاق|مرفق)\w{{0,3}}(?: \w+){{0,3}} {_ELSEWHERE}",
        r"(?<!\w)(?:الي|في|من|عن|حول|قرب|داخل|بجوار|امام|خلف|عبر) مرفق"
        r" (?!هذ|(?:ال)?(?:رسال|ايميل|بريد|خطاب|كتاب))\w",
        r"(?:اقدم|نقدم|تقدم|يقدم)(?: \w+)? عرض(?:ا|ين)?(?!\w)(?! (?:ال)?(?:سعر|اسعار|مالي|فني))",
        r"ملحق(?:ا)? (?:ال)?(?:ثقافي|عسكري|تجاري|صحفي|اعلامي|دبلوماسي|عمالي)",
    ),
    below=re.compile(
        r"(?:ادناه|بالاسفل|في الاسفل|تحت|اسفل)(?!\w)|(?:الرساله|المراسله|المراسلات|البريد|الايميل|النقاش) (?:ال)?مرفق"
    ),
)
