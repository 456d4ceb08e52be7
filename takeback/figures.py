"""What is counted, for Prometheus. Names and labels never hold an address or a subject."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SESSIONS = Gauge("takeback_smtp_sessions", "Submission sessions open now")
REFUSALS = Counter("takeback_smtp_refusals", "Submissions refused, by the reply's enhanced code", ["code"])
LOGINS = Counter("takeback_logins", "Authentication attempts, by what came of them", ["result"])
ACCEPTED = Counter("takeback_messages_accepted", "Messages answered with 250", ["origin"])
ACCEPTED_BYTES = Counter("takeback_bytes_accepted", "Bytes of the messages answered with 250")
ACCEPT_SECONDS = Histogram(
    "takeback_accept_seconds",
    "From the last byte of a message to its 250",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
CLAIMED = Counter("takeback_recipients_claimed", "Recipients taken in hand to be relayed")
OUTCOMES = Counter("takeback_recipients_settled", "Attempts to relay, by verdict, one for each recipient", ["verdict"])
ACTS = Counter("takeback_acts", "What people asked of recipients that had not left", ["act", "result"])
PARKED = Counter("takeback_recipients_parked", "Recipients kept instead of being sent late", ["reason"])
REPORTS = Counter("takeback_reports", "Reports sent to senders", ["kind"])
LATENESS = Histogram(
    "takeback_release_lateness_seconds",
    "From the due time to the claim",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
STORE_ERRORS = Counter("takeback_store_errors", "Transactions that could not be confirmed", ["flow"])
REVIEWS = Counter("takeback_reviews", "Messages reviewed, by what came of it", ["result"])
REVIEW_SECONDS = Histogram(
    "takeback_review_seconds",
    "From taking a message to having its review",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
FINDINGS = Counter("takeback_review_findings", "What reviews found, by code and what it did", ["code", "effect"])
RULE_FAILURES = Counter("takeback_review_rule_failures", "Rules that crashed or took too long", ["rule"])
REVIEW_DEATHS = Counter("takeback_review_worker_deaths", "Review workers that ended over a message")
JUDGEMENTS = Gauge(
    "takeback_review_judgements",
    "Findings that people's acts have shown to be right (undone) or wrong (released early, or called fine)",
    ["code", "judgement"],
)
WAITING = Gauge("takeback_recipients_open", "Recipients that have not come to an end, by state", ["state"])
RECALLED = Counter(
    "takeback_recall_people", "What the search of a mailbox came to, each time it was searched", ["outcome"]
)
DRILL_PASSED = Gauge(
    "takeback_drill_passed", "Whether the newest drill took its canary back, by connector", ["kind", "server"]
)
DRILL_SECONDS = Gauge(
    "takeback_drill_recall_seconds", "From asking for the recall of the canary to its outcome", ["kind", "server"]
)
DRILL_TIME = Gauge("takeback_drill_timestamp_seconds", "When the newest drill was held")
