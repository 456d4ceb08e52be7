"""The rules about whom a message goes to."""

from __future__ import annotations

from takeback.review.rule import Rule
from takeback.review.rules import (
    first_time_external,
    missing_member,
    new_domain_in_reply,
    typo_domain,
    unusual_group,
    wrong_identity,
    wrong_recipient,
)

PEOPLE_RULES: tuple[Rule, ...] = (
    Rule(wrong_recipient.CODE, wrong_recipient.check),
    Rule(typo_domain.CODE, typo_domain.check),
    Rule(first_time_external.CODE, first_time_external.check),
    Rule(new_domain_in_reply.CODE, new_domain_in_reply.check),
    Rule(unusual_group.CODE, unusual_group.check),
    Rule(missing_member.CODE, missing_member.check),
    Rule(wrong_identity.CODE, wrong_identity.check),
)
