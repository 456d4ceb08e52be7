from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from takeback.auth.backends import AuthUnavailable
from takeback.auth.gate import Accepted, Answer, Gate, Locked, Refused, Unavailable
from takeback.auth.identity import Identity, account_key
from takeback.auth.settings import AuthSettings
from takeback.auth.throttle import Throttle
from takeback.clock import MILLISECOND, MINUTE, SECOND, Duration, Instant

ANN = Identity("Ann@example.com", "ann@example.com")
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


class OnePassword:
    """An authenticator with data for a mind: `secret` is right, `down` cannot be checked, `hang` never ends."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.reached = asyncio.Event()

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        self.asked.append(password)
        self.reached.set()
        await asyncio.sleep(0)
        if password == "down":
            raise AuthUnavailable("no server")
        if password == "hang":
            await asyncio.Event().wait()
        return ANN if password == "secret" and account_key(username, "example.com") == ANN.key else None

    def close(self) -> None:
        pass


class Timeline:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.instant: Instant = 1_000_000 * SECOND
        self.slept: list[Duration] = []
        self.asleep = asyncio.Event()

    def now(self) -> Instant:
        return self.instant

    async def sleep(self, duration: Duration) -> None:
        self.slept.append(duration)
        self.asleep.set()
        self.instant += duration
        await asyncio.sleep(0)


class Scene:
    def __init__(self, settings: AuthSettings | None = None) -> None:
        self.authenticator = OnePassword()
        self.time = Timeline()
        throttle = Throttle(settings or AuthSettings())
        self.gate = Gate(self.authenticator, throttle, "example.com", self.time.now, self.time.sleep)

    async def attempt(self, password: str, username: str = "ann@example.com", address: str = HERE) -> Answer:
        return await self.gate.attempt(username, password, address)


def test_right_wrong_and_unavailable_are_told_apart() -> None:
    async def scenario() -> list[Answer]:
        scene = Scene()
        return [await scene.attempt(password) for password in ("secret", "wrong", "down")]

    assert asyncio.run(scenario()) == [Accepted(ANN), Refused(), Unavailable("no server")]


def test_the_wait_comes_before_the_password_is_looked_at() -> None:
    async def scenario() -> None:
        scene = Scene()
        for _ in range(3):
            await scene.attempt("wrong")
        assert scene.time.slept == []
        waiting = asyncio.ensure_future(scene.attempt("secret"))
        await scene.time.asleep.wait()
        assert scene.authenticator.asked == ["wrong"] * 3
        assert await waiting == Accepted(ANN)
        assert scene.time.slept == [500 * MILLISECOND]

    asyncio.run(scenario())


def test_a_locked_pair_is_answered_at_once_and_no_password_is_looked_at() -> None:
    async def scenario() -> None:
        scene = Scene()
        for _ in range(10):
            assert await scene.attempt("wrong") == Refused()
        locked_at, waits, asked = scene.time.now(), len(scene.time.slept), len(scene.authenticator.asked)
        assert await scene.attempt("secret") == Locked(locked_at + 15 * MINUTE)
        assert (len(scene.time.slept), len(scene.authenticator.asked)) == (waits, asked)
        assert await scene.attempt("secret", address=ELSEWHERE) == Accepted(ANN)
        scene.time.instant += 15 * MINUTE
        assert await scene.attempt("secret") == Accepted(ANN)

    asyncio.run(scenario())


def test_guesses_sent_side_by_side_count_one_after_the_other() -> None:
    async def scenario() -> None:
        scene = Scene()
        answers = await asyncio.gather(*(scene.attempt("wrong") for _ in range(50)))
        assert answers.count(Refused()) == 10
        assert len(scene.authenticator.asked) == 10
        assert sum(isinstance(answer, Locked) for answer in answers) == 40

    asyncio.run(scenario())


@pytest.mark.parametrize("spelling", ["ann", "ANN@EXAMPLE.COM", " ann@example.com"])
def test_every_spelling_of_an_account_counts_as_that_account(spelling: str) -> None:
    async def scenario() -> Answer:
        scene = Scene()
        for _ in range(10):
            await scene.attempt("wrong", username=spelling)
        return await scene.attempt("secret")

    assert isinstance(asyncio.run(scenario()), Locked)


def test_every_address_of_a_64_counts_as_one_and_impossible_names_count_too() -> None:
    async def scenario() -> Answer:
        scene = Scene()
        for host in range(10):
            await scene.attempt("wrong", username=f"\0{host}", address=f"2001:db8::{host:x}")
        return await scene.attempt("wrong", username="\x01", address="2001:db8::ffff")

    assert isinstance(asyncio.run(scenario()), Locked)


def test_what_could_not_be_checked_is_no_failure() -> None:
    async def scenario() -> None:
        scene = Scene()
        for _ in range(20):
            assert await scene.attempt("down") == Unavailable("no server")
        assert await scene.attempt("secret") == Accepted(ANN)
        assert scene.time.slept == []

    asyncio.run(scenario())


async def _hang_up_while_checked(scene: Scene) -> None:
    scene.authenticator.reached.clear()
    attempt = asyncio.ensure_future(scene.attempt("hang"))
    await scene.authenticator.reached.wait()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt


def test_hanging_up_while_the_password_is_looked_at_makes_no_guess_free() -> None:
    async def scenario() -> Answer:
        scene = Scene()
        for _ in range(10):
            await _hang_up_while_checked(scene)
        return await scene.attempt("secret")

    assert isinstance(asyncio.run(scenario()), Locked)


def test_hanging_up_during_the_wait_is_no_failure_and_lets_the_next_one_on() -> None:
    async def scenario() -> None:
        scene = Scene()
        for _ in range(3):
            await scene.attempt("wrong")
        for _ in range(20):
            scene.time.asleep.clear()
            attempt = asyncio.ensure_future(scene.attempt("wrong"))
            await scene.time.asleep.wait()
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
        assert len(scene.authenticator.asked) == 3
        assert await scene.attempt("secret") == Accepted(ANN)

    asyncio.run(scenario())


def test_nothing_is_kept_of_attempts_that_ended() -> None:
    async def scenario(count_turns: Callable[[Gate], int]) -> int:
        scene = Scene()
        await asyncio.gather(*(scene.attempt("secret", username=f"user{n}") for n in range(100)))
        return count_turns(scene.gate)

    assert asyncio.run(scenario(lambda gate: len(gate._turns))) == 0
