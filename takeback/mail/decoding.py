"""Header text for people: encoded words (RFC 2047, RFC 2231 §5) and raw 8-bit text, whatever is wrong with them."""

from __future__ import annotations

import binascii
import re
from itertools import groupby

_ENCODED = r"=\?[A-Za-z0-9_.:+*-]{1,80}\?[BbQq]\?[^?]*+\?="
_RUN = re.compile(rf"{_ENCODED}(?:[ \t]*+{_ENCODED})*+")
_WORD = re.compile(r"=\?([^?*]*)(?:\*[^?]*)?\?([BbQq])\?([^?]*)\?=")
_BLANKS = re.compile(r"[ \t]+")

CHARSETS = {
    name: name
    for name in (
        "utf-8", "utf-16", "utf-16be", "utf-16le", "us-ascii", "koi8-r", "koi8-u", "big5", "big5-hkscs", "gbk",
        "gb18030", "hz-gb-2312", "euc-jp", "euc-kr", "iso-2022-jp", "iso-2022-jp-2", "iso-2022-kr", "tis-620",
        *(f"iso-8859-{part}" for part in range(1, 17) if part != 12),
        *(f"windows-{page}" for page in range(1250, 1259)),
    )
} | {
    "utf8": "utf-8", "ascii": "us-ascii", "latin1": "iso-8859-1", "gb2312": "gb18030", "shift_jis": "cp932",
    "ks_c_5601-1987": "cp949", "windows-874": "cp874", "macintosh": "mac-roman", "iso-8859-6-i": "iso-8859-6",
    "iso-8859-8-i": "iso-8859-8", **{f"cp{page}": f"windows-{page}" for page in range(1250, 1259)},
}  # fmt: skip
"""The charsets of mail, and the codec that reads each as senders mean it. Never the sender's name itself: Python also
finds codecs that unpack, evaluate escapes or take quadratic time, and remembers every name it did not find."""


def decoded(value: bytes, limit: int) -> str:
    """At most `limit` characters of what the sender meant, on one line, blanks as single spaces.

    What cannot be decoded, and NUL, which a database will not keep, becomes U+FFFD. Never raises. Other controls
    come through.
    """
    text = value[: 16 * limit].decode("utf-8", "replace")
    if "=?" in text:
        text = _RUN.sub(lambda run: _decoded_run(run[0]), text)
    return _BLANKS.sub(" ", text.replace("\0", "\ufffd")).strip(" ")[:limit]


def _decoded_run(run: str) -> str:
    """Neighbouring words of one charset are decoded together: many senders cut characters in two."""
    words = ((match[1].lower(), _bytes_of(match[2], match[3])) for match in _WORD.finditer(run))
    return "".join(
        b"".join(data for _, data in group).decode(CHARSETS.get(charset, "us-ascii"), "replace")
        for charset, group in groupby(words, key=lambda word: word[0])
    )


def _bytes_of(encoding: str, payload: str) -> bytes:
    data = payload.encode("ascii", "replace")
    if encoding in "Qq":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data + b"===")
    except binascii.Error:
        return b"\xff"
