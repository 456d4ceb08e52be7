"""How a page says things: in the person's language, as HTML, with whatever others wrote visible and isolated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from markupsafe import Markup, escape

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from takeback.i18n.language import Language, Unit
from takeback.visible import visible


@dataclass(frozen=True, slots=True)
class Speech:
    """The words of one page. `zone` is the person's."""

    language: Language
    zone: tzinfo

    def t(self, words: str, /, **values: object) -> Markup:
        """The words in the language of the page. A text among the values is isolated; what is Markup stays as it is."""
        return _filled(self.language.text(words), values)

    def told(self, words: str, values: Mapping[str, object], limit: int = 300) -> Markup:
        """What somebody else has said in English, in the language of the page where it has words for that."""
        if self.language.knows(words):
            return self.t(words, **values)
        return isolated(words.format_map(values) if values else words, limit)

    def n(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """The words for that many."""
        said = self.language.form(one, many, number)
        return _filled(said, {"number": Markup(self.language.number(number)), **values})

    def moment(self, instant: Instant) -> Markup:
        """Date and time to the second, exact for machines."""
        return self._time(instant, self.language.moment(instant, self.zone))

    def at(self, instant: Instant) -> Markup:
        """The time of day only."""
        return self._time(instant, self.language.time_of_day(instant, self.zone))

    def recently(self, instant: Instant, now: Instant) -> Markup:
        """The time of day, and the date where it was another day."""
        same = self.language.day(instant, self.zone) == self.language.day(now, self.zone)
        return self.at(instant) if same else self.moment(instant)

    def ahead(self, left: Duration) -> str:
        """`in 24 seconds`; never less than none."""
        return self.language.ahead(*coarsely(left))

    def size(self, size: int) -> str:
        return self.language.size(size)

    def _time(self, instant: Instant, said: str) -> Markup:
        stamp = instant // SECOND
        return Markup('<time data-at="{}">{}</time>').format(stamp, said)


def isolated(text: str, limit: int | None = None) -> Markup:
    """Text of others in HTML: each character visible, its direction kept to itself."""
    return Markup("<bdi>{}</bdi>").format(visible(text, limit))


def coarsely(left: Duration) -> tuple[int, Unit]:
    """The number and unit in which a time left is told. Only seconds are rounded up: nobody is promised more time to
    undo than there is. `app.js` counts down by the same rule."""
    if left < 120 * SECOND:
        return max(0, -(-left // SECOND)), "second"
    for unit, length, enough in _UNITS:
        if left < enough * length:
            return left // length, unit
    return left // DAY, "day"


_UNITS: tuple[tuple[Unit, Duration, int], ...] = (("minute", MINUTE, 120), ("hour", HOUR, 48))


def _filled(said: str, values: dict[str, object]) -> Markup:
    """The words escaped, then the values put in."""
    shown = {name: isolated(value) if type(value) is str else escape(value) for name, value in values.items()}
    return Markup(str(escape(said)).format_map(shown))  # both sides of it are escaped
