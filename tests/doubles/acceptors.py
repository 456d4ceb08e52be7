"""The real acceptor over a store under test."""

from __future__ import annotations

from takeback.flows.accept import Acceptor, AcceptSettings
from takeback.flows.quota import Quota, QuotaLimits
from takeback.hold.settings import HoldSettings
from takeback.mail.address import Pattern
from takeback.ports.store import Store
from takeback.review.settings import ReviewSettings

HOST = "mx.example.com"


def acceptor(store: Store, limits: QuotaLimits, hold: HoldSettings, review: ReviewSettings) -> Acceptor:
    return Acceptor(
        store=store,
        quota=Quota(store, limits),
        settings=AcceptSettings(HOST, True, 100, review),
        hold=hold,
        is_internal=Pattern("*@example.com").matches,
        room=lambda: True,
        on_due=lambda: None,
    )
