"""How long each recipient's copy waits: the first rule that matches, then what the sender asked for."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from takeback.clock import Instant, to_datetime
from takeback.hold.settings import Condition, HoldSettings, Rule, Side
from takeback.mail.address import Pattern
from takeback.quantities import Window


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sender asked for: a moment, or (None) to wait for a release (RFC 4865 §4, `Takeback-Hold`)."""

    due_at: Instant | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask about one message. Header names are lower case, values decoded."""

    sender: str
    recipients: Sequence[str]
    size: int
    has_attachment: bool
    automatic: bool
    """Null sender or Auto-Submitted: nobody sits waiting with an Undo, so the default window does not apply."""
    header: Mapping[str, str] = field(default_factory=dict)
    wish: Wish | None = None
    findings: frozenset[str] = frozenset()
    """Codes of what the review has found; nothing is found before it is in."""


IsInternal = Callable[[str], bool]


class WishOutOfRange(ValueError):
    """The sender asked for a longer hold than the configuration allows."""


def due_times(facts: Facts, settings: HoldSettings, is_internal: IsInternal, now: Instant) -> list[Instant | None]:
    """When each recipient's copy may leave, in their order; None waits for a release. Raises WishOutOfRange."""
    return [_due_time(facts, address, settings, is_internal, now) for address in facts.recipients]


def due_times_by_findings(
    facts: Facts, settings: HoldSettings, is_internal: IsInternal, now: Instant
) -> list[Instant | None]:
    """As `due_times`, by the rules that ask for a finding alone; `now` where none of them matches."""
    asking = [rule for rule in settings.rule if rule.when.finding is not None]
    return [_due_time_by(asking, facts, address, settings, is_internal, now) for address in facts.recipients]


def _due_time_by(
    rules: Sequence[Rule], facts: Facts, address: str, settings: HoldSettings, is_internal: IsInternal, now: Instant
) -> Instant | None:
    rule = _first_match(rules, facts, address, settings, is_internal, now)
    window = rule.window if rule else 0
    return None if window is None else now + window


def gives_notice(facts: Facts, settings: HoldSettings, is_internal: IsInternal, now: Instant) -> bool:
    """Whether the rule that holds some recipient's copy says that the sender is to be told."""
    if not any(rule.notice for rule in settings.rule):
        return False
    rules = (_first_match(settings.rule, facts, address, settings, is_internal, now) for address in facts.recipients)
    return any(rule is not None and rule.notice for rule in rules)


def _due_time(
    facts: Facts, address: str, settings: HoldSettings, is_internal: IsInternal, now: Instant
) -> Instant | None:
    rule = _first_match(settings.rule, facts, address, settings, is_internal, now)
    window = rule.window if rule else _default_window(facts, settings)
    by_rule = None if window is None else now + window
    if facts.wish is None:
        return by_rule
    wished = _within_limits(facts.wish, settings, now)
    return later(by_rule, wished) if rule and rule.firm else wished


def _default_window(facts: Facts, settings: HoldSettings) -> Window:
    return 0 if facts.automatic else settings.window


def _within_limits(wish: Wish, settings: HoldSettings, now: Instant) -> Instant | None:
    if wish.due_at is None:
        return None
    if wish.due_at > now + settings.longest:
        raise WishOutOfRange
    return max(wish.due_at, now + settings.shortest)


def later(one: Instant | None, other: Instant | None) -> Instant | None:
    """Of two due times the later one; None, which waits for a release, is later than any."""
    return None if one is None or other is None else max(one, other)


def _first_match(
    rules: Sequence[Rule], facts: Facts, address: str, settings: HoldSettings, is_internal: IsInternal, now: Instant
) -> Rule | None:
    return next(
        (rule for rule in rules if _holds(rule.when, facts, address, settings, is_internal, now)),
        None,
    )


def _holds(
    when: Condition, facts: Facts, address: str, settings: HoldSettings, is_internal: IsInternal, now: Instant
) -> bool:
    return (
        (when.sender is None or any(pattern.matches(facts.sender) for pattern in when.sender))
        and (when.recipients is None or _names_recipient(when.recipients, address, is_internal))
        and (when.recipient_count is None or when.recipient_count.holds_for(len(facts.recipients)))
        and (when.has_attachment is None or when.has_attachment == facts.has_attachment)
        and (when.size is None or when.size.holds_for(facts.size))
        and (when.header is None or _has_header(when.header, facts.header))
        and (when.finding is None or not facts.findings.isdisjoint(when.finding))
        and (when.time is None or _is_time(when, settings.timezone, now))
    )


def _names_recipient(named: Sequence[Pattern | Side], address: str, is_internal: IsInternal) -> bool:
    return any(
        each.matches(address) if isinstance(each, Pattern) else is_internal(address) == (each is Side.INTERNAL)
        for each in named
    )


def _has_header(wanted: Mapping[str, str], header: Mapping[str, str]) -> bool:
    """Each named field is there and matches its glob (`*urgent*`), whatever the case."""
    return all(
        name.lower() in header and fnmatch.fnmatchcase(header[name.lower()].lower(), glob.lower())
        for name, glob in wanted.items()
    )


def _is_time(when: Condition, timezone: str, now: Instant) -> bool:
    assert when.time is not None
    local = to_datetime(now).astimezone(ZoneInfo(timezone))
    return when.time.contains(local.weekday(), local.time())
