"""What is read inside attachments, and what cannot make that grow."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from takeback.review.attachments import MAX_CHARACTERS, Attachment
from takeback.review.contents import MAX_UNPACKED, pdf_lines
from takeback.review.message import read
from takeback.review.rules import payment_card
from tests.review.judging import judged
from tests.review.mails import mail, multipart

_CARD = "Card 4539 1488 0343 6467"


def archive(**members: str | bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return packed.getvalue()


def pdf(text: str) -> bytes:
    """One page that shows a line."""
    shown = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    return made + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


WORD = f"<w:document><w:p><w:r><w:t>Rates &amp; terms</w:t></w:r></w:p><w:p><w:t>{_CARD}</w:t></w:p></w:document>"
SHEET = f"<sst><si><t>{_CARD}</t></si><si><t>rates</t></si></sst>"


def attachment(name: str, content: bytes, kind: str = "application/octet-stream") -> Attachment:
    (found,) = read(mail(files=[(name, kind, content)])).attachments
    return found


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("a.txt", "text/plain", _CARD.encode()),
        ("a.csv", "application/octet-stream", f"name,{_CARD}".encode("utf-16")),
        ("a.html", "text/html", f"<p>{_CARD}</p>".encode()),
        ("a.docx", "application/octet-stream", archive(**{"word/document.xml": WORD})),
        ("a.xlsx", "application/octet-stream", archive(**{"xl/sharedStrings.xml": SHEET})),
        ("a.pdf", "application/pdf", pdf(_CARD)),
        ("unnamed", "application/pdf", pdf(_CARD)),
        ("a.eml", "message/rfc822", mail(f"Hello.\n{_CARD}\n")),
    ],
)
def test_text_in_a_file_is_read_and_judged(name: str, kind: str, content: bytes) -> None:
    message = mail(files=[(name, kind, content)])
    if kind == "message/rfc822":
        part = b'Content-Type: message/rfc822; name="a.eml"\r\n\r\n' + content
        message = b"From: ann@example.com\r\nTo: b@example.org\r\n" + multipart("mixed", b"\r\nHi", part)
    (found,) = judged(message, payment_card.check)
    assert found.where.attachment == name


def test_paragraphs_are_lines() -> None:
    assert attachment("a.docx", archive(**{"word/document.xml": WORD})).text == ("Rates & terms", _CARD)


def test_a_bomb_is_unpacked_only_so_far() -> None:
    bomb = archive(**{"word/document.xml": b"<w:t>" + b"A" * (60 << 20)})
    assert sum(map(len, attachment("a.docx", bomb).text)) <= MAX_UNPACKED


def test_many_bombs_have_one_limit_together() -> None:
    text = "<w:p>" + "word </w:p><w:p>" * 80_000
    files = [(f"{n}.docx", "application/octet-stream", archive(**{"word/document.xml": text})) for n in range(8)]
    assert sum(len(line) for one in read(mail(files=files)).attachments for line in one.text) <= MAX_CHARACTERS


def test_entities_do_not_expand() -> None:
    laughs = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><w:p><w:t>&b;</w:t></w:p>"
    assert len("".join(attachment("a.docx", archive(**{"word/document.xml": laughs})).text)) < 100


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pdf", "a.html", "a.txt"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"%PDF-1.7\n%%EOF", b"\xff" * 3_000, b"PK\x05\x06" + b"\0" * 18]
)
def test_broken_files_are_attachments_without_text(name: str, content: bytes) -> None:
    assert attachment(name, content).name == name


def test_a_cut_file_gives_what_there_is() -> None:
    whole = pdf(_CARD)
    for length in range(0, len(whole), 40):
        list(pdf_lines(whole[:length]))


def test_a_pdf_that_unpacks_without_end() -> None:
    import zlib

    stream = zlib.compress(b"0 0 m " * 5_000_000)
    body = pdf("x").replace(b"<< /Length ", b"<< /Filter /FlateDecode /Length ")
    start, end = body.index(b"stream\n") + 7, body.index(b"\nendstream")
    assert list(pdf_lines(body[:start] + stream + body[end:])) == []
