"""The real servers, one of each for all tests of a worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.contract.mailboxes.stages import KINDS, Kind, Server, Stage
from tests.services.cyrus import Cyrus, cyrus, is_complete
from tests.services.dovecot import PROGRAM, Dovecot, dovecot
from tests.services.requirement import missing


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    if not PROGRAM.exists():
        missing("Dovecot (dovecot-imapd, dovecot-lmtpd)")
    _need_root()
    with dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def cyrus_server() -> Iterator[Cyrus]:
    if not is_complete():
        missing("Cyrus (cyrus-common, cyrus-caldav, cyrus-imapd, sasl2-bin)")
    _need_root()
    with cyrus() as server:
        yield server


def _need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("a mail server that keeps its users apart can only be started by root")


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def make_stage(request: pytest.FixtureRequest, kind: Kind) -> Callable[..., Stage]:
    """Stages with settings of their own; the test enters them."""
    server: Server = request.getfixturevalue(f"{kind.server}_server")
    return lambda **settings: Stage(kind, server, **settings)


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()
