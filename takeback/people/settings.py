"""`[people]` of the configuration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from takeback.clock import MINUTE, SECOND
from takeback.mail.address import Pattern, canonical_domain, is_addr_spec, read_patterns
from takeback.quantities import DurationText, PathText, Settings

_FIELD = re.compile(r"\{([^{}]*)\}")
FIELDS = ("address", "user", "domain")


def _read_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _check_address(text: str) -> str:
    if not is_addr_spec(text.strip()) or "*" in text:
        raise ValueError(f'{text!r} is no address; write it as "ann@example.com"')
    return text.strip()


class ListSettings(Settings):
    """A list of people, written down here."""

    address: str
    """The address of the list."""
    members: Annotated[tuple[str, ...], BeforeValidator(_read_tuple), Field(min_length=1)]
    """The addresses behind it; they may be lists or aliases themselves."""

    @field_validator("address")
    @classmethod
    def _valid_address(cls, text: str) -> str:
        return _check_address(text)

    @field_validator("members")
    @classmethod
    def _valid_members(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_check_address(text) for text in texts)


class CommandSettings(Settings):
    """A program that knows the members of lists, such as that of a list server."""

    addresses: Annotated[tuple[Pattern, ...], BeforeValidator(read_patterns)] = Field(alias="for")
    """Patterns for the addresses that it is asked about."""
    run: Annotated[tuple[str, ...], BeforeValidator(_read_tuple), Field(min_length=1)]
    """The program and its arguments, without a shell; `{address}`, `{user}` and `{domain}` stand for what is asked
    about. It prints one address a line; none at all, where the address is no list. Any status but 0 means that it
    does not know now."""
    timeout: Annotated[DurationText, Field(ge=SECOND)] = 10 * SECOND
    """How long it may take."""

    @field_validator("run")
    @classmethod
    def _known_fields(cls, arguments: tuple[str, ...]) -> tuple[str, ...]:
        for argument in arguments:
            if unknown := set(_FIELD.findall(argument)) - set(FIELDS):
                raise ValueError(f"{{{min(unknown)}}} means nothing; use {{address}}, {{user}} and {{domain}}")
        return arguments


class PeopleSettings(Settings):
    """Who is behind an address, so that a recall finds the mailboxes of people. Nothing of this changes where mail
    goes. An address is looked up in the alias files, then among the lists, then with the commands, and in the end as
    `@domain` in the alias files. The first place that knows it is believed."""

    separator: Annotated[str, Field(pattern=r"^[-+=_.#!]*$")] = "+"
    """What stands before the extension in `ann+news@example.com`: one character, or several of which each may; `""`
    where there are none. It counts for the organisation's own addresses only."""
    aliases: Annotated[tuple[PathText, ...], BeforeValidator(_read_tuple)] = ()
    """Files in the format of Postfix's virtual(5), as text; read again when they change."""
    origin: str = ""
    """The domain of names that have none in those files; without it, the first of `organisation.domains`."""
    remember: DurationText = MINUTE
    """How long the answer of a command is believed."""
    list: Annotated[tuple[ListSettings, ...], BeforeValidator(_read_tuple)] = ()
    command: Annotated[tuple[CommandSettings, ...], BeforeValidator(_read_tuple)] = ()

    @field_validator("origin")
    @classmethod
    def _canonical_origin(cls, text: str) -> str:
        return canonical_domain(text.strip())
