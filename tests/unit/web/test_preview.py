"""The fences around mail of others: markup that only formats, files that are only files."""

from __future__ import annotations

import pytest

from takeback.i18n.language import language
from takeback.web.contents import contents_of, names_of, part_of
from takeback.web.framing import own_path, preferred
from takeback.web.message import _as_file
from takeback.web.preview import cleaned, preview
from takeback.web.speech import Speech
from tests.unit.web.test_rows import ENGLISH


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src='https://t.example/pixel.gif'>",
        "<img srcset='https://t.example/pixel.gif'>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='https://t.example'>x</a>",
        "<form action='https://t.example'><input name=p><button>x</button></form>",
        "<style>@import 'https://t.example'</style>",
        "<p style='background:url(https://t.example)'>x</p>",
        "<td background='https://t.example'>x</td>",
        "<iframe src='https://t.example'></iframe><object data='https://t.example'></object>",
        "<meta http-equiv=refresh content='0;url=https://t.example'><base href='https://t.example'>",
        "<svg><script>alert(1)</script><a href='https://t.example'>x</a></svg>",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        "<img src='data:text/html;base64,AAAA'><img src='data:image/svg+xml;base64,AAAA'>",
        "<video src='https://t.example' autoplay></video><audio src='https://t.example'></audio>",
        "<link rel=stylesheet href='https://t.example'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    ],
)
def test_nothing_is_left_that_does_something(hostile: str) -> None:
    left = cleaned(hostile, {}).lower()
    for trace in ("t.example", "alert", "script", "style", "href", "data:text", "svg", "<form", "<input", "onerror"):
        assert trace not in left


def test_what_formats_stays() -> None:
    html = '<table width="100%"><tr><td colspan="2"><b>Total</b> <font color="red">9</font></td></tr></table>'
    assert "<b>Total</b>" in cleaned(html, {}) and 'colspan="2"' in cleaned(html, {})


MESSAGE = (
    b"From: ann@example.com\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b'--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hi <img src="cid:logo"></p>\r\n'
    b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n"
    b'--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename="../evil.html"\r\n\r\n<script>\r\n'
    b"--b--\r\n"
)


def test_pictures_of_the_message_itself_are_shown() -> None:
    page = preview(MESSAGE, "en")
    assert page is not None and '<img src="data:image/png;base64,iVBORw==">' in page


def test_attachments_are_named_and_sized() -> None:
    contents = contents_of(MESSAGE, ENGLISH)
    assert contents.has_html and contents.text == ""
    assert [each.number for each in contents.attachments] == [1, 2]
    assert names_of(MESSAGE)[0] == "image-png-2"
    assert part_of(MESSAGE, 2) is not None and part_of(MESSAGE, 99) is None and part_of(MESSAGE, -1) is None


def test_a_file_name_leads_nowhere() -> None:
    headers = _as_file('../../etc/"pass\r\nwd\u202e.txt')
    assert headers["Content-Disposition"].isascii()
    assert "/" not in headers["Content-Disposition"].partition("filename*")[0]
    assert "\r" not in headers["Content-Disposition"] and "%2F" not in headers["Content-Disposition"]
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"\xff\xfe\x00", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b"]
)
def test_anything_can_be_looked_at(content: bytes) -> None:
    contents_of(content, Speech(language("ar"), ENGLISH.zone))
    preview(content, "ar")


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nb", "/ü"])
def test_no_path_leads_away(path: str) -> None:
    assert own_path(path) == "/"


@pytest.mark.parametrize(
    ("accepted", "code"),
    [("ar-EG,ar;q=0.9,en;q=0.8", "ar"), ("fr, en;q=0.5, ar;q=0.7", "ar"), ("fr", "en"), ("", "en"), ("ar;q=0", "en"),
     ("ar;q=x,en", "en"), ("*", "en")],
)  # fmt: skip
def test_the_browser_s_wish(accepted: str, code: str) -> None:
    assert preferred(accepted).code == code
