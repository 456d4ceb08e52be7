"""Messages for the tests, built byte by byte."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence


def mail(
    text: str | bytes = "Hello.\n",
    *,
    sender: str = "Ann <ann@example.com>",
    to: Sequence[str] = ("Ben <ben@example.org>",),
    cc: Sequence[str] = (),
    subject: str = "Minutes",
    kind: str = "text/plain",
    headers: Mapping[str, str] | None = None,
    files: Sequence[tuple[str, str, bytes]] = (),
) -> bytes:
    """A message with UTF-8 in its header; `files` are (name, media type, content), each an attachment."""
    body = text.encode() if isinstance(text, str) else text
    fields = {
        "From": sender,
        "To": ", ".join(to),
        "Cc": ", ".join(cc),
        "Subject": subject,
        "Date": "Mon, 23 Nov 2026 09:00:00 +0000",
        "Message-ID": "<one@example.com>",
        **(headers or {}),
    }
    top = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value).encode()
    leaf = b"Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s" % (kind.encode(), body)
    if not files:
        return top + leaf
    return top + multipart("mixed", leaf, *(attached(*file) for file in files))


def multipart(kind: str, *parts: bytes) -> bytes:
    boundary = f"=_{kind}_{sum(map(len, parts))}".encode()
    pieces = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n%s--%s--\r\n' % (
        kind.encode(),
        boundary,
        pieces,
        boundary,
    )


def attached(name: str, kind: str, content: bytes, *fields: str) -> bytes:
    more = "".join(f"{line}\r\n" for line in fields) or f'Content-Disposition: attachment; filename="{name}"\r\n'
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n'
    return head.encode() + b64encode(content)
