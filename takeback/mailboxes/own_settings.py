"""`[sent_copies]` of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from takeback.clock import MINUTE, SECOND
from takeback.imap_url import parse_imap_url
from takeback.quantities import DurationText, OptionalPathText, Settings


def _read_servers(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return value
    for each in value:
        parse_imap_url(each)
    return tuple(value)


class SentCopySettings(Settings):
    """After an undo, the copy that a mail client filed in Sent moves to Drafts: for whoever has entered, in the pages,
    the login of their own mail. It is kept sealed."""

    servers: Annotated[tuple[str, ...], BeforeValidator(_read_servers)] = ()
    """The IMAP servers that people may name, as in `["imaps://imap.example.com"]`; without one this is off. Nobody can
    make the gateway connect to any other."""
    ca_file: OptionalPathText = None
    """PEM file of the authority behind their certificates; without it, the system's."""
    timeout: Annotated[DurationText, Field(ge=SECOND, le=5 * MINUTE)] = 20 * SECOND
    """How long one answer of a server may take."""
