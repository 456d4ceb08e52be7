"""The preview of HTML mail: nothing runs, nothing is fetched, nothing leads away.

Three fences, each enough by itself: the markup is reduced to what only formats, the page has a policy that forbids
all loading, and it is shown in a sandboxed frame.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

import nh3
from markupsafe import escape

from takeback.web.contents import parts_of

_LARGEST_HTML = 1 << 20
_LARGEST_PICTURE = 1 << 20
_PICTURES_ALTOGETHER = 4 << 20
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_TAGS = {
    "a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del",
    "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol",
    "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "title", "valign", "bgcolor"},
    "font": {"color", "size"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"colspan", "rowspan", "width"},
    "th": {"colspan", "rowspan", "width"},
}
_FORGOTTEN = {"script", "style", "title", "head", "noscript", "template", "textarea", "select", "svg", "math"}
_STYLE = (
    "body{margin:1rem;font:16px/1.5 system-ui,'Noto Sans','Noto Sans Arabic',sans-serif;color:#1a2026;background:#fff;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}table{border-collapse:collapse;max-width:100%}"
    "a{color:#0a665a;text-decoration:underline}blockquote{margin-inline:1rem 0;padding-inline-start:.75rem;"
    "border-inline-start:3px solid #d5dbe1}pre{white-space:pre-wrap}"
)
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src 'sha256-{_STYLE_DIGEST}'",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            "sandbox",
        ]
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


def preview(content: bytes, language: str) -> str | None:
    """A page that shows the HTML of a message; None where it has none."""
    parts = parts_of(content)
    if parts.html is None:
        return None
    html = parts.all[parts.html].text(_LARGEST_HTML)
    pictures = _pictures(content) if "cid:" in html else {}
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>·</title>'
        f'<style>{_STYLE}</style></head><body dir="auto">{cleaned(html, pictures)}</body></html>'
    )


def cleaned(html: str, pictures: Mapping[str, str]) -> str:
    """The markup that only formats. Of pictures those stay that are in the message: in the address itself, or among
    `pictures` by Content-ID. Links lose where they lead."""

    def source(tag: str, attribute: str, value: str) -> str | None:
        if attribute != "src":
            return value
        if value[:4].lower() == "cid:":
            return pictures.get(value[4:].strip())
        return value if _DATA.fullmatch(value) else None

    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_FORGOTTEN,
        attributes=_ATTRIBUTES,
        attribute_filter=source,
        url_schemes={"cid", "data"},
        link_rel=None,
    )


def _pictures(content: bytes) -> dict[str, str]:
    """The pictures in the message by Content-ID, as data addresses."""
    found: dict[str, str] = {}
    room = _PICTURES_ALTOGETHER
    for part in parts_of(content).all:
        if part.content_id and part.kind in _PICTURES and part.size <= min(room, _LARGEST_PICTURE):
            data = part.content(_LARGEST_PICTURE)
            room -= len(data)
            found[part.content_id] = f"data:{part.kind};base64,{base64.b64encode(data).decode()}"
    return found
