"""Who is behind addresses: whether the files can be read and the programs are there. No program is run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from takeback.config import Config
from takeback.doctor.finding import Finding, ok, problem
from takeback.people.aliases import AliasFile
from takeback.recall.people import PeopleUnknown

ABOUT = "people"


def examine_people(config: Config) -> list[Finding]:
    settings = config.people
    found = [*_files(config), *_programs(config)]
    if not found and (settings.aliases or settings.command):
        found = [ok(ABOUT, "The alias files can be read, and the programs are there.")]
    return found


def _files(config: Config) -> Iterator[Finding]:
    for path in config.people.aliases:
        try:
            AliasFile(path, config.people.origin).refresh()
        except PeopleUnknown as error:
            yield problem(ABOUT, f"{error}.", "Until it can be read, recalls wait.")


def _programs(config: Config) -> Iterator[Finding]:
    for command in config.people.command:
        program = command.run[0]
        if shutil.which(program) is None:
            yield problem(
                ABOUT, f"people.command: {program} is not there.", "Write its whole path, and make it executable."
            )
