"""Answers to commands by mail: one line for the reply, and a short message in English and Arabic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from takeback.clock import Instant
from takeback.i18n.language import Language, language
from takeback.mail.compose import Heading, SystemMail, heading, moment, text_part, verbatim
from takeback.mail.risk_notice import Doubt

_MOST_LISTED = 100
_ENGLISH, _ARABIC = language("en"), language("ar")

Paragraphs = Callable[[Language], list[str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient, or one message of a list: its name, state, time and the server's words."""

    name: str
    state: str
    at: Instant | None
    reply: str


@dataclass(frozen=True, slots=True)
class Result:
    """`summary` is what the reply says: ASCII, one line. `paragraphs` gives the same at length in a language."""

    summary: str
    paragraphs: Paragraphs


def undone(stopped: Sequence[Line], too_late: Sequence[Line]) -> Result:
    def paragraphs(words: Language) -> list[str]:
        said = []
        if stopped:
            told = words.count(
                "Stopped for {number} recipient, who will not receive it:",
                "Stopped for {number} recipients, who will not receive it:",
                len(stopped),
            )
            said += [told, _names(stopped, words)]
        return said + _too_late(too_late, words)

    return Result(_summary("stopped", len(stopped), "too late", len(too_late)), paragraphs)


def released(sent: Sequence[Line], refused: Sequence[Line]) -> Result:
    def paragraphs(words: Language) -> list[str]:
        said = []
        if sent:
            told = words.count("On its way to {number} recipient:", "On its way to {number} recipients:", len(sent))
            said += [told, _names(sent, words)]
        if refused:
            said += [words.text("There was nothing to send for these:"), _names(refused, words, with_state=True)]
        return said

    return Result(_summary("sending to", len(sent), "nothing to send for", len(refused)), paragraphs)


def held(until: Instant | None, kept: Sequence[Line], too_late: Sequence[Line]) -> Result:
    when = "released" if until is None else moment(until)

    def paragraphs(words: Language) -> list[str]:
        said = []
        if kept:
            told = words.text("Held until you release it:") if until is None else words.text("Held until this time:")
            said += [told, verbatim([*([moment(until)] if until is not None else []), *_listed(kept, False, words)])]
        return said + _too_late(too_late, words)

    return Result(f"{_summary('held', len(kept), 'too late', len(too_late))}, until {when}", paragraphs)


def recalling(recalls: Sequence[str]) -> Result:
    def paragraphs(words: Language) -> list[str]:
        said = words.text("What had not left is stopped. What was delivered is taken back where it can be reached;")
        more = words.text("a report on every recipient comes by mail when that is done. Its number:")
        return [f"{said} {more}", verbatim(recalls)]

    return Result(f"recall {' '.join(recalls)} begun, the report comes by mail", paragraphs)


def fine(unfounded: Sequence[Doubt], waits: bool) -> Result:
    """`waits`: the message has not left."""

    def paragraphs(words: Language) -> list[str]:
        reasons = [doubt.arabic if words.code == _ARABIC.code else doubt.english for doubt in unfounded]
        said = [words.text("These doubts count as unfounded:"), verbatim(reasons[:_MOST_LISTED])]
        if waits:
            said.append(words.text("The message waits as before; answer “send” to send it now."))
        return said

    codes = ", ".join(dict.fromkeys(doubt.code for doubt in unfounded))
    return Result(f"called fine: {codes}{'; the message waits as before' if waits else ''}", paragraphs)


def listed(messages: Sequence[Line]) -> Result:
    def paragraphs(words: Language) -> list[str]:
        if not messages:
            return [words.text("Nothing is held or on its way.")]
        told = words.count(
            "{number} message is held or on its way:", "{number} messages are held or on their way:", len(messages)
        )
        return [told, _names(messages, words, with_state=True)]

    return Result(f"{len(messages)} held or on their way; the list comes by mail", paragraphs)


def answer(result: Result, *, to: str, hostname: str, message_id: str, in_reply_to: str, now: Instant) -> SystemMail:
    """The message to the asker. It says nothing that its reader has not written or been told before."""
    subject = " / ".join(words.text("What became of your request") for words in (_ENGLISH, _ARABIC))
    about = Heading(
        to=to,
        hostname=hostname,
        message_id=message_id,
        now=now,
        subject=subject,
        auto_submitted="auto-replied",
        in_reply_to=in_reply_to,
    )
    entity = text_part(result.paragraphs(_ENGLISH), result.paragraphs(_ARABIC))
    return SystemMail(heading(about) + entity, smtputf8=not to.isascii())


def _summary(done: str, count: int, otherwise: str, rest: int) -> str:
    return f"{done} {count}, {otherwise} {rest}" if rest or not count else f"{done} {count}"


def _too_late(lines: Sequence[Line], words: Language) -> list[str]:
    if not lines:
        return []
    told = words.count("Too late for {number} recipient:", "Too late for {number} recipients:", len(lines))
    return [told, _names(lines, words, with_state=True)]


def _names(lines: Sequence[Line], words: Language, with_state: bool = False) -> str:
    return verbatim(_listed(lines, with_state, words))


def _listed(lines: Sequence[Line], with_state: bool, words: Language) -> list[str]:
    shown = [_described(line, words) if with_state else line.name for line in lines[:_MOST_LISTED]]
    more = len(lines) - len(shown)
    return [*shown, words.count("and {number} more", "and {number} more", more)] if more else shown


def _described(line: Line, words: Language) -> str:
    parts = [line.name, words.text(line.state), moment(line.at) if line.at is not None else "", line.reply]
    return "  ".join(part for part in parts if part)
