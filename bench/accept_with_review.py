"""What review costs the accept path: the same gateway with review on and with review off, in turn."""

from __future__ import annotations

from collections.abc import Callable

from bench import places, source
from bench.gateway import Gateway, configure, serving
from bench.results import Row, Section, messages_per_second
from bench.rounds import in_turn
from bench.scale import Scale


def run(scale: Scale) -> Section:
    source.check()
    with places.folder() as folder:
        on = configure(folder / "on", review=True)
        off = configure(folder / "off", review=False)
        with serving(on) as reviewing, serving(off) as plain:
            for gateway in (reviewing, plain):
                source.seconds_to_send(gateway.port, scale.warm_up)
            rates = in_turn(scale.rounds, _rate(reviewing, scale.messages), _rate(plain, scale.messages))
    return Section(
        [
            Row(
                "Accept with review on",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (review off)",
                f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
            )
        ],
        [
            f"Accept with review on: {scale.rounds} rounds of {scale.messages:,} messages on each side in turn; each "
            f"has {source.SIZE // 1024} KB, over {source.SESSIONS} sessions. The review of one round runs beside the "
            "next one, at nice 10; nothing waits for it before its 250."
        ],
    )


def _rate(gateway: Gateway, messages: int) -> Callable[[], float]:
    return lambda: messages / source.seconds_to_send(gateway.port, messages)
