"""Trains the weights that `takeback.review` ships: `python -m bench.review.train`.

Trained on the oldest 90 % of each person's sent mail; the newest 10 % is what bench/review measures on. Each message
is there clean, with a wrong recipient added, and with one in place of a right one, each slip drawn a few times; once
with a history of sent and received mail, and once with sent mail only, which is what most gateways have.

How many trees there are, how large, and how many numbers each may look at was chosen on the oldest 80 % and the 10 %
after it. Choices that differ less than another draw of the same slips does were not made.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

from bench.review import data, interactions
from bench.review.hidden import queries
from bench.review.interactions import Mail, Sent, always, only_sent
from bench.review.leaks import Slip
from bench.review.samples import Sample, copies, samples
from takeback.review.weights import Weights

TRAINED_ON = 0.9
LEAST_SENT = 20
SLIPS_PER_MESSAGE = 1 / 200
"""How often a message really has a wrong recipient. The one field study (Cut Once: Balasubramanyan, Carvalho and Cohen,
2008) saw 5 in 2,315, or 1 in 463; those are the slips that their authors noticed, so twice that is assumed."""

_UNSEEN = 0.2
_DRAWS = 3
_WEIGHT = {Slip.NONE: 1.0, Slip.ADDED: 1.0, Slip.IN_PLACE: 0.2}
"""Five of six slips are taken to add somebody; nobody has published how many do."""
_WEIGHTS_FILE = Path(__file__).parents[2] / "takeback" / "review" / "weights.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    mail = interactions.read(data.file(interactions.FILE, parser.parse_args().data))
    document = {"wrong_recipient": wrong_recipient(mail, _is_old), "missing_member": missing_member(mail, _is_old)}
    _WEIGHTS_FILE.write_text(_written(document), "utf-8")


def _is_old(message: Sent) -> bool:
    return message.of >= LEAST_SENT and message.share < TRAINED_ON


def wrong_recipient(mail: Mail, wanted: Callable[[Sent], bool]) -> dict[str, Any]:
    """The log-odds that a recipient is wrong, at the rate at which recipients are wrong in life."""
    gathered = [
        sample
        for seed, learns in enumerate((always, only_sent) * _DRAWS)
        for sample in samples(mail, wanted, copies(mail, seed, (Slip.ADDED, Slip.IN_PLACE), _UNSEEN), learns)
    ]
    rows = [numbers for sample in gathered for numbers in sample.numbers]
    wrong = [index == sample.copy.leak for sample in gathered for index in range(len(sample.numbers))]
    weight = [_WEIGHT[sample.copy.slip] for sample in gathered for _ in sample.numbers]
    document = boosted(rows, wrong, weight, trees=400, rate=0.05, share=0.5)
    document["base"] = round(document["base"] + _prior(gathered), 4)
    return document


def _prior(gathered: Iterable[Sample]) -> float:
    """What to add to the log-odds because slips are rarer in life than among the samples, where moreover every right
    recipient is there again beside each wrong one."""
    copies, right = dict.fromkeys(Slip, 0.0), dict.fromkeys(Slip, 0.0)
    for sample in gathered:
        weight = _WEIGHT[sample.copy.slip]
        copies[sample.copy.slip] += weight
        right[sample.copy.slip] += weight * (len(sample.numbers) - (sample.copy.leak is not None))
    slips = sum(copies.values()) - copies[Slip.NONE]
    rarer = SLIPS_PER_MESSAGE / (1 - SLIPS_PER_MESSAGE) * copies[Slip.NONE] / slips
    return math.log(rarer * sum(right.values()) / right[Slip.NONE])


def missing_member(mail: Mail, wanted: Callable[[Sent], bool]) -> dict[str, Any]:
    """The log-odds that somebody who is not among the recipients was forgotten, at the rate of life. Each message is
    there as it was sent, where nobody is missing, and with one of its recipients hidden."""
    gathered = [query for query in queries(mail, wanted, seed=3) if query.numbers]
    rows = [numbers for query in gathered for numbers in query.numbers]
    missing = [address == query.hidden for query in gathered for address in query.addresses]
    document = boosted(rows, missing, [1.0] * len(rows), trees=150, rate=0.06)
    hidden = sum(query.hidden is not None for query in gathered)
    present = sum(len(query.numbers) for query in gathered if query.hidden is None)
    rarer = SLIPS_PER_MESSAGE / (1 - SLIPS_PER_MESSAGE) * (len(gathered) - hidden) / hidden
    document["base"] = round(document["base"] + math.log(rarer * (len(rows) - sum(missing)) / present), 4)
    return document


def boosted(
    rows: Sequence[Mapping[str, float]],
    labels: Sequence[bool],
    weight: Sequence[float],
    trees: int = 200,
    rate: float = 0.08,
    leaves: int = 12,
    share: float = 1.0,
) -> dict[str, Any]:
    """Weights in the form that `takeback.review.weights` reads; each split looks at that share of the numbers, so that
    no few of them decide all. Fails where the weights do not say what scikit-learn says."""
    names = list(rows[0])
    table = np.array([list(row.values()) for row in rows])
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=share,
        early_stopping=False,
        random_state=0,
    ).fit(table, np.array(labels), sample_weight=np.array(weight))
    document = {
        "numbers": names,
        "base": float(model._baseline_prediction[0, 0]),
        "trees": [_tree(predictor[0].nodes, 0, names) for predictor in model._predictors],
    }
    read = Weights.read(document)
    for row, expected in zip(rows[:500], model.decision_function(table[:500]), strict=True):
        if abs(read.log_odds(row) - expected) > 0.1:
            raise ValueError("the trees as written do not say what the trees as trained say")
    return document


def _tree(nodes: Any, at: int, names: Sequence[str]) -> Any:
    node = nodes[at]
    if node["is_leaf"]:
        return round(float(node["value"]), 4)
    low, high = (_tree(nodes, int(node[side]), names) for side in ("left", "right"))
    return [names[int(node["feature_idx"])], float(node["num_threshold"]), low, high]


def _written(document: Mapping[str, Any]) -> str:
    """One tree a line."""
    parts = []
    for name, weights in document.items():
        trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in weights["trees"])
        head = {key: value for key, value in weights.items() if key != "trees"}
        parts.append(f'"{name}": {json.dumps(head)[:-1]}, "trees": [\n{trees}\n]}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
