"""Log lines: for people on a terminal, JSON otherwise. What strangers wrote is shown, never obeyed."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from takeback.visible import visible


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Afterwards every logger writes its lines to `stream` (standard error)."""
    for_people = (stream or sys.stderr).isatty()
    renderer = structlog.dev.ConsoleRenderer(colors=True) if for_people else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not for_people),
            structlog.processors.format_exc_info,
            _make_visible,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream or cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )


class _StandardError:
    """Standard error as it is when a line is written, not as it was when somebody first asked for a logger."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _make_visible(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    for name, value in line.items():
        if isinstance(value, str) and name != "exception" and not (value.isascii() and value.isprintable()):
            line[name] = visible(value)
    return line
