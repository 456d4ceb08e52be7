"""Mail servers that a test cannot do without: real ones, whose users are apart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.services.cyrus import Cyrus, cyrus, is_complete
from tests.services.dovecot import PROGRAM, Dovecot, dovecot
from tests.services.requirement import missing


@contextmanager
def required_dovecot() -> Iterator[Dovecot]:
    """Answers when this is entered. Where it cannot be had, the test is skipped, or fails in CI."""
    if not PROGRAM.exists():
        missing("Dovecot (dovecot-imapd, dovecot-lmtpd)")
    _need_root()
    with dovecot() as server:
        yield server


@contextmanager
def required_cyrus() -> Iterator[Cyrus]:
    """Answers when this is entered. Where it cannot be had, the test is skipped, or fails in CI."""
    if not is_complete():
        missing("Cyrus (cyrus-common, cyrus-caldav, cyrus-imapd, sasl2-bin)")
    _need_root()
    with cyrus() as server:
        yield server


def _need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("a mail server that keeps its users apart can only be started by root")
