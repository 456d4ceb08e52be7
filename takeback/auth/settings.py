"""The `[auth]` table of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from takeback.clock import DAY, MINUTE, SECOND
from takeback.imap_url import ImapServer, parse_imap_url
from takeback.quantities import DurationText, OptionalPathText, Settings


class AuthSettings(Settings):
    """Where passwords are checked, and what repeated failures cost."""

    backend: Literal["accounts", "imap"] = "accounts"
    """`accounts`: those of `takeback account add`. `imap`: whoever can log in at that IMAP server."""
    url: str = ""
    """For `imap`: `imaps://host[:993]`, or `imap://host[:143]` (STARTTLS, but not on loopback)."""
    ca_file: OptionalPathText = None
    """For `imap`: PEM file of the authority behind the server's certificate; without it, the system's."""
    timeout: Annotated[DurationText, Field(ge=SECOND, le=5 * MINUTE)] = 10 * SECOND
    """For `imap`: how long one login may take, everything together."""
    domain: Annotated[str, Field(pattern=r"^[^@\s]*$", max_length=255)] = ""
    """Put after a user name that has no `@`."""
    failures_before_delay: Annotated[int, Field(ge=1, le=1000)] = 3
    """So many failures of one address or account are free; from then on answers come later and later."""
    longest_delay: Annotated[DurationText, Field(ge=0, le=MINUTE)] = 5 * SECOND
    """No answer is delayed longer than this."""
    failures_before_lockout: Annotated[int, Field(ge=1, le=1000)] = 10
    """At this failure one account is locked for one address."""
    lockout: Annotated[DurationText, Field(ge=SECOND, le=DAY)] = 15 * MINUTE
    """How long that lasts; and all failures are forgiven this long after the last one."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.backend == "imap":
            parse_imap_url(self.url)
        elif self.url or self.ca_file:
            raise ValueError('url and ca_file belong to backend = "imap"')
        if self.failures_before_delay > self.failures_before_lockout:
            raise ValueError("failures_before_delay may not be greater than failures_before_lockout")
        return self

    @property
    def imap_server(self) -> ImapServer:
        """The server named by `url`; ValueError where backend is not `imap`."""
        return parse_imap_url(self.url)
