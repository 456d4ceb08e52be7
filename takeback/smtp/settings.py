"""What the protocol itself bounds. Idle time, connections and quotas belong to whoever listens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from takeback.clock import DAY, SECOND, Duration
from takeback.quantities import Settings, SizeText


class SmtpLimits(Settings):
    """How much one client may say to a submission server. All lengths are octets."""

    max_size: Annotated[SizeText, Field(ge=1)] = 50 << 20
    """The largest message, as SIZE counts it (RFC 1870 §5)."""
    command_line: Annotated[SizeText, Field(ge=512)] = 4096
    """With its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, and the extensions for some 1,500 more."""
    auth_line: Annotated[SizeText, Field(ge=512)] = 12_288
    """RFC 4954 §4 asks for 12,288: tokens are long."""
    text_line: Annotated[SizeText, Field(ge=0)] = 0
    """The longest line of a message without its CRLF; 0 is no limit, because real clients send more than the 998
    of RFC 5321 §4.5.3.1.6."""
    recipients: Annotated[int, Field(ge=1)] = 1000
    """Recipients of one message (RFC 5321 §4.5.3.1.8 asks for 100)."""
    errors: Annotated[int, Field(ge=1)] = 20
    """The answer of class 5 with which a session ends."""
    longest_hold: Annotated[Duration, Field(ge=SECOND, le=999_999_999 * SECOND)] = 30 * DAY
    """How far ahead HOLDFOR and HOLDUNTIL may reach (RFC 4865 §4); counted in whole seconds."""
