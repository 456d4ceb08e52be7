"""The reason of a finding, said in every language at once."""

from __future__ import annotations

from takeback.i18n.language import language
from takeback.review.finding import Reason


def reason(words: str, /, **values: object) -> Reason:
    """The words in each language, with the values filled in."""
    return Reason(en=language("en").text(words, **values), ar=language("ar").text(words, **values))


def counted(one: str, many: str, number: int, /, **values: object) -> Reason:
    """The words for that many in each language."""
    return Reason(
        en=language("en").count(one, many, number, **values), ar=language("ar").count(one, many, number, **values)
    )


def excerpt(text: str, limit: int = 60) -> str:
    """The beginning of what somebody wrote, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
