"""Where a person's Maildir is, and what may stand in the name of a file in it."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_NAME = 255
"""Bytes in one part of a path, on the file systems there are."""
_UNSAFE = re.compile(r"[/\x00-\x1f\x7f-\x9f]")


def host_in_name(hostname: str) -> str:
    """The host's name as the last part of a unique file name; a colon would begin the flags."""
    return _UNSAFE.sub("_", hostname).replace(":", "_")


def mailbox_path(template: str, address: str) -> Path | None:
    """The Maildir of the address; None where its name could lead elsewhere or cannot be a name at all."""
    address = address.lower()
    local = _unquote(address.rpartition("@")[0] if "@" in address else address)
    values = {"user": local, "address": address}
    if any(not _is_file_name(value) for name, value in values.items() if f"{{{name}}}" in template):
        return None
    return Path(template.format_map(values))


def _unquote(local: str) -> str:
    """RFC 5321 §4.1.2: `"ann"` and `ann` are the same local part."""
    if len(local) >= 2 and local[0] == local[-1] == '"':
        return re.sub(r"\\(.)", r"\1", local[1:-1], flags=re.DOTALL)
    return local


def _is_file_name(text: str) -> bool:
    """A leading dot is refused with `.` and `..`: in a Maildir it names a subfolder of somebody else's."""
    if not text or text.startswith(".") or _UNSAFE.search(text):
        return False
    try:
        return len(text.encode("utf-8")) <= _LONGEST_NAME
    except UnicodeEncodeError:
        return False
