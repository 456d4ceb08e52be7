"""Messages made to take long, to grow, or to break what reads them."""

from __future__ import annotations

import zipfile
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO

_TOP = b"From: Ann <ann@example.com>\r\nTo: Ben <ben@example.org>\r\nSubject: Nasty\r\n"

_REPEATED = (
    "a", " ", "1", "1 ", "12-", "(", "()", "{{", "[", "<", ".", "a.", "a@", "a://b:", "attached ", "please find ",
    "not attach ", "thanks for ", "مرفق ", "شكرا على ", "لا يوجد ", "sunday 12 march ", "sunday, ", "12/12/",
    "يوم الاحد ", "password is ", "كلمة المرور ", "sa03 ", "sa03", "x\n", "From: a\n", "From: a\nTo: b\n", ">", "> a\n",
    "On 1 wrote:\n", "Regards,\n", "%A_", "_", "a.doc ", "<<a", "eyJaaaaaaaaaaaa.", "sk-", "ـ", "www.", '"', "a and ",
    "dear a b ", "a1b2c3d4", "ab12-cd34 ", "عبد ال", "ابو ", "&#", "<!--", "<a href=", '<a href="', "<b a=1><p>",
    "\u202e", "\x00", "=?utf-8?q?=41?= ",
)  # fmt: skip


def traps(size: int) -> Iterator[tuple[str, bytes]]:
    """Texts of so many bytes that repeat what patterns begin with, plain and as a page."""
    for piece in _REPEATED:
        text = (piece * (size // len(piece.encode()) + 1)).encode()[:size]
        for kind in ("plain", "html"):
            yield f"{piece!r} as {kind}", _TOP + f"Content-Type: text/{kind}; charset=utf-8\r\n\r\n".encode() + text


def shapes(size: int) -> Iterator[tuple[str, bytes]]:
    """Messages whose build is the nasty thing about them."""
    opening = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000))
    yield "a thousand multiparts in each other", _TOP + b"".join(opening) + b"\r\nHello"
    parts = b"--b\r\n\r\nx\r\n" * (size // 12)
    yield "as many parts as fit", _TOP + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts
    yield (
        "a delimiter again and again",
        _TOP + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b" * (size // 3),
    )
    yield "nothing but a header", b"X: y\r\n" * (size // 6)
    yield "a header in one line", b"Subject: " + b"x" * size
    yield "recipients without end", b"To: " + b"a@b.example, " * (size // 13) + b"\r\n\r\nHi"
    yield "a name of quotes", b"From: " + b'"\\' * (size // 2) + b"\r\n\r\nHi"
    yield "comments in comments", b"To: " + b"(" * size + b"\r\n\r\nHi"
    yield "parameters without end", _TOP + b"Content-Type: text/plain" + b"; a*0*=x" * (size // 8) + b"\r\n\r\nHi"
    for charset in ("utf-7", "utf-16", "hz-gb-2312", "iso-2022-jp", "unicode_escape", "zlib", "idna", "x" * 500):
        head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
        yield f"charset {charset[:20]}", _TOP + head + b"+AHw-\xff\xfe\x1b$B~{" * (size // 20)
    for encoding in ("base64", "quoted-printable", "x-uuencode"):
        head = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        yield f"broken {encoding}", _TOP + head + b"=\xff=3=\n" * (size // 6)
    for name in ("docx", "xlsx", "pdf"):
        yield f"a bomb called {name}", _TOP + _attached(f"bomb.{name}", _bomb(name))


def _attached(name: str, content: bytes) -> bytes:
    head = f'Content-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + b64encode(content)


def _bomb(name: str) -> bytes:
    packed = BytesIO()
    inside = {"docx": "word/document.xml", "xlsx": "xl/sharedStrings.xml"}.get(name, "x")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside, b"<w:p>1 </w:p>" * (4 << 20))
    return (b"%PDF-1.7\n" if name == "pdf" else b"") + packed.getvalue()
