"""What a worker may take, and how it is told what it did last when it took more."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

NICENESS = 10
_NAME_SIZE = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """`memory` in bytes; `rule` and `message` in seconds of computing, because a busy machine is nobody's fault. A rule
    that has taken `rule` is interrupted; a worker that has taken `message` for one message is ended."""

    memory: int = 768 << 20
    rule: float = 1.0
    message: float = 8.0

    @property
    def patience(self) -> float:
        """Seconds on the clock after which a worker that does not answer is ended, whatever it does."""
        return 4 * self.message


class TookTooLong(Exception):
    """A rule was interrupted."""


def restrain(limits: Limits) -> None:
    """Afterwards this process cannot take more memory, leaves the machine to others, and leaves no core behind."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    signal.signal(signal.SIGVTALRM, _interrupt)
    # Whoever interrupts the gateway from a terminal means the gateway; it ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise TookTooLong


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work comes to. Raises TookTooLong, in it, after that time and again after each fraction of it: a
    rule that catches everything does not go on."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds / 10)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def end_after(seconds: float) -> None:
    """The system ends this process when it has computed for so long, even where Python does not get to run; 0 takes
    that back. Nobody may be left to end it: the gateway can be killed."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


class Progress:
    """A few bytes that outlive the worker: what it was at. Written by it, read by the gateway."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def note(self, name: str) -> None:
        os.pwrite(self.descriptor, name.encode()[:_NAME_SIZE].ljust(_NAME_SIZE), 0)

    def last(self) -> str:
        return os.pread(self.descriptor, _NAME_SIZE, 0).decode("utf-8", "replace").strip("\0 ")
