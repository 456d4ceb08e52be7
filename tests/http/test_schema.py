"""Whatever the API's own schema allows: no answer is a 500, and every refusal is a problem document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from tests.doubles.gateways import configuration
from tests.end_to_end.running import Gateway, call_command, running

ANN = "ann@example.com"
_STREAM = "/api/v1/events"
"""It never ends; tests of its own look at it."""
_EXAMPLES = 15


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("schema")
    file = folder / "takeback.toml"
    file.write_text(configuration({"*": 9}, window="1h", http='listen = "127.0.0.1:0"'))
    with running(file) as process:
        yield process


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> str:
    made = call_command(
        *("key", "add", ANN, "schema", "--json", "--config", str(gateway.file)),
        *(word for scope in ("read", "act", "content", "admin") for word in ("--scope", scope)),
    )
    secret: str = made.json["secret"]
    return secret


@pytest.fixture(scope="module")
def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_nothing_that_the_schema_allows_is_a_surprise(gateway: Gateway, headers: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{gateway.ports[-1]}/api/v1/openapi.json")
    tried: list[str] = []
    for found in schema.exclude(path=_STREAM).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=_EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def ask(case: Any) -> None:
            answer = case.call(headers=headers, timeout=30)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"]

        ask()
        tried.append(operation.label)
    assert len(tried) > 15
