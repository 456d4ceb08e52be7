"""What every test may ask for: an event loop of its own, and real servers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from takeback.store import schema
from takeback.store.database import Database, database_url
from tests.services.postgresql import PostgreSql, find_programs, postgresql
from tests.services.requirement import missing

# How long an example takes says how busy the machine is. A test that hangs is ended by the limit for every test.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


_SLOW_FIRST = ("web", "faults", "end_to_end", "races", "http", "contract")
"""Folders whose files take long with few tests: begun last, they would leave one of two processes idle at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(_SLOW_FIRST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: order.get(item.path.relative_to(here).parts[0], len(order)))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A coroutine test runs on a loop of its own; fixtures that are async context managers are entered on it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(_run(pyfuncitem.obj, arguments))
    return True


async def _run(test: Any, arguments: dict[str, Any]) -> None:
    async with AsyncExitStack() as stack:
        for argument in arguments.values():
            if isinstance(argument, AbstractAsyncContextManager):
                await stack.enter_async_context(argument)
        await test(**arguments)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSql]:
    """One server for all tests of this worker. Who stops it starts it again."""
    programs = find_programs()
    if programs is None:
        missing("PostgreSQL")
    with postgresql(programs) as server:
        yield server


@pytest.fixture(scope="session")
def _postgresql_template(postgresql_server: PostgreSql) -> str:
    """A database with the schema in it, to make others from."""
    name = postgresql_server.create()
    database = Database(database_url(postgresql_server.url(name), Path()))
    schema.prepare(database)
    database.close()
    return name


@pytest.fixture
def postgresql_database(postgresql_server: PostgreSql, _postgresql_template: str) -> Iterator[str]:
    """The URL of a database of this test's own, its schema up to date."""
    name = postgresql_server.create(_postgresql_template)
    yield postgresql_server.url(name)
    postgresql_server.drop(name)
