"""The real servers, one of each for all tests of a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.contract.mailboxes.stages import KINDS, Kind, Server, Stage
from tests.services.cyrus import Cyrus
from tests.services.dovecot import Dovecot
from tests.services.mail_servers import required_cyrus, required_dovecot


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    with required_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def cyrus_server() -> Iterator[Cyrus]:
    with required_cyrus() as server:
        yield server


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
