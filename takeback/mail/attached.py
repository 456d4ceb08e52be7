"""Whether a message says that something is attached to it, found without reading it as MIME."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ATTACHED = re.compile(rb"^content-disposition:(?:[ \t]|\r\n[ \t])*attachment", re.IGNORECASE | re.MULTILINE)
_OVERLAP = 200


def says_attachment(pieces: Iterable[bytes]) -> bool:
    """Whether some part of the message in these pieces says that it is one."""
    tail = b""
    for piece in pieces:
        if _ATTACHED.search(tail + piece):
            return True
        tail = piece[-_OVERLAP:]
    return False
