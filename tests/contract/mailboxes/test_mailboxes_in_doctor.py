"""`takeback doctor` tries each connector with its test mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from takeback.config import Config, parse
from takeback.doctor.finding import Level
from takeback.doctor.mailboxes import examine_mailboxes
from tests.contract.mailboxes.stages import Stage, section


def configuration(*sections: dict[str, Any]) -> Config:
    return parse({"relay": [{"to": "lmtp://localhost"}], "mailboxes": list(sections)}, Path("takeback.toml"))


async def test_what_works_and_what_does_not(stage: Stage) -> None:
    works = section(stage.kind, stage.server)
    found = await examine_mailboxes(
        configuration(
            works | {"test_mailbox": stage.address},
            works | {"test_mailbox": "nobody-here@example.com"},
            works,
        )
    )
    levels = {about: {each.level for each in found if each.about == about} for about in {each.about for each in found}}
    assert levels == {
        "mailboxes 1": {Level.OK},
        "mailboxes 2": levels["mailboxes 2"],
        "mailboxes 3": {Level.WARNING},
    }
    assert Level.PROBLEM in levels["mailboxes 2"]
    assert all(each.advice for each in found if each.level is not Level.OK)


async def test_nothing_configured_nothing_said() -> None:
    assert await examine_mailboxes(configuration()) == []
