"""Permission: may this account ask for a recall, a restore, a replacement or a dry run now?"""

from __future__ import annotations

from takeback.flows.ask import Who
from takeback.ports.audit import Audit
from takeback.ports.store import Store
from takeback.recall.permission import PERIOD, Limits, Standing, check

TAKING_BACK = ("recall", "restore", "replace")
LOOKING = ("dry_run",)
"""Kinds of acts that are counted together."""


async def check_permission(store: Store, audit: Audit, limits: Limits, who: Who, dry_run: bool = False) -> None:
    """Raises NotNow where the account may not. An administrator who acts for nobody in particular may."""
    if who.account is None:
        return
    now = store.now()
    recent = await audit.times(who.account, LOOKING if dry_run else TAKING_BACK, now - PERIOD)
    account = await store.account(who.account)
    changed_at = account.changed_at if account and account.changed_at > account.created_at else None
    check(Standing(recent, changed_at), limits, dry_run, now)
