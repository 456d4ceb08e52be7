"""HTML as the lines that a reader sees, and its links.

A tokeniser of our own: that of the standard library takes quadratic time on tags and comments that never end, and a
real HTML tree can grow far beyond its source. This one looks at each character a bounded number of times and builds no
tree.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_LINKS = 500
_LONGEST_LINK_TEXT = 300
_LONGEST_TARGET = 2_000
_LONGEST_ATTRIBUTES = 8_000

_TAG = re.compile(r"<(?:(/?)([A-Za-z][A-Za-z0-9:]*+)([^<>]*+)>|[!?][^<>]*+>)")
_ATTRIBUTE = re.compile(r"""([A-Za-z_:-]{1,40})\s{0,20}=\s{0,20}(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")
_BLANKS = re.compile(r"[ \t\r\n\f\u00a0]++")

_BREAKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "br", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
        "section", "table", "tr", "ul",
    )
)  # fmt: skip
_CELLS = frozenset(("td", "th"))
_UNSEEN = frozenset(("head", "script", "style", "title", "template", "noframes"))
_SIGNATURE_MARKS = ("gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "applemailsignature")
_REPLY_MARKS = ("divrplyfwdmsg", "appendonsend")


class Link(NamedTuple):
    """A link as it is seen, and where it leads; `line` counts from 1."""

    text: str
    target: str
    line: int


class Shown(NamedTuple):
    """One line; `quoted` inside a blockquote."""

    text: str
    quoted: bool


@dataclass(slots=True)
class Page:
    lines: list[Shown] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    """The Content-IDs of the pictures that it shows."""


SIGNATURE_LINE = "-- "
"""What stands where the client says that the signature begins."""
REPLY_LINE = "________________________________"
"""What stands where the client says that the message answered begins."""


def page(source: str) -> Page:
    """The lines, links and pictures of a page."""
    reader = _Reader()
    at = 0
    source = _without_comments(source)
    for match in _TAG.finditer(source):
        if match.start() > at:
            reader.words(source[at : match.start()])
        at = match.end()
        if match[2]:
            reader.tag(match[2].lower(), closing=bool(match[1]), attributes=match[3])
    reader.words(source[at:])
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._page = Page()
        self._line: list[str] = []
        self._depth = 0
        self._unseen = ""
        self._link: list[str] | None = None
        self._target = ""

    def words(self, source: str) -> None:
        if self._unseen:
            return
        text = _BLANKS.sub(" ", unescaped(source))
        self._line.append(text)
        if self._link is not None:
            self._link.append(text)

    def tag(self, name: str, *, closing: bool, attributes: str) -> None:
        if self._unseen:
            if closing and name == self._unseen:
                self._unseen = ""
        elif name in _UNSEEN:
            self._unseen = "" if closing or attributes.endswith("/") else name
        elif name in _BREAKS:
            self._break(name, closing, attributes)
        elif name in _CELLS:
            self._line.append(" ")
        elif name == "a":
            self._anchor(closing, attributes)
        elif name == "img" and "cid:" in attributes:
            self._page.pictures.add(_attribute(attributes, "src").removeprefix("cid:"))

    def finish(self) -> Page:
        self._end_link()
        self._end_line()
        return self._page

    def _break(self, name: str, closing: bool, attributes: str) -> None:
        self._end_line(keep_empty=name == "br")
        if name == "p" and closing:
            self._page.lines.append(Shown("", self._depth > 0))
        if name == "blockquote":
            self._depth = max(0, self._depth + (-1 if closing else 1))
        if attributes and not closing and (name == "div" or name == "table"):
            lowered = attributes[:500].lower()
            if any(mark in lowered for mark in _SIGNATURE_MARKS):
                self._page.lines.append(Shown(SIGNATURE_LINE, self._depth > 0))
            elif any(mark in lowered for mark in _REPLY_MARKS):
                self._page.lines.append(Shown(REPLY_LINE, self._depth > 0))

    def _end_line(self, keep_empty: bool = False) -> None:
        text = "".join(self._line).strip(" ")
        self._line.clear()
        if text or keep_empty:
            self._page.lines.append(Shown(text, self._depth > 0))

    def _anchor(self, closing: bool, attributes: str) -> None:
        self._end_link()
        target = "" if closing else unescaped(_attribute(attributes, "href")).strip()
        if target:
            self._link, self._target = [], target[:_LONGEST_TARGET]

    def _end_link(self) -> None:
        if self._link is not None and len(self._page.links) < MAX_LINKS:
            text = _BLANKS.sub(" ", "".join(self._link)).strip()[:_LONGEST_LINK_TEXT]
            self._page.links.append(Link(text, self._target, len(self._page.lines) + 1))
        self._link = None


def unescaped(text: str) -> str:
    """Character references replaced; a number that no character has is left as it is."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:
        return text


def _attribute(attributes: str, name: str) -> str:
    for match in _ATTRIBUTE.finditer(attributes, 0, _LONGEST_ATTRIBUTES):
        if match[1].lower() == name:
            return match[2] or match[3] or match[4] or ""
    return ""


def _without_comments(source: str) -> str:
    """A comment that never ends hides the rest, as it does from a reader."""
    start = source.find("<!--")
    if start < 0:
        return source
    kept, at = [], 0
    while start >= 0:
        kept.append(source[at:start])
        end = source.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        at = end + 3
        start = source.find("<!--", at)
    kept.append(source[at:])
    return "".join(kept)
