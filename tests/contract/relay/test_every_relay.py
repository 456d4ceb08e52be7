"""What `takeback.ports.Relay` promises, asked of every relay there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from takeback.ports import Content, Relay, Verdict
from takeback.relay.relays import make_relay
from tests.doubles.consignments import MESSAGE, DotMark, consignment, content, relay_section
from tests.doubles.smarthost import Smarthost

pytestmark = pytest.mark.parametrize("kind", ["smtp", "lmtp", "lmtp-socket", "maildir"])


@dataclass
class Way:
    """A relay together with what arrived at its other end."""

    relay: Relay
    sink: Smarthost | None
    folder: Path

    def arrived(self) -> list[bytes]:
        """One body for each recipient who got one."""
        if self.sink is not None:
            return [dot.body for dot in self.sink.dots for _ in dot.recipients]
        return [file.read_bytes() for file in sorted(self.folder.glob("*/new/*"))]

    def left_over(self) -> list[Path]:
        return list(self.folder.glob("*/tmp/*"))


@asynccontextmanager
async def way(kind: str, tmp_path: Path) -> AsyncIterator[Way]:
    if kind == "maildir":
        relay = make_relay(relay_section(to=f"maildir://{tmp_path}/{{user}}"), "us.example")
        yield Way(relay, None, tmp_path)
        await relay.close()
        return
    socket = str(tmp_path / "lmtp") if kind == "lmtp-socket" else ""
    async with Smarthost(lmtp=kind != "smtp", socket=socket) as sink:
        to = f"lmtp://{socket}" if socket else f"{kind}://127.0.0.1:{sink.port}"
        relay = make_relay(relay_section(to=to), "us.example")
        yield Way(relay, sink, tmp_path)
        await relay.close()


async def test_what_is_delivered_is_what_was_given(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        mark = DotMark()
        outcomes = await there.relay.deliver(consignment("bob@example.net", "eve@example.net"), mark)
        assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT, Verdict.SENT]
        assert there.arrived() == [MESSAGE, MESSAGE]
        assert sorted(position for asked in mark.asked for position in asked) == [0, 1]
        assert [outcome.delivered for outcome in outcomes] == [kind != "smtp"] * 2
        assert not there.left_over()


async def test_nothing_has_arrived_when_the_mark_is_asked_for(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        seen: list[list[bytes]] = []

        async def mark_dot(positions: Sequence[int]) -> bool:
            await asyncio.sleep(0.02)  # time enough for a dot that left too early to show
            seen.append(there.arrived())
            return True

        await there.relay.deliver(consignment(), mark_dot)
        assert seen == [[]]
        assert there.arrived() == [MESSAGE]


async def test_without_the_mark_nothing_leaves(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        outcomes = await there.relay.deliver(consignment("a@x.example", "b@x.example"), DotMark(False))
        assert [outcome.verdict for outcome in outcomes] == [Verdict.WITHDRAWN] * 2
        again = await there.relay.deliver(consignment("c@x.example"), DotMark())
        assert again[0].verdict is Verdict.SENT
        assert there.arrived() == [MESSAGE]
        assert not there.left_over()


async def test_an_exception_of_the_mark_comes_through_and_nothing_leaves(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        with pytest.raises(LookupError):
            await there.relay.deliver(consignment(), DotMark(LookupError()))
        await there.relay.deliver(consignment(body=content(b"second\r\n")), DotMark())
        assert there.arrived() == [b"second\r\n"]
        assert not there.left_over()


async def test_cancelled_before_the_dot_nothing_leaves(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        marking = asyncio.Event()

        async def mark_dot(positions: Sequence[int]) -> bool:
            marking.set()
            await asyncio.Event().wait()
            return True

        task = asyncio.create_task(there.relay.deliver(consignment(), mark_dot))
        await marking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await there.relay.deliver(consignment(body=content(b"second\r\n")), DotMark())
        assert there.arrived() == [b"second\r\n"]
        assert not there.left_over()


async def test_a_body_in_many_chunks_arrives_whole(kind: str, tmp_path: Path) -> None:
    chunks = [b"\r\n", b".\r", b"\n..", b"\r\nx\r\n."] + [b"0123456789abcde\r\n" * 10_000] * 20 + [b"end", b"\r\n"]
    async with way(kind, tmp_path) as there:
        outcomes = await there.relay.deliver(consignment(body=content(*chunks)), DotMark())
        assert outcomes[0].verdict is Verdict.SENT
        assert there.arrived() == [b"".join(chunks)]


async def test_a_body_that_the_store_gives_in_part_never_leaves(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        mark = DotMark()
        outcomes = await there.relay.deliver(consignment(body=content(b"half\r\n", size=12)), mark)
        assert outcomes[0].verdict is Verdict.DEFERRED
        assert outcomes[0].server == ""
        assert mark.asked == []
        assert there.arrived() == []
        assert not there.left_over()


async def test_an_exception_of_the_reader_comes_through_and_nothing_leaves(kind: str, tmp_path: Path) -> None:
    async def read() -> AsyncIterator[bytes]:
        yield b"begin\r\n"
        raise OSError("the disk is gone")

    async with way(kind, tmp_path) as there:
        mark = DotMark()
        with pytest.raises(OSError, match="the disk is gone"):
            await there.relay.deliver(consignment(body=Content(99, False, read)), mark)
        assert mark.asked == []
        assert there.arrived() == []
        assert not there.left_over()


async def test_after_close_everything_is_put_off(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        await there.relay.deliver(consignment(), DotMark())
        await there.relay.close()
        mark = DotMark()
        outcomes = await there.relay.deliver(consignment("a@x.example", "b@x.example"), mark)
        assert [outcome.verdict for outcome in outcomes] == [Verdict.DEFERRED] * 2
        assert mark.asked == []
        assert len(there.arrived()) == 1
        assert there.sink is None or not there.sink.live


async def test_many_at_once(kind: str, tmp_path: Path) -> None:
    async with way(kind, tmp_path) as there:
        given = [consignment(f"u{number}@x.example", body=content(b"%d\r\n" % number)) for number in range(100)]
        results = await asyncio.gather(*(there.relay.deliver(each, DotMark()) for each in given))
        assert {outcomes[0].verdict for outcomes in results} == {Verdict.SENT}
        assert sorted(there.arrived()) == sorted(b"%d\r\n" % number for number in range(100))
        assert there.sink is None or there.sink.most_at_once <= 20
