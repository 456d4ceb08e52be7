"""Corrected messages put together: what a command needs to make one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from takeback.config import Config
from takeback.flows.replace import Corrector, Making, Review
from takeback.flows.reports import Reporter
from takeback.flows.review import Judge
from takeback.mail.address import domain_of
from takeback.store.review_store import SqlReviewStore
from takeback.store.store import SqlStore
from takeback.submitting import Owners, make_acceptor
from takeback.workers.limits import Limits
from takeback.workers.pool import Pool


@asynccontextmanager
async def open_making(config: Config, store: SqlStore) -> AsyncIterator[Making]:
    """For as long as a command takes; the process that reviews is started only where something is reviewed."""
    reviews = SqlReviewStore(store.access)
    reviewer = Pool(1, Limits(config.review.memory), reviews.history)
    try:
        review = Review(reviews, reviewer, _judge(config, store))
        corrector = Corrector(store, make_acceptor(config, store), review, config.data.folder, config.smtp.max_size)
        yield Making(corrector, Owners(config, store).submitter_of)
    finally:
        await reviewer.close()


def _judge(config: Config, store: SqlStore) -> Judge:
    return Judge(
        config.review,
        config.hold,
        config.organisation.domains,
        lambda address: config.organisation.is_internal(domain_of(address)),
        Reporter(store, config.smtp.hostname),
    )
