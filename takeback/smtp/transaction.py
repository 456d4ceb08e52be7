"""One message on its way in, between MAIL and the final reply."""

from __future__ import annotations

from collections.abc import Iterator

from takeback.smtp.data import BodyInspector, DotDecoder, too_big
from takeback.smtp.events import BodyChunk, BodyEnds, BodyRefused
from takeback.smtp.replies import CommandError, Reply
from takeback.smtp.settings import SmtpLimits


class Transaction:
    def __init__(self, limits: SmtpLimits, *, smtputf8: bool) -> None:
        self.smtputf8 = smtputf8
        self.recipients = 0
        """Those that were accepted."""
        self._max_size = limits.max_size
        self._announced = 0
        self._inspector = BodyInspector(limits.max_size, limits.text_line)
        self._decoder = DotDecoder()

    @property
    def refusal(self) -> Reply | None:
        """Why the body cannot be taken."""
        return self._inspector.refusal

    def announce(self, size: int) -> None:
        """Afterwards a chunk of `size` octets is expected. CommandError where they would be too many."""
        self._announced += size
        if self._announced > self._max_size:
            raise CommandError(too_big(self._max_size))

    def take_text(self, data: bytes) -> Iterator[BodyChunk | BodyRefused]:
        """More of what follows DATA."""
        content = self._decoder.decode(data)
        return self.take(content, last=self._decoder.ended)

    @property
    def text_is_whole(self) -> bool:
        return self._decoder.ended

    @property
    def behind_text(self) -> bytes:
        """What came in with the end of the text and does not belong to it."""
        return self._decoder.unused

    def take(self, content: bytes, *, last: bool) -> Iterator[BodyChunk | BodyRefused]:
        """More of the body as it is."""
        was_sound = self._inspector.refusal is None
        if passed := self._inspector.inspect(content, last=last):
            yield BodyChunk(passed)
        if was_sound and self._inspector.refusal is not None:
            yield BodyRefused(self._inspector.refusal)

    def end(self) -> BodyEnds:
        return BodyEnds(self._inspector.size, self._inspector.eight_bit)
