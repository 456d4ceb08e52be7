"""The new text of a message without what its sender writes in every message."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.text import Line, Origin, block_of

_RECURRING = 3
"""Earlier messages with the same paragraph, after which it is boilerplate."""


def own_lines(message: Message, history: History) -> Sequence[Line]:
    """The new text without the paragraphs that the sender's earlier mail had too."""
    paragraph: list[Line] = []
    kept: list[Line] = []
    for line in (*message.lines, None):
        if line is not None and line.plain and line.origin is Origin.OWN:
            paragraph.append(line)
            continue
        if paragraph and history.block_count(block_of(" ".join(line.plain for line in paragraph))) < _RECURRING:
            kept += paragraph
        paragraph = []
    return kept
