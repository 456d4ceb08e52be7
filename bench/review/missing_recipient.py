"""Missing recipients: one of two or more is hidden and has to be found."""

from __future__ import annotations

from statistics import fmean

from bench.results import Row, Section, at_least
from bench.review import data, interactions
from bench.review.hidden import Query, queries
from bench.review.interactions import Sent
from bench.review.train import TRAINED_ON
from bench.review.wrong_recipient import LEAST_SENT
from takeback.review.weights import shipped

TRIALS = 5
_FLOORS = (("hit@1", 0.614), ("hit@5", 0.838), ("mean reciprocal rank", 0.714))


def run(trials: int = TRIALS) -> Section:
    mail = interactions.read(data.file(interactions.FILE))

    def wanted(message: Sent) -> bool:
        return message.share >= TRAINED_ON and message.of >= LEAST_SENT

    ranks = [_rank(query) for trial in range(trials) for query in queries(mail, wanted, seed=100 + trial, whole=False)]
    reached = (
        fmean(rank == 1 for rank in ranks),
        fmean(0 < rank <= 5 for rank in ranks),
        fmean(1 / rank if rank else 0.0 for rank in ranks),
    )
    return Section(
        rows=[
            Row(f"Missing recipient: {name}", f"{value:.3f}", f"{floor} (floor)", goal=at_least(floor, value))
            for (name, floor), value in zip(_FLOORS, reached, strict=True)
        ],
        notes=[
            f"Missing recipient: one of at least two hidden, {len(ranks) // trials:,} messages of the newest tenth, "
            f"{trials} trials, counters kept up to date.",
        ],
    )


def _rank(query: Query) -> int:
    """The place of the hidden one from 1; 0 where it is no candidate."""
    weights = shipped("missing_member")
    scores = {
        address: weights.log_odds(numbers) for address, numbers in zip(query.addresses, query.numbers, strict=True)
    }
    if query.hidden not in scores:
        return 0
    return sorted(scores, key=lambda address: -scores[address]).index(query.hidden) + 1
