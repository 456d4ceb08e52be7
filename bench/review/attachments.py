"""Forgotten attachments, and how often each rule about content speaks on mail that is taken to be right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from bench.results import Goal, Row, Section, at_least, at_most
from bench.review import data, mailboxes
from bench.review.mailboxes import DOMAIN, Kept
from takeback.mail.address import domain_of
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.rules.content import CONTENT_RULES
from takeback.review.rules.missing_attachment import check

_KEYWORDS = re.compile(r"attach|enclos|\.doc|\.pdf|\.xls|resume|cover letter", re.IGNORECASE)
"""What mail programs look for."""
_LATER = 1_000_000_000_000_000

Says = Callable[[Message], bool]


def run() -> Section:
    mail = list(mailboxes.kept(data.file(mailboxes.FILE)))
    people = [one for one in mail if one.by_people]
    new = [one for one in people if not one.message.is_forward]
    forwards = [one for one in people if one.message.is_forward]
    worded = [one for one in new if any(line.plain for line in one.message.written())]
    dated = sorted(people, key=lambda one: one.message.date or 0)
    late = dated[len(dated) * 2 // 3 :]
    rows = [
        *_attachment_rows("all mail", mail, at_least(0.80, _f1(mail, _rule))),
        *_attachment_rows("people's mail", people, at_least(0.80, _f1(people, _rule))),
        *_attachment_rows("the newest third of it", late, at_least(0.80, _f1(late, _rule))),
        *_attachment_rows("forwards by people", forwards),
        *_attachment_rows("people's mail but forwards", new, at_least(0.80, _f1(new, _rule))),
        *_attachment_rows("people's mail but forwards, with a word in it", worded),
        *_alert_rows([one.message for one in people if not one.had_files]),
    ]
    notes = [
        "Forgotten attachment: a message counts as one that should have a file if it really had one, which was taken "
        "off. Unsent drafts, calendar and contact entries are left out, and messages that had only artefacts of the "
        "mail system attached. Beside it: the words that mail programs look for, in the same new text.",
        "Many files go without a word (an empty text, 'FYI'), and forwards take theirs along: nobody can miss those. "
        "Many alerts are on mail whose file was lost when these mailboxes were exported: the true rate is lower.",
        "Alerts: on people's mail that had no file, all of it inside one organisation; then as if all of it left.",
    ]
    return Section(rows=rows, notes=notes)


def _context(inside: bool) -> Context:
    return Context(_LATER, frozenset(), lambda address: inside and domain_of(address) == DOMAIN)


def _rule(message: Message) -> bool:
    return bool(check(message, History(), _context(True)))


def _sure_rule(message: Message) -> bool:
    return any(finding.probability >= 0.5 for finding in check(message, History(), _context(True)))


def _keywords(message: Message) -> bool:
    return _KEYWORDS.search("\n".join(line.plain for line in message.written())) is not None


def _counts(mail: Sequence[Kept], says: Says) -> Counter[tuple[bool, bool]]:
    return Counter((one.had_files, says(one.message)) for one in mail)


def _f1(mail: Sequence[Kept], says: Says) -> float:
    counts = _counts(mail, says)
    hits = counts[True, True]
    return 2 * hits / (2 * hits + counts[False, True] + counts[True, False])


def _attachment_rows(what: str, mail: Sequence[Kept], goal: Goal | None = None) -> list[Row]:
    with_one = sum(one.had_files for one in mail)
    recall, usual_recall, sure_recall = (_recall(mail, says) for says in (_rule, _keywords, _sure_rule))
    alerts, usual_alerts, sure_alerts = (_alerts(mail, says) for says in (_rule, _keywords, _sure_rule))
    return [
        Row(
            f"Attachment, {what} ({len(mail):,}, {with_one} with one): F1",
            f"{_f1(mail, _rule):.3f}",
            f"keywords {_f1(mail, _keywords):.3f}",
            goal=goal,
        ),
        Row(
            "— recall where it was taken off",
            f"{recall:.3f}",
            f"keywords {usual_recall:.3f}",
            f"from 0.5 on {sure_recall:.3f}",
        ),
        Row(
            "— alerts on messages without one",
            f"{alerts:.2%}",
            f"keywords {usual_alerts:.2%}",
            f"from 0.5 on {sure_alerts:.2%}",
        ),
    ]


def _recall(mail: Sequence[Kept], says: Says) -> float:
    counts = _counts(mail, says)
    return counts[True, True] / (counts[True, True] + counts[True, False])


def _alerts(mail: Sequence[Kept], says: Says) -> float:
    counts = _counts(mail, says)
    return counts[False, True] / (counts[False, True] + counts[False, False])


def _alert_rows(messages: Sequence[Message]) -> list[Row]:
    inside, outside = (_codes(messages, _context(within)) for within in (True, False))
    rows = [
        Row(f"Alerts of {rule.name}", f"{inside[rule.name] / len(messages):.2%}",
            f"all outside {outside[rule.name] / len(messages):.2%}",
            goal=at_most(0.5, inside[rule.name] / len(messages) * 100, " %"))
        for rule in CONTENT_RULES
    ]  # fmt: skip
    total = inside["any"] / len(messages)
    return [
        *rows,
        Row(f"Alerts of any rule about content, on {len(messages):,} messages", f"{total:.2%}",
            f"all outside {outside['any'] / len(messages):.2%}", goal=at_most(2, total * 100, " %")),
    ]  # fmt: skip


def _codes(messages: Sequence[Message], context: Context) -> Counter[str]:
    counted: Counter[str] = Counter()
    for message in messages:
        found = {finding.code for rule in CONTENT_RULES for finding in rule.check(message, History(), context)}
        counted.update(found)
        counted["any"] += bool(found)
    return counted
