"""What handlers may use. There is no other way from a page or a resource to the rest of Takeback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from takeback.auth.gate import Gate
from takeback.clock import Duration, Instant
from takeback.flows.ask import Who
from takeback.flows.recall import Wish
from takeback.flows.replace import Corrected
from takeback.flows.resend import Resender
from takeback.flows.restore import Restored
from takeback.httpd.changes import Changes
from takeback.httpd.mail_programs import MailServer
from takeback.httpd.settings import HttpSettings
from takeback.ports.people import People
from takeback.ports.recall import RecallStore
from takeback.ports.review import ReviewStore
from takeback.ports.sent_copies import Drafts, OwnMailboxes
from takeback.ports.store import Store
from takeback.recall.report import Report


class RecallActs(Protocol):
    """What is asked of recalls, as the flows of these names do it."""

    async def start(self, wish: Wish, who: Who) -> Sequence[str]: ...

    async def replace(self, wish: Wish, wanted: Corrected, who: Who) -> str: ...

    async def dry_run(self, wish: Wish, who: Who) -> Sequence[Report]: ...

    async def confirm(self, recall: str, who: Who) -> None: ...

    async def restore(self, recall: str, who: Who) -> Sequence[Restored]: ...


@dataclass(frozen=True, slots=True)
class Services:
    """One for each configuration that was read; a request keeps the one that it began with."""

    settings: HttpSettings
    hostname: str
    """What the mail server calls itself."""
    mail: MailServer
    """How a mail program reaches it."""
    store: Store
    people: People
    gate: Gate
    """Account and password, with throttle and lockout. App passwords are no good here."""
    may_vouch: Callable[[str], bool]
    """Whether whoever let an address in may do so: an IMAP server and an OpenID Connect provider for our own domains
    only."""
    is_internal: Callable[[str], bool]
    """Of an address: whether it is within `[organisation] domains`."""
    resender: Resender
    stopped_kept: Duration
    """For how long what was stopped can be sent again."""
    own_mailboxes: OwnMailboxes
    drafts: Drafts
    own_mail_servers: Sequence[str]
    """Those that people may name as where their own mail is."""
    recalls: RecallStore
    recall_acts: RecallActs
    can_recall: bool
    """Whether any mailbox can be reached."""
    reviews: ReviewStore
    changes: Changes
    """Tells listeners what has happened to messages, whoever did it."""

    def now(self) -> Instant:
        """The store's clock. What is shown as time left is counted from it."""
        return self.store.now()


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]
