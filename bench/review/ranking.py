"""Figures of a ranking: who is on top, and how many slips are caught at a price in false alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

ALERT_RATES = (0.005, 0.01, 0.02, 0.05)


@dataclass(frozen=True, slots=True)
class Scored:
    """One copy of one message. `doubts` has one number for each recipient, `leak` the place of the wrong one."""

    author: str
    doubts: Sequence[float]
    leak: int | None
    seen: bool = True

    @property
    def worst(self) -> float:
        return max(self.doubts)

    @property
    def hit(self) -> float:
        """1 where the wrong recipient is doubted most; a tie counts for its share."""
        if self.leak is None:
            raise ValueError("a clean copy has nothing to hit")
        top = [place for place, doubt in enumerate(self.doubts) if doubt == self.worst]
        return 1 / len(top) if self.leak in top else 0.0


def pooled(leaked: Iterable[Scored]) -> float:
    """Precision at 1 over all messages alike."""
    return fmean(scored.hit for scored in leaked)


def macro(leaked: Iterable[Scored]) -> float:
    """Precision at 1, the mean of the means of each author."""
    by_author: dict[str, list[float]] = defaultdict(list)
    for scored in leaked:
        by_author[scored.author].append(scored.hit)
    return fmean(fmean(hits) for hits in by_author.values())


def recalls(leaked: Sequence[Scored], clean: Sequence[Scored]) -> Mapping[float, float]:
    """The share of wrong recipients' messages that alert, where the bound is set so that of the clean ones no more
    than the given share do."""
    worst = sorted((scored.worst for scored in clean), reverse=True)
    return {rate: fmean(scored.worst > worst[int(rate * len(worst))] for scored in leaked) for rate in ALERT_RATES}
