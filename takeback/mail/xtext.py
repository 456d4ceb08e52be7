"""xtext, in which ENVID and ORCPT travel (RFC 3461 §4)."""

from __future__ import annotations

import re

_HEX = re.compile(rb"\+([0-9A-F]{2})")


def decode(text: str) -> str:
    """What was encoded. What is no xtext stays as it is, what is no UTF-8 becomes U+FFFD; never raises. The result may
    hold anything, line ends too."""
    raw = _HEX.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), text.encode("utf-8", "replace"))
    return raw.decode("utf-8", "replace")
