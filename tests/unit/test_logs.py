"""Log lines: JSON for programs, and nothing that strangers wrote is obeyed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from takeback import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_one_json_document_a_line_with_what_was_said() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    structlog.get_logger().info("sent", message="1nga1kzw1w6ytxcy", reply="250 2.0.0 Ok")
    structlog.get_logger().debug("not said")
    [line] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["event"], line["message"], line["reply"]) == ("sent", "1nga1kzw1w6ytxcy", "250 2.0.0 Ok")
    assert (line["level"], line["timestamp"][-1]) == ("info", "Z")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_what_strangers_wrote_is_shown(stream: io.StringIO) -> None:
    logs.configure(stream)
    structlog.get_logger().warning("refused", reply="550 \x1b[2J\u202egnp.exe\r\nforged line")
    said = stream.getvalue()
    assert "\x1b[2J" not in said and "\u202e" not in said
    assert said.count("\n") == 1 and "forged line" in said


def test_lines_for_people_are_not_json() -> None:
    stream = Terminal()
    logs.configure(stream)
    structlog.get_logger().info("accepted", message="1nga1kzw1w6ytxcy")
    assert not stream.getvalue().startswith("{") and "1nga1kzw1w6ytxcy" in stream.getvalue()
