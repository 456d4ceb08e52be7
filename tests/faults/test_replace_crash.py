"""A replace dies by SIGKILL at each of its steps, beside real servers; the next one finishes. At rest a mailbox never
holds both messages and never neither, and nothing is told twice. The same with a recall, over every connector."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from takeback.mail import headers
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Status
from tests.contract.mailboxes.stages import KINDS, Kind, section, shown_to
from tests.doubles.recalls import FROM, ID, stored_copy
from tests.faults.aftermath import Undertaker, finish, prepare, told, undertaker
from tests.faults.crashing_recall import Fatality
from tests.services.cyrus import Cyrus
from tests.services.dovecot import Dovecot
from tests.services.mail_servers import required_cyrus, required_dovecot

STEPS = [
    "1 start before",
    "2 start after",
    "3 claim after",
    "4 expand before",
    "5 expand after",
    "6 look before",
    "7 look after",
    "8 find after 2",
    "9 plan before",
    "10 plan after",
    "11 replace before",
    "12 mark before",
    "13 mark after",
    "14 append before",
    "15 append after",
    "16 expunge before",
    "17 expunge after",
    "18 replace after",
    "19 settle_copy before",
    "20 settle_copy after",
    "21 settle_person before",
    "22 settle_person after",
    "23 finish before",
    "24 finish after",
]
_ALWAYS = (10, 13, 15, 17, 20, 22)
"""Those whose step leaves something new behind; the rest are for the long run."""
_FEWEST_EXCHANGES, _MOST_EXCHANGES = 5, 40


@pytest.fixture(scope="module")
def fates() -> Iterator[Undertaker]:
    with undertaker() as process:
        yield process


@pytest.fixture(scope="module")
def dovecot_server() -> Iterator[Dovecot]:
    with required_dovecot() as server:
        yield server


@pytest.fixture(scope="module")
def cyrus_server() -> Iterator[Cyrus]:
    with required_cyrus() as server:
        yield server


class Scene:
    """A gateway that has delivered one message, which its user has flagged."""

    def __init__(self, kind: Kind, server: Dovecot | Cyrus, folder: Path) -> None:
        self.kind = kind
        self.server = server
        self.folder = folder
        self.user = server.new_user()

    async def prepare(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.corrected = self.folder / "corrected.eml"
        self.corrected.write_text(f"From: {FROM}\nSubject: Figures, corrected\n\nRight.\n")
        self.file = await prepare(self.folder, section(self.kind, self.server), self.server.lmtp_port, self.user)
        with self.server.log_in(self.user) as client:
            client.append("INBOX", stored_copy(), ["\\Flagged"])

    def fatality(self, verb: str, moment: str, number: int = 1, *, replaces: bool = True) -> Fatality:
        return Fatality(str(self.file), ID, verb, moment, number, str(self.corrected) if replaces else "")

    def standing(self) -> list[tuple[str, str, frozenset[str]]]:
        """Folder, subject and flags of everything that the owner has, in whichever folder."""
        with self.server.log_in(self.user) as client:
            folders = [name for _, _, name in client.list_folders()]
            return [
                (folder, headers.split(each.raw).text("subject"), each.flags)
                for folder in folders
                for each in shown_to(client, folder)
            ]

    async def check_aftermath(self, fatality: Fatality) -> None:
        """Whoever asks again, once or twice, finds that it was done once."""
        outcome = Outcome.REPLACED if fatality.corrected else Outcome.RECALLED
        for _ in range(2):
            report = await finish(fatality)
            assert report.counts == {outcome: 1} and report.status is Status.DONE
        [person] = report.recipients[0].people
        assert [copy.outcome for copy in person.copies] == [outcome]
        corrected = [("INBOX", "Figures, corrected", frozenset({"\\Flagged"}))]
        assert self.standing() == (corrected if fatality.corrected else [])
        assert await told(self.file) == [f"recall_{outcome}", "summary"]


def _cases() -> Iterator[object]:
    for number, step in enumerate(STEPS, start=1):
        yield pytest.param(step, id=step, marks=[] if number in _ALWAYS else [pytest.mark.soak])


@pytest.mark.parametrize("step", list(_cases()))
async def test_a_replace_that_died_is_finished_and_told_once(
    step: str, tmp_path: Path, dovecot_server: Dovecot, fates: Undertaker
) -> None:
    scene = Scene(KINDS[0], dovecot_server, tmp_path)
    await scene.prepare()
    _, verb, moment, *number = step.split()
    fatality = scene.fatality(verb, moment, *map(int, number))
    assert await asyncio.to_thread(fates.play, fatality)
    assert scene.standing()
    await scene.check_aftermath(fatality)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("replaces", [True, False], ids=["replace", "recall"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_before_every_exchange_with_the_server(
    kind: Kind, replaces: bool, tmp_path: Path, request: pytest.FixtureRequest, fates: Undertaker
) -> None:
    """Until it comes to its end without meeting an exchange of that number."""
    for number in range(1, _MOST_EXCHANGES):
        scene = Scene(kind, request.getfixturevalue(f"{kind.server}_server"), tmp_path / str(number))
        await scene.prepare()
        fatality = scene.fatality("exchange", "before", number, replaces=replaces)
        if not await asyncio.to_thread(fates.play, fatality):
            break
        await scene.check_aftermath(fatality)
    assert _FEWEST_EXCHANGES < number < _MOST_EXCHANGES - 1


@pytest.mark.parametrize("step", ["append before", "ready before", "append after"])
@pytest.mark.parametrize("kind", KINDS[2:], ids=lambda kind: kind.name)
async def test_where_the_other_connectors_leave_something_behind(
    kind: Kind, step: str, tmp_path: Path, request: pytest.FixtureRequest, fates: Undertaker
) -> None:
    if step.startswith("ready") and not kind.name.startswith("doveadm"):
        pytest.skip("what is put there is made ready where nobody looks for it")
    scene = Scene(kind, request.getfixturevalue(f"{kind.server}_server"), tmp_path)
    await scene.prepare()
    verb, moment = step.split()
    fatality = scene.fatality(verb, moment)
    assert await asyncio.to_thread(fates.play, fatality)
    await scene.check_aftermath(fatality)
