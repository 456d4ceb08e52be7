"""Where the time goes: the gateway's two busy threads, looked at from outside while it works."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import peer, places, source
from bench.gateway import Gateway, configure, serving
from bench.results import Section, Skipped
from bench.scale import Scale

SAMPLES_PER_SECOND = 200
THREADS = {"MainThread": "event loop", "takeback-writer": "writer"}
SHOWN = 10
_THREAD = re.compile(r"thread \([^)]*\): (?P<name>.*)")


@dataclass(frozen=True, slots=True)
class Profile:
    """Samples by thread and by the function at the top of its stack, and what the work cost as a whole."""

    own: dict[str, Counter[str]]
    messages: int
    cpu_seconds: float
    seconds: float


def run(scale: Scale) -> Section:
    source.check()
    parts = [
        _listing("Accept and hold", _profile(scale, relay=False)),
        _listing("Accept, release and relay", _profile(scale, relay=True)),
    ]
    return Section(
        notes=[
            f"Where the time goes: {SAMPLES_PER_SECOND} looks a second with py-spy. Shares are of the thread's whole "
            "time, waiting included; what a function waits for (disk, lock, the other thread) counts as its own."
        ],
        listing="\n".join(parts),
    )


def _profile(scale: Scale, relay: bool) -> Profile:
    with ExitStack() as stack:
        folder = stack.enter_context(places.folder())
        if relay:
            sink = stack.enter_context(peer.sink())
            config = configure(folder, window="0s", relay=f"smtp://127.0.0.1:{sink.port}")
        else:
            config = configure(folder)
        gateway = stack.enter_context(serving(config))
        return _watch(gateway, folder / "samples", scale)


def _watch(gateway: Gateway, output: Path, scale: Scale) -> Profile:
    """Keeps the gateway busy for as long as it is watched."""
    source.seconds_to_send(gateway.port, scale.warm_up)
    cpu, messages, seconds = gateway.cpu_seconds(), 0, 0.0
    spy = _start_spy(gateway.pid, output, scale.profile_seconds)
    try:
        while spy.poll() is None:
            seconds += source.seconds_to_send(gateway.port, scale.messages)
            messages += scale.messages
    finally:
        spy.kill()
        _, errors = spy.communicate()
    if spy.returncode or not output.exists():
        raise Skipped(f"py-spy could not look: {(errors.strip().splitlines() or ['no reason given'])[-1]}")
    return Profile(_own_time(output.read_text("utf-8")), messages, gateway.cpu_seconds() - cpu, seconds)


def _start_spy(pid: int, output: Path, seconds: int) -> subprocess.Popen[str]:
    spy = places.program("py-spy")
    where = ["--pid", str(pid), "--output", str(output), "--format", "raw"]
    how = ["--duration", str(seconds), "--rate", str(SAMPLES_PER_SECOND), "--threads", "--idle", "--nolineno"]
    return subprocess.Popen([spy, "record", *where, *how], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _own_time(folded: str) -> dict[str, Counter[str]]:
    """Of lines `thread (…): name;outermost;…;innermost COUNT`, the innermost by thread."""
    own: dict[str, Counter[str]] = {name: Counter() for name in THREADS}
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        first, *frames = stack.split(";")
        match = _THREAD.match(first)
        if match and match["name"] in own and frames:
            own[match["name"]][frames[-1]] += int(count)
    return own


def _listing(title: str, profile: Profile) -> str:
    lines = [
        f"**{title}**: {profile.cpu_seconds / profile.messages * 1e6:,.0f} µs of processor time a message; the "
        f"gateway used {profile.cpu_seconds / profile.seconds:.0%} of one core.",
        "",
        "| Thread | Function | Share |",
        "|---|---|---:|",
    ]
    for name, words in THREADS.items():
        total = profile.own[name].total()
        for function, count in profile.own[name].most_common(SHOWN):
            lines.append(f"| {words} | `{function}` | {count / total:.1%} |")
    return "\n".join([*lines, ""])
