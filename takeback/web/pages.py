"""Pages from templates: the frame around all of them, and the words that templates may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from takeback.i18n.language import languages
from takeback.web.rows import Countdown
from takeback.web.speech import Speech, isolated

STATIC = Path(__file__).parent / "static"
LONGER: Mapping[str, Duration] = {"10m": 10 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY}
"""How much longer a message can be held at one press, by the value in the form."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page."""

    address: str
    administrator: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page is made with. `back` is where a form that belongs to no page leads back to."""

    speech: Speech
    now: Instant
    csrf: str
    visitor: Visitor | None = None
    here: str = ""
    back: str = "/"


@dataclass(frozen=True, slots=True)
class Note:
    """An answer to what was asked; the first sentence matters most."""

    tone: str
    sentences: Sequence[Markup]
    links: Sequence[tuple[str, Markup]] = ()


def render(template: str, frame: Frame, **more: Any) -> str:
    """The page, or the part of one, as HTML."""
    return _environment().get_template(template).render({**_words(frame), **more})


def static_path(name: str) -> str:
    """Where a static file is found; the address changes with its content, so it can be kept for ever."""
    return f"/static/{_digest(name)}/{name}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("takeback.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        static=static_path, languages=list(languages().values()), key=_key, isolated=isolated, countdown=_countdown
    )
    return environment


def _words(frame: Frame) -> dict[str, Any]:
    speech, language = frame.speech, frame.speech.language
    return {
        "t": speech.t,
        "n": speech.n,
        "language": language,
        "number_of": language.number,
        "listed": lambda items: _listed(items, speech),
        "longer": lambda: [(value, language.duration(length)) for value, length in LONGER.items()],
        "csrf_field": lambda: _csrf_field(frame.csrf),
        "now": frame.now / SECOND,
        "visitor": frame.visitor,
        "here": frame.here,
        "back": frame.back,
    }


def _csrf_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def _key(letter: str) -> Markup:
    return Markup("<kbd>{}</kbd>").format(letter)


def _countdown(countdown: Countdown) -> Markup:
    return Markup('<time data-due="{}">{}</time>').format(countdown.due_at, countdown.said)


def _listed(items: Sequence[Markup], speech: Speech) -> Markup:
    """`a, b and c`, of pieces of HTML."""
    return Markup(speech.language.listed([str(item) for item in items]))
