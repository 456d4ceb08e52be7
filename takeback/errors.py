"""What can go wrong, in words that may be shown to the person who asked."""

from __future__ import annotations


class TakebackError(Exception):
    """Base of all errors that carry one line for a person and no traceback.

    `words` are that line in English, with `{name}` where a value of that name belongs; without values they are taken
    as they are. Whoever speaks another language translates the words first.
    """

    def __init__(self, words: str = "", /, **values: object) -> None:
        super().__init__(words.format_map(values) if values else words)
        self.words = words
        self.values = values


class ConfigError(TakebackError):
    """The configuration cannot be used. The text names the file, the key and the mend."""


class NotFound(TakebackError):
    """No such message, recipient or account; nothing was done."""


class Ambiguous(TakebackError):
    """What was named is several things, and choosing is the asker's business; nothing was done."""


class StoreUnavailable(TakebackError):
    """The store could not say whether it did it. Whoever asked must be told just that."""


class StoreFull(StoreUnavailable):
    """No room: nothing was stored."""


class LimitReached(TakebackError):
    """A limit of the account or the system stands in the way; nothing was stored."""


class RemoteError(TakebackError):
    """A gateway elsewhere cannot be asked, or refuses; `code` names the reason for programs."""

    def __init__(self, code: str, words: str, /, **values: object) -> None:
        super().__init__(words, **values)
        self.code = code


class NotElsewhere(TakebackError):
    """That can be done on the gateway's own machine only; nothing was done."""


class ClockStepped(TakebackError):
    """The clock jumped, by `step` microseconds: what is due by it may not be due at all."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the clock jumped by {step // 1_000_000} seconds")
        self.step = step
