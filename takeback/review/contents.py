"""The text inside files, read within limits: whatever is in them, nothing is raised and nothing grows.

Office documents are ZIP files of XML. No XML parser sees them, so no entity can expand: their text is what stands
between tags. Of each archive only so many bytes are ever unpacked.
"""

from __future__ import annotations

import logging
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

from takeback.clock import SECOND, Duration, monotonic
from takeback.review.markup import page, unescaped
from takeback.review.mime import as_text

MAX_UNPACKED = 4 << 20
"""Bytes that are unpacked of one archive."""
MAX_UNPACKED_PAGE = 1 << 20
"""Bytes that are unpacked of one stream of a PDF."""
MAX_MEMBERS = 2_000
MAX_PAGES = 30
MAX_PDF_TIME: Duration = 1 * SECOND
"""How long one PDF is read; what was read until then is kept."""

_TEXT_MEMBERS = re.compile(
    r"word/(?:document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml|ppt/(?:slides/slide|notesSlides/notesSlide)\d+\.xml|content\.xml"
)
_SHEET_MEMBERS = re.compile(r"xl/(?:sharedStrings|worksheets/sheet\d+|comments\d*)\.xml")
_ENDS_LINE = re.compile(r"</(?:w:p|a:p|text:p|text:h|table:table-row|si|row)>|<(?:w:br|text:line-break)[^<>]*+>")
_ENDS_CELL = re.compile(r"</(?:w:tc|table:table-cell|c)>|<(?:w:tab|text:tab|text:s)[^<>]*+>")
_FORMULA = re.compile(r"<f>[^<]*+</f>")
_TAG = re.compile(r"<[^<>]*+>")


def plain_lines(content: bytes) -> Iterator[str]:
    yield from as_text(content, "").splitlines()


def page_lines(content: bytes) -> Iterator[str]:
    yield from (line.text for line in page(as_text(content, "")).lines)


def office_lines(content: bytes) -> Iterator[str]:
    """The paragraphs of a text document or presentation."""
    return _archive_lines(content, _TEXT_MEMBERS)


def sheet_lines(content: bytes) -> Iterator[str]:
    """The strings and rows of a spreadsheet."""
    return _archive_lines(content, _SHEET_MEMBERS)


def _archive_lines(content: bytes, wanted: re.Pattern[str]) -> Iterator[str]:
    for source in _members(content, wanted):
        text = as_text(source, "utf-8")
        text = _FORMULA.sub("", text)
        text = _TAG.sub("", _ENDS_CELL.sub(" ", _ENDS_LINE.sub("\n", text)))
        yield from map(unescaped, text.splitlines())


def _members(content: bytes, wanted: re.Pattern[str]) -> Iterator[bytes]:
    """The beginnings of the files in an archive that hold text, MAX_UNPACKED bytes together."""
    room = MAX_UNPACKED
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for member in archive.infolist()[:MAX_MEMBERS]:
                if room <= 0 or not wanted.fullmatch(member.filename) or not _is_ordinary(member):
                    continue
                with archive.open(member) as file:
                    data = file.read(room)
                room -= len(data)
                yield data
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError):
        return


def _is_ordinary(member: zipfile.ZipInfo) -> bool:
    """Neither encrypted nor packed in a way whose memory the sender chooses."""
    return not member.flag_bits & 1 and member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


_PDF_SIZES = (
    "array_based_stream_maximum_output_length", "lzw_maximum_output_length", "run_length_maximum_output_length",
    "zlib_maximum_output_length", "zlib_maximum_recovery_input_length", "brotli_maximum_output_length",
    "image_maximum_buffer_size", "flate_maximum_row_length",
)  # fmt: skip


class _OutOfTime(Exception):
    """A PDF took too long."""


def pdf_lines(content: bytes) -> list[str]:
    """The lines of the first pages of a PDF, for as long as it may take."""
    from pypdf import (  # costs a tenth of a second, and few messages need it
        Configuration,
        PdfReader,
        apply_configuration,
    )

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    ends = monotonic() + MAX_PDF_TIME

    def look_at_the_clock(*_: object) -> None:
        if monotonic() > ends:
            raise _OutOfTime

    sizes: dict[str, Any] = dict.fromkeys(_PDF_SIZES, MAX_UNPACKED_PAGE)
    limits = Configuration(
        **sizes,
        stream_decoding_work_maximum_length=2 * MAX_UNPACKED_PAGE,
        stream_parsing_work_maximum_count=200_000,
        page_tree_maximum_entries=MAX_MEMBERS,
        xform_maximum_invocations_per_extraction=100,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )
    found: list[str] = []
    try:
        with apply_configuration(limits):
            reader = PdfReader(BytesIO(content), strict=False)
            if reader.is_encrypted:
                return found
            for sheet in islice(reader.pages, MAX_PAGES):
                look_at_the_clock()
                found += sheet.extract_text(visitor_operand_before=look_at_the_clock).splitlines()
    except Exception:  # noqa: BLE001 - a broken PDF fails in any way; what was read before stands
        return found
    return found
