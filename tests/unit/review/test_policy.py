"""What findings come to, and how it is written in the configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from takeback.clock import MINUTE, SECOND
from takeback.config import Config, parse
from takeback.errors import ConfigError
from takeback.quantities import Window
from takeback.review.codes import CODES
from takeback.review.finding import Finding, Reason
from takeback.review.policy import UNREVIEWED_FOREVER, Effect, judge, longest, review_by
from takeback.review.rules import RULES
from takeback.review.settings import ReviewSettings


def finding(code: str = "secret", probability: float = 0.5, about: str = "") -> Finding:
    return Finding(code, probability, Reason("Because", "لأن"), about=about)


def config(text: str) -> Config:
    return parse(tomllib.loads(f"{text}\n[[relay]]\nto = 'lmtp://localhost'"), Path("takeback.toml"))


def settings(text: str = "") -> ReviewSettings:
    return config(f"[review]\n{text}").review


@pytest.mark.parametrize(
    ("probability", "window", "effect"),
    [
        (0.19, 0, Effect.SHOWN),
        (0.2, 2 * MINUTE, Effect.HELD),
        (0.7, 15 * MINUTE, Effect.HELD),
        (0.95, None, Effect.KEPT),
        (1.0, None, Effect.KEPT),
    ],
)
def test_without_a_word_of_configuration_there_are_tiers(probability: float, window: Window, effect: Effect) -> None:
    [judged] = judge([finding(probability=probability)], ReviewSettings(), frozenset())
    assert (judged.window, judged.effect) == (window, effect)


def test_no_tiers_hold_nothing() -> None:
    [judged] = judge([finding(probability=0.99)], settings("hold = []"), frozenset())
    assert judged.effect is Effect.SHOWN


@pytest.mark.parametrize(
    ("policy", "windows"),
    [
        ("off", []),
        ("notice", [0]),
        ("hold", [2 * MINUTE]),
        ("Hold  longer", [2 * MINUTE]),
        ("90s", [90 * SECOND]),
        ("Until Released", [None]),
    ],
)
def test_policies(policy: str, windows: list[Window]) -> None:
    by = settings(f'rules = {{ secret = "{policy}" }}')
    assert [each.window for each in judge([finding()], by, frozenset())] == windows


def test_what_is_silenced_is_not_told_about_that_and_only_that() -> None:
    found = [finding(about="a@x.example"), finding(about="b@x.example"), finding("typo_domain", about="a@x.example")]
    told = judge(found, ReviewSettings(), frozenset({("secret", "a@x.example")}))
    assert [each.finding for each in told] == found[1:]


def test_the_longest_of_windows() -> None:
    assert longest([]) == 0
    assert longest([0, 5, 3]) == 5
    assert longest([5, None, 3]) is None


def test_until_when_a_message_waits() -> None:
    assert review_by(settings("enabled = false"), 100) is None
    assert review_by(settings('timeout = "3s"'), 100) == 100 + 3 * SECOND
    assert review_by(settings('on_failure = "hold"'), 100) == UNREVIEWED_FOREVER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('rules = { secret = "loud" }', r'review\.rules\.secret: \'loud\' is no policy; write "off", "notice", "hold"'),
        ("rules = { secret = 5 }", r"review\.rules\.secret"),
        ('rules = { secrets = "off" }', r"review\.rules\.secrets: no rule finds 'secrets'; did you mean secret\?"),
        ('rules = { "\u202e" = "off" }', r"no rule finds '\\u202e'; known: bank_account, "),
        ('hold = [{ above = 0.5, window = "1m" }, { above = 0.5, window = "2m" }]', r"review\.hold: .*rising"),
        ('hold = [{ above = 1.5, window = "1m" }]', r"review\.hold\[1\]\.above: .*less than 1"),
        ('hold = [{ above = 0.5, window = "long" }]', r"review\.hold\[1\]\.window: .*until released"),
        ('on_failure = "panic"', r"review\.on_failure: .*'release' or 'hold'"),
        ("workers = 0", r"review\.workers"),
        ('memory = "10MB"', r"review\.memory: .*256MB"),
        ('timeuot = "5s"', r"review\.timeuot: unknown key; did you mean timeout\?"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        settings(text)
    assert "\n" not in str(caught.value)


def test_every_rule_has_a_file_named_after_its_code() -> None:
    assert {rule.name for rule in RULES} == CODES


def test_a_rule_of_the_gateway_names_a_code_that_exists() -> None:
    with pytest.raises(ConfigError, match=r"hold\.rule\[2\]\.when\.finding: no rule finds 'no_such_code'"):
        config("[[hold.rule]]\nwindow = '1m'\n[[hold.rule]]\nwhen = { finding = 'no_such_code' }\nwindow = '1m'")


def test_a_rule_of_the_gateway_names_one_code_or_several() -> None:
    for written in ('"secret"', '["secret"]'):
        [rule] = config(f'[[hold.rule]]\nwhen = {{ finding = {written} }}\nwindow = "1m"').hold.rule
        assert rule.when.finding == ("secret",)
