from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.auth.settings import AuthSettings
from takeback.auth.throttle import Decision, Throttle, network_of
from takeback.clock import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Duration, Instant

START: Instant = 1_000_000 * SECOND
FREE = Decision(0)
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
ANN, BOB = "ann@example.com", "bob@example.com"


def failed(throttle: Throttle, times: int, network: str = HERE, account: str = ANN, now: Instant = START) -> None:
    for _ in range(times):
        throttle.failed(network, account, now)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("/run/takeback.sock", "/run/takeback.sock"),
    ],
)
def test_an_address_stands_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.text())
def test_any_text_has_a_network(address: str) -> None:
    assert isinstance(network_of(address), str)


def test_delays_grow_with_failures_up_to_the_longest() -> None:
    throttle = Throttle(AuthSettings())
    delays: list[Duration] = []
    for _ in range(10):
        delays.append(throttle.decide(HERE, ANN, START).delay // MILLISECOND)
        throttle.failed(HERE, ANN, START)
    assert delays == [0, 0, 0, 500, 1000, 2000, 4000, 5000, 5000, 5000]


@pytest.mark.parametrize(
    ("network", "account", "slowed"),
    [(HERE, BOB, True), (ELSEWHERE, ANN, True), (ELSEWHERE, BOB, False)],
)
def test_an_address_slows_all_its_accounts_and_an_account_all_its_addresses(
    network: str, account: str, slowed: bool
) -> None:
    throttle = Throttle(AuthSettings())
    failed(throttle, 5)
    assert (throttle.decide(network, account, START).delay > 0) is slowed


def test_the_tenth_failure_locks_the_pair_and_nobody_else() -> None:
    throttle = Throttle(AuthSettings())
    failed(throttle, 9)
    assert throttle.decide(HERE, ANN, START).locked_until is None
    failed(throttle, 1)
    until = START + 15 * MINUTE
    assert throttle.decide(HERE, ANN, START) == Decision(0, until)
    assert throttle.decide(HERE, ANN, until - 1) == Decision(0, until)
    assert throttle.decide(HERE, ANN, until) == FREE
    assert throttle.decide(ELSEWHERE, ANN, START).locked_until is None
    assert throttle.decide(HERE, BOB, START).locked_until is None


def test_guessing_one_account_from_many_addresses_slows_it_but_locks_nobody() -> None:
    throttle = Throttle(AuthSettings())
    for host in range(100):
        throttle.failed(f"198.51.100.{host}", ANN, START)
    assert throttle.decide(HERE, ANN, START) == Decision(5 * SECOND)


def test_guessing_slowly_gains_nothing_over_being_locked_out() -> None:
    """Whoever waits just long enough gets as many guesses a day as ten for each lockout."""
    throttle = Throttle(AuthSettings())
    now, guesses = START, 0
    while now < START + DAY:
        assert throttle.decide(HERE, ANN, now).locked_until is None
        throttle.failed(HERE, ANN, now)
        guesses += 1
        now += 90 * SECOND
    assert guesses <= DAY // (15 * MINUTE) * 10


def test_time_forgives_one_by_one_and_everything_within_the_lockout() -> None:
    throttle = Throttle(AuthSettings())
    failed(throttle, 9)
    assert throttle.decide(HERE, ANN, START + 5 * 90 * SECOND).delay == 1 * SECOND  # four are left
    assert throttle.decide(HERE, ANN, START + 15 * MINUTE) == FREE


def test_a_success_clears_the_pair_and_halves_what_the_account_owes() -> None:
    throttle = Throttle(AuthSettings())
    failed(throttle, 8)
    throttle.succeeded(HERE, ANN, START)
    assert throttle.decide(ELSEWHERE, ANN, START).delay == 1 * SECOND  # four are left
    failed(throttle, 9)
    assert throttle.decide(HERE, ANN, START).locked_until is None
    failed(throttle, 1)
    assert throttle.decide(HERE, ANN, START).locked_until is not None


def test_one_own_account_buys_no_guesses_at_others() -> None:
    throttle = Throttle(AuthSettings())
    for guess in range(9):
        throttle.failed(HERE, f"victim{guess}@example.com", START)
        throttle.succeeded(HERE, ANN, START)
    assert throttle.decide(HERE, BOB, START).delay == 5 * SECOND


@pytest.mark.parametrize("step", [-HOUR, -365 * DAY])
def test_a_clock_that_goes_backward_neither_locks_nor_slows_for_longer(step: Duration) -> None:
    throttle = Throttle(AuthSettings())
    failed(throttle, 10)
    stepped = START + step
    assert throttle.decide(HERE, ANN, stepped).locked_until is None
    failed(throttle, 1, now=stepped)
    assert throttle.decide(HERE, ANN, stepped + 15 * MINUTE) == FREE


def test_memory_is_bounded_and_the_latest_are_kept() -> None:
    throttle = Throttle(AuthSettings(failures_before_delay=1, failures_before_lockout=1), capacity=3)
    for host in range(10):
        throttle.failed(f"192.0.2.{host}", f"user{host}", START)
    kept = [throttle.decide(f"192.0.2.{host}", f"user{host}", START).locked_until is not None for host in range(10)]
    assert kept == [False] * 7 + [True] * 3
    slowed = [throttle.decide(f"192.0.2.{host}", BOB, START).delay > 0 for host in range(10)]
    assert slowed == [False] * 7 + [True] * 3


attempts = st.lists(
    st.tuples(
        st.sampled_from([HERE, ELSEWHERE]),
        st.sampled_from([ANN, BOB]),
        st.booleans(),
        st.integers(-HOUR, HOUR),
    ),
    max_size=60,
)


@given(attempts, st.integers(1, 5), st.integers(5, 12))
def test_no_history_is_held_against_anybody_for_longer_than_the_lockout(
    history: list[tuple[str, str, bool, Duration]], before_delay: int, before_lockout: int
) -> None:
    settings = AuthSettings(failures_before_delay=before_delay, failures_before_lockout=before_lockout)
    throttle = Throttle(settings)
    now = START
    for network, account, right, step in history:
        now += step
        decision = throttle.decide(network, account, now)
        assert 0 <= decision.delay <= settings.longest_delay
        if decision.locked_until is not None:
            assert now < decision.locked_until <= now + settings.lockout
            continue
        (throttle.succeeded if right else throttle.failed)(network, account, now)
    for network in (HERE, ELSEWHERE):
        for account in (ANN, BOB):
            latest = START + sum(abs(step) for *_, step in history)
            assert throttle.decide(network, account, latest + settings.lockout) == FREE
