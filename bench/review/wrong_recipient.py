"""Wrong recipients: the protocol of Carvalho and Cohen (2007), and what it hides, the false alarms."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.results import Row, Section, at_least
from bench.review import data, interactions
from bench.review.interactions import Learns, Mail, Sent, always, before, only_sent
from bench.review.leaks import Copy, Slip, clean, leaked
from bench.review.ranking import ALERT_RATES, Scored, macro, pooled, recalls
from bench.review.samples import Sample, samples
from bench.review.train import TRAINED_ON
from takeback.review.history import History
from takeback.review.weights import shipped

TRIALS = 10
LEAST_SENT = 100
"""Messages of an author who is measured."""

_GOALS = dict(zip(ALERT_RATES, (0.45, 0.55, 0.70, 0.80), strict=True))


@dataclass(frozen=True, slots=True)
class Protocol:
    """How slips are made and what the histories know."""

    slip: Slip = Slip.ADDED
    unseen: float = 0.0
    learns: Learns = always


def run(trials: int = TRIALS) -> Section:
    mail = interactions.read(data.file(interactions.FILE))
    static = scored(mail, Protocol(learns=before(TRAINED_ON, mail)), trials)
    live = scored(mail, Protocol(), trials)
    unseen = scored(mail, Protocol(unseen=0.2), trials)
    in_place = scored(mail, Protocol(slip=Slip.IN_PLACE), trials)
    alone = scored(mail, Protocol(learns=only_sent), trials)
    wrong = [each for each in static if each.leak is not None]
    return Section(
        rows=[
            Row(
                "Wrong recipient, history frozen at 90 %: Prec@1, mean over senders",
                f"{macro(wrong):.3f}",
                "0.797 (floor), 0.814 (published, other subset, with text)",
                goal=at_least(0.85, macro(wrong)),
            ),
            _precision("Wrong recipient, history kept up to date: Prec@1, pooled", live, 0.92),
            *_recalls("added, all known to the sender", live, goals=True),
            _precision("Wrong recipient, one in five never seen: Prec@1, pooled", unseen),
            *_recalls("added, one in five never seen", unseen),
            *_recalls("in place of a right one", in_place),
            _precision("Wrong recipient, history of sent mail only: Prec@1, pooled", alone),
            *_recalls("added, history of sent mail only", alone),
        ],
        notes=[
            f"Wrong recipient: {_size(live)}, {trials} trials, the 3g-address generator; weights trained on the oldest "
            "90 % of everybody's sent mail, measured on the newest 10 %.",
        ],
    )


def scored(
    mail: Mail, protocol: Protocol, trials: int, log_odds: Callable[[Sample], list[float]] | None = None
) -> list[Scored]:
    """Every message of the newest tenth, clean once and with a slip once for each trial."""
    judge = log_odds or _by_shipped_weights

    def wanted(message: Sent) -> bool:
        return message.share >= TRAINED_ON and message.of >= LEAST_SENT

    chance = random.Random(20)

    def copies(message: Sent, history: History) -> Iterator[Copy]:
        yield clean(message)
        for _ in range(trials):
            if copy := leaked(message, history, mail, chance, protocol.slip, protocol.unseen):
                yield copy

    return [
        Scored(sample.message.author.address, judge(sample), sample.copy.leak, sample.copy.seen)
        for sample in samples(mail, wanted, copies, protocol.learns)
    ]


def _by_shipped_weights(sample: Sample) -> list[float]:
    weights = shipped("wrong_recipient")
    return [weights.log_odds(numbers) for numbers in sample.numbers]


def _precision(what: str, all_scored: list[Scored], goal: float | None = None) -> Row:
    value = pooled(each for each in all_scored if each.leak is not None)
    beside = "0.888 (floor)" if goal else ""
    return Row(what, f"{value:.3f}", beside, goal=at_least(goal, value) if goal else None)


def _recalls(what: str, all_scored: list[Scored], goals: bool = False) -> Iterator[Row]:
    slips = [each for each in all_scored if each.leak is not None]
    caught = recalls(slips, [each for each in all_scored if each.leak is None])
    for rate, recall in caught.items():
        goal = at_least(_GOALS[rate], recall) if goals else None
        yield Row(f"Caught where {rate * 100:g} % of clean messages alert ({what})", f"{recall:.3f}", goal=goal)


def _size(all_scored: list[Scored]) -> str:
    authors = {each.author for each in all_scored}
    return f"{sum(each.leak is None for each in all_scored):,} messages of {len(authors)} senders"
