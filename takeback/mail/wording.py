"""The sentences of reports and notices, in English and Arabic: a table, so that both can be read side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Both(NamedTuple):
    """The same words in both languages."""

    english: str
    arabic: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A sentence about addresses. One, two and more differ: Arabic has a dual, and names no number here beyond it."""

    one: Both
    two: Both
    more: Both

    def of(self, count: int) -> Both:
        return self.one if count == 1 else self.two if count == 2 else self.more


def _about_addresses(english: str, arabic: str) -> Counted:
    """`{}` stands for the addresses, in Arabic after a preposition."""
    return Counted(
        Both(english.format("this address"), arabic.format("هذا العنوان")),
        Both(english.format("these two addresses"), arabic.format("هذين العنوانين")),
        Both(english.format("these addresses"), arabic.format("هذه العناوين")),
    )


FAILED_SUBJECT = Both("Your message was not delivered", "لم تُسلَّم رسالتك")
FAILED = _about_addresses("Your message could not be delivered to {}:", "تعذّر تسليم رسالتك إلى {}:")
FAILED_END = Both("It will not be tried again.", "ولن تُعاد المحاولة.")

DELAYED_SUBJECT = Both("Your message is delayed", "تأخّر تسليم رسالتك")
DELAYED = _about_addresses("Your message has not yet reached {}:", "لم تصل رسالتك بعدُ إلى {}:")
DELAYED_END = Both(
    "It is still being tried; there is no need to send it again.",
    "ما زالت المحاولة جارية، ولا حاجة إلى إرسالها من جديد.",
)
RETRY_UNTIL = Both("The tries end at:", "تنتهي المحاولات في:")

RELAYED_SUBJECT = Both("Your message was passed on", "رُحِّلت رسالتك")
RELAYED = _about_addresses(
    "Your message was passed on to the next mail server for {}:",
    "رُحِّلت رسالتك إلى خادم البريد التالي في طريقها إلى {}:",
)
RELAYED_END = Both(
    "That server does not confirm delivery, so no further confirmation will come.",
    "لا يؤكّد ذلك الخادم التسليم، فلن يصلك تأكيد آخر.",
)

DELIVERED_SUBJECT = Both("Your message was delivered", "سُلِّمت رسالتك")
DELIVERED = _about_addresses("Your message was delivered to {}:", "سُلِّمت رسالتك إلى {}:")
DELIVERED_END = Both(
    "This confirms that it was delivered, not that it was read.", "هذا تأكيد بأنها سُلِّمت، لا بأنها قُرئت."
)

KEPT_SUBJECT = Both("Your message was kept and not sent", "عُلِّقت رسالتك ولم تُرسَل")
KEPT_LATE = Both(
    "Your message was due while Takeback was not running. "
    "Sent now it would be later than you meant, so it was kept instead.",
    "حلّ موعد إرسال رسالتك والبرنامج متوقّف. ولو أُرسلت الآن لتأخّرت عمّا أردت، فعُلِّقت ولم تُرسَل.",
)
KEPT_AFTER_CLOCK_STEP = Both(
    "The clock of the server jumped, so nobody can tell whether your message is due. "
    "It was kept instead of being sent.",
    "قفزت ساعة الخادم، فلم يعد يُعرف هل حلّ موعد إرسال رسالتك. لذلك عُلِّقت ولم تُرسَل.",
)
KEPT_FOR = _about_addresses("It is kept for {}:", "وهي معلّقة عن {}:")
MORE_ADDRESSES = Both("Further addresses, not listed here:", "عناوين أخرى لم تُذكر هنا، وعددها:")
DUE_AT = Both("It was due at:", "كان موعد إرسالها:")
SUBJECT = Both("Its subject:", "موضوعها:")
TO_SEND = Both("To send it now:", "لإرسالها الآن:")
TO_STOP = Both("To stop it for good:", "للتراجع عنها نهائيًّا:")
TO_STOP_STILL = Both("To stop it while it has not left:", "للتراجع عنها قبل أن تغادر:")
UNTIL_THEN = Both("Until you choose, it stays held.", "وستبقى معلّقة إلى أن تختار.")

CANARY_SUBJECT = Both("A test of recall", "اختبار الاسترجاع")
CANARY = Both(
    "This message tests whether delivered mail can be taken back. It is removed a moment after it arrived. "
    "Where you can read it, the test has failed; the message may be deleted.",
    "هذه رسالة لاختبار استرجاع البريد بعد تسليمه، وتُزال بعد وصولها بلحظات. "
    "فإن كنت تقرؤها فقد أخفق الاختبار، ولك أن تحذفها.",
)
