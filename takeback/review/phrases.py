"""What clients and people write around a text, in English and Arabic: headings of quotes, farewells, disclaimers.

Each pattern looks at one line of normalised text (`takeback.review.arabic.normalised`), which its user has cut to a
length; none can match the same characters in many ways.
"""

from __future__ import annotations

import re

QUOTE_SIGN = re.compile(r" {0,3}(?:>|\|(?= ))")

_WROTE = r"(?:wrote|writes|a ecrit|a écrit|schrieb|escribio|escribió|كتبت?|كتبوا)"
_WROTE_THIS = rf"(?:{_WROTE}(?: (?:ما يلي|التالي|الاتي))?|بكتابه ما يلي|قال)"
_WHEN = r"(?:on|le|am|el|في|يوم|بتاريخ|وفي|وكتب|كتب|كتبت|قام)\b"
ATTRIBUTION = re.compile(
    rf"{_WHEN}.{{0,300}}\b{_WROTE_THIS}\b.{{0,120}}:\s*+$"
    rf"|.{{0,200}}\b{_WROTE_THIS}\s?:\s*+$"
    r"|كتبت? .{2,120}\b(?:في|بتاريخ|يوم)\b.{0,80}\d.{0,60}:\s*+$"
    rf"|كتبت? .{{0,200}}<[^<>\s]{{3,200}}>.{{0,80}}:\s*+$"
    r"|.{0,120}<[^<>\s]{3,200}>\s?:\s*+$"
)
"""`On Monday Ann wrote:`, `في ٣ مارس كتب أحمد:`."""
ATTRIBUTION_BEGINS = re.compile(rf"{_WHEN}.{{2,300}}\d")
ATTRIBUTION_ENDS = re.compile(rf".{{0,200}}(?:\b{_WROTE_THIS}|<[^<>\s]{{3,200}}>)\s?:\s*+$")
"""The same broken into two lines."""

FORWARDED = re.compile(
    r"[\s*_-]*+(?:begin forwarded message|forwarded (?:message|by)|-{2,}\s?forward"
    r"|(?:بدايه )?(?:ال)?رساله (?:ال)?(?:معاد توجيهها|معاد ارسالها|محوله|تم تحويلها|معاده التوجيه)"
    r"|رساله تمت? (?:اعاده )?توجيهها|(?:اعيد توجيه|تمت? اعاده توجيه) )"
)
ORIGINAL = re.compile(
    r"[\s*_]*+-{2,}\s{0,3}(?:original (?:message|appointment|meeting)|reply message|(?:ال)?رساله (?:ال)?اصليه"
    r"|النص الاصلي|message d'origine|ursprungliche nachricht|ursprüngliche nachricht|mensaje original)"
)
REPLY_RULE = re.compile(r"_{20,}\s*+$")

FIELD_LINE = re.compile(
    r"[\s*>]{0,8}(?P<name>from|sent|date|to|cc|subject|reply-to|importance|attachments|sent by|"
    r"من|الي|المرسل اليه|التاريخ|تاريخ الارسال|تم الارسال|تم ارساله|ارسلت|ارسل|المرسل|الموضوع|نسخه|نسخه الي|"
    r"de|a|objet|envoye|von|gesendet|an|betreff)\*{0,2}\s?:"
)
SENDERS = frozenset(("from", "من", "المرسل", "de", "von"))
ADDRESSEES = frozenset(("to", "الي", "المرسل اليه"))
NAME_OR_DATE = re.compile(r"[^.!?]{3,80}$")

DELIMITER = re.compile(r"\s{0,3}(?:--|—|––)\s*+$|_{3,19}\s*+$")
SENT_FROM = re.compile(
    r"(?:sent from (?:my|a|an|the|outlook|mail|yahoo|proton|samsung|gmail|huawei)|get outlook for|sent via|sent with"
    r"|تم الارسال من|ارسلت? من|مرسله? من|ارسل من|من هاتفي|من جهاز ال?(?:ايفون|ايباد)|احصل علي outlook)"
)

_THANKS = r"(?:تحيات|تحيه|تقدير|احترام|شكر|ود|تمنيات|امتنان)ي?(?:نا)?"
CLOSING = re.compile(
    r"(?:(?:kind|best|warm|warmest|with|many|yours|very|with best|with kind)\s)?"
    r"(?:regards|wishes|thanks|thank you|cheers|sincerely|truly|best|respectfully|faithfully|yours|br|rgds|take care"
    r"|thx|many thanks|thanks again|thank you very much|thanks in advance|all the best|cordially)"
    r"(?: and regards| sincerely| truly)?\s?[,.!\-]*+\s*+$"
    r"|(?:و?(?:تفضلوا|تفضلي?|تكرموا) ب?قبول\b.{0,80}"
    r"|و?(?:تقبلوا|تقبلي?) (?:(?:مني|منا) )?(?:فايق|خالص|وافر|اطيب|كل|تحيات|احترام|شكر)\w{0,3}\b.{0,60}"
    rf"|(?:مع )?(?:(?:خالص|اطيب|فائق|وافر|كل|جزيل) )?(?:ال)?{_THANKS}(?: و?(?:ال)?{_THANKS}){{0,3}}"
    r"|و?(?:ال)?سلام عليكم ورحمه الله وبركاته|(?:المخلص|اخوكم|اختكم|مقدمه لكم|دمتم)\b.{0,40}"
    r"|و?شكرا(?: جزيلا| لكم| لك)?)\s?[,.!\-]*+\s*+$"
)
POSTSCRIPT = re.compile(r"(?:p\.?\s?p?\.?s\b|nb\b|n\.b\.|ملاحظه|ملحوظه|تنويه)")

DISCLAIMER = re.compile(
    r"intended (?:only|solely|recipient|exclusively|for the)|not the (?:intended|named) (?:recipient|addressee)"
    r"|confidentiality notice|received? this (?:e-?mail|message|communication|transmission) in error"
    r"|legally privileged|privileged (?:and|or|and/or) confidential"
    r"|confidential (?:and|or|and/or) (?:may|privileged|is)"
    r"|consider the environment|before printing this|views expressed|scanned for viruses|virus[- ]free"
    r"|unauthori[sz]ed (?:use|review|disclosure|access)"
    r"|(?:المرسل اليه|المستلم) المقصود|المرسل اليهم فقط|المعني بها فقط|ان? لم تكن (?:انت )?(?:ال|المعني|الشخص)"
    r"|اذا لم تكن (?:انت )?(?:ال|المعني|الشخص)|(?:وصلتك|استلمت|وصلت اليك) هذه الرساله (?:ب|عن)|استلامك ل?هذه الرساله"
    r"|اخلاء (?:ال)?مسي?و+ليه|اخلاء طرف|علي البي(?:ي|و)ه|قبل طباعه هذ|قبل ان تطبع"
    r"|(?:هذه الرساله|هذا البريد)(?: الالكتروني(?:ه)?)?(?: و| وا?ي ?).{0,40}مرفق"
)
