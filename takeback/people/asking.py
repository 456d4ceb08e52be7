"""Asking a program who is behind an address: without a shell, bounded in time and output."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from takeback.clock import SECOND
from takeback.mail.address import domain_of, is_addr_spec, local_part_of
from takeback.people.settings import CommandSettings
from takeback.recall.people import PeopleUnknown

LARGEST_ANSWER = 8 << 20


async def ask(settings: CommandSettings, address: str) -> Sequence[str]:
    """The addresses that the program prints. Raises PeopleUnknown."""
    arguments = _arguments(settings, address)
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise PeopleUnknown(f"people.command: {arguments[0]} cannot be run: {error.strerror}") from None
    try:
        async with asyncio.timeout(settings.timeout / SECOND):
            output = await _read(process, arguments[0])
            status = await process.wait()
    except TimeoutError:
        raise PeopleUnknown(f"people.command: {arguments[0]} took too long over {address}") from None
    finally:
        await _end(process)
    if status:
        raise PeopleUnknown(f"people.command: {arguments[0]} ended with status {status} over {address}")
    return _addresses(output, arguments[0])


def _arguments(settings: CommandSettings, address: str) -> list[str]:
    """An argument that the address would turn into an option is refused: what senders write is no option."""
    values = {"{address}": address, "{user}": local_part_of(address), "{domain}": domain_of(address)}
    made = []
    for template in settings.run:
        argument = template
        for field, value in values.items():
            argument = argument.replace(field, value)
        if argument.startswith("-") and not template.startswith("-"):
            raise PeopleUnknown(f"people.command: {address} would be read as an option")
        made.append(argument)
    return made


async def _read(process: Process, program: str) -> bytes:
    assert process.stdout is not None
    output = b""
    while piece := await process.stdout.read(1 << 16):
        output += piece
        if len(output) > LARGEST_ANSWER:
            raise PeopleUnknown(f"people.command: {program} prints more than {LARGEST_ANSWER >> 20} MB")
    return output


async def _end(process: Process) -> None:
    """Ends a program that has not ended by itself, and what it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _addresses(output: bytes, program: str) -> Sequence[str]:
    try:
        lines = [line.strip() for line in output.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise PeopleUnknown(f"people.command: {program} prints what is not UTF-8 text") from None
    for line in lines:
        if not is_addr_spec(line):
            raise PeopleUnknown(f"people.command: {program} prints what is no address: {line[:100]}")
    return lines
