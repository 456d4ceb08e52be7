"""The loop that lets mail leave outlives whatever goes wrong in one of its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from takeback.app import Gateway
from takeback.errors import StoreUnavailable
from takeback.ports.store import ClaimedMessage, ClaimRequest
from takeback.store.store import SqlStore
from tests.doubles.gateways import configuration, parsed, until
from tests.doubles.recording_sink import RecordingSink
from tests.doubles.submitter import Submitter


@pytest.mark.parametrize("error", [StoreUnavailable("away"), ZeroDivisionError("a defect")], ids=["known", "a defect"])
async def test_a_round_that_fails_is_followed_by_others(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = SqlStore.claim
    failures = [error, error]

    async def fail_twice(store: SqlStore, request: ClaimRequest) -> Sequence[ClaimedMessage]:
        if failures:
            raise failures.pop()
        return await claim(store, request)

    monkeypatch.setattr(SqlStore, "claim", fail_twice)
    async with RecordingSink() as sink:
        gateway = Gateway(parsed(configuration({"*@one.test": sink.port}), tmp_path))
        await gateway.start()
        try:
            async with Submitter.connected(gateway.endpoints[0][1]) as session:
                await session.submit(["bob@one.test"])
            await until(lambda: sink.taken["bob@one.test"] == 1, 10, "the message to leave all the same")
        finally:
            await gateway.stop()
    assert not failures
