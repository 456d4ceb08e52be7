"""The rules about what a message says and carries, whoever receives it."""

from __future__ import annotations

from takeback.review.rule import Rule
from takeback.review.rules import (
    bank_account,
    empty_subject,
    forwarded_outside,
    greeting_mismatch,
    link_mismatch,
    missing_attachment,
    national_id,
    payment_card,
    placeholder,
    reply_all_noise,
    secret,
    too_many_visible,
    weekday_mismatch,
)

CONTENT_RULES = tuple(
    Rule(rule.CODE, rule.check)
    for rule in (
        missing_attachment,
        greeting_mismatch,
        too_many_visible,
        reply_all_noise,
        forwarded_outside,
        secret,
        payment_card,
        bank_account,
        national_id,
        placeholder,
        weekday_mismatch,
        link_mismatch,
        empty_subject,
    )
)
