"""One dial value as typed, the verdict on a reading, and the mistakes that are recognised."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from models.base import Refusal
from models.company import Checks
from models.metering import checks
from models.metering.checks import ACCEPTED, CONFIRM, HELD, Dial

RULES = Checks(confirm_times=5, hold_times=10, rollover_percent=90, max_per_day=360, floor=50, max_kw=15)


def dial(
    *previous: int, usual: float | None = 6.0, days: int = 30, digits: int = 5, ratio: int = 1, serial: str = "1"
) -> Dial:
    """A dial that shows 14 000 and usually counts 180 in the 30 days."""
    previous = previous or (14_000,)
    return Dial(serial, len(previous), digits, ratio, previous, days, usual)


# ---- one value as typed


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("14218", 14218),
        (" 14218 ", 14218),
        ("14 218", 14218),
        ("14\u00a0218", 14218),
        ("14\u202f218", 14218),
        ("14\u2009218", 14218),
        ("0", 0),
        ("00000", 0),
        ("00042", 42),
        ("0" * 5000 + "7", 7),
    ],
)
def test_whole_number(typed: str, value: int) -> None:
    assert checks.parse(typed, 5, "t1") == (value, False)


@pytest.mark.feature("S21")
@pytest.mark.parametrize("typed", ["14218,7", "14218.7", "14 218,70", "14218,", "14218.", "14218,9999999999"])
def test_fraction_is_cut_off_and_said(typed: str) -> None:
    assert checks.parse(typed, 5, "t1") == (14218, True)


@pytest.mark.parametrize("typed", ["", " ", "\u00a0", "\u202f \t"])
def test_empty(typed: str) -> None:
    assert refusal(typed).problems[0].rule == "reading.empty"


@pytest.mark.parametrize(
    "typed",
    ["-0", "-5", "+5", "1e3", "0x1F", "14218 кВт", "1,2,3", "1.2.3", ",5", "１４２１８", "١٤٢١٨", "²", "\u202e14218", "14218\u200f",
     "14218\x00", "\x00", "14218\n", "14\u200b218", "NaN", "inf", "1_000", "'1' OR 1=1"],
)  # fmt: skip
def test_anything_but_digits_is_refused(typed: str) -> None:
    assert refusal(typed).problems[0].rule == "reading.digits"


@pytest.mark.parametrize("typed", ["142180", "1" * 400, "9" * 10_000, "1" + "0" * 400])
def test_more_digits_than_the_dial_has(typed: str) -> None:
    assert refusal(typed).problems[0].rule == "reading.too_long"


def test_refusal_names_the_field_and_the_digits_of_the_dial() -> None:
    problem = refusal("1234567").problems[0]
    assert problem.field == "meter-7-t1"
    assert "5\u00a0цифр до запятой, а введено 7" in problem.text


def refusal(typed: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        checks.parse(typed, 5, "meter-7-t1")
    return caught.value


@given(st.text(), st.integers(3, 9))
@example("\ud800", 5)
@example("9" * 5000 + ",", 9)
def test_no_text_breaks_it(typed: str, digits: int) -> None:
    try:
        value = checks.parse(typed, digits, "t1").value
    except Refusal:
        return
    assert 0 <= value < 10**digits


@given(
    st.integers(0, 10**9 - 1),
    st.sampled_from(["", ",", ".", ",5", ".999"]),
    st.sampled_from(["", " ", "\u00a0", "\u202f"]),
)
def test_any_number_of_the_dial_is_taken_however_written(value: int, tail: str, gap: str) -> None:
    typed = f"{value:,}".replace(",", gap) + tail
    assert checks.parse(typed, 9, "t1") == (value, bool(tail))


# ---- the verdict: 180 is usual, above 900 is asked, above 1 800 or above 10 800 (15 kW around the clock) is held


@pytest.mark.feature("S23")
@pytest.mark.parametrize(
    ("value", "outcome", "rule"),
    [
        (14_000, ACCEPTED, "usage.usual"),
        (14_180, ACCEPTED, "usage.usual"),
        (14_900, ACCEPTED, "usage.usual"),
        (14_901, CONFIRM, "usage.above_usual"),
        (15_800, CONFIRM, "usage.above_usual"),
        (15_801, HELD, "usage.far_above_usual"),
        (24_800, HELD, "usage.far_above_usual"),
        (24_801, HELD, "usage.above_power"),
        (99_999, HELD, "usage.above_power"),
        (13_999, HELD, "usage.below_previous"),
        (0, HELD, "usage.below_previous"),
    ],
)
def test_bounds(value: int, outcome: str, rule: str) -> None:
    verdict = checks.judge(dial(), (value,), RULES)
    assert (verdict.outcome, verdict.rule) == (outcome, rule)
    assert verdict.usage == (value - 14_000,)


@pytest.mark.parametrize(
    ("previous", "value", "outcome", "rule", "usage"),
    [
        (99_900, 80, ACCEPTED, "usage.rollover", 180),
        (99_900, 800, ACCEPTED, "usage.rollover", 900),
        (99_900, 801, HELD, "usage.below_previous", 901),
        (99_900, 99_899, HELD, "usage.below_previous", 99_999),
        (90_000, 80, HELD, "usage.below_previous", -89_920),
        (90_001, 0, HELD, "usage.below_previous", 9_999),
        (90_001, 900, HELD, "usage.below_previous", 10_899),
    ],
)
def test_rollover_from_the_last_tenth_of_the_dial_with_plausible_use(
    previous: int, value: int, outcome: str, rule: str, usage: int
) -> None:
    verdict = checks.judge(dial(previous), (value,), RULES)
    assert (verdict.outcome, verdict.rule, verdict.usage) == (outcome, rule, (usage,))


@pytest.mark.parametrize("usual", [0.0, 0.1])
@pytest.mark.parametrize(("use", "outcome"), [(50, ACCEPTED), (51, CONFIRM), (100, CONFIRM), (101, HELD)])
def test_floor_of_an_empty_house(usual: float, use: int, outcome: str) -> None:
    assert checks.judge(dial(usual=usual), (14_000 + use,), RULES).outcome == outcome


@pytest.mark.parametrize(
    ("previous", "value", "outcome"),
    [(14_000, 24_800, ACCEPTED), (14_000, 24_801, HELD), (14_000, 13_999, HELD)],
)
def test_without_history_power_is_the_only_bound(previous: int, value: int, outcome: str) -> None:
    assert checks.judge(dial(previous, usual=None), (value,), RULES).outcome == outcome


@pytest.mark.parametrize(
    ("previous", "value", "outcome", "rule"),
    [
        (90_001, 0, CONFIRM, "usage.rollover_unsure"),
        (90_001, 801, CONFIRM, "usage.rollover_unsure"),
        (90_001, 802, HELD, "usage.below_previous"),
        (90_000, 0, HELD, "usage.below_previous"),
    ],
)
def test_rollover_without_history_is_asked_about(previous: int, value: int, outcome: str, rule: str) -> None:
    verdict = checks.judge(dial(previous, usual=None), (value,), RULES)
    assert (verdict.outcome, verdict.rule) == (outcome, rule)
    assert verdict.reason.startswith("Показание меньше прошлого")


def test_one_zone_rolled_over_beside_an_ordinary_one() -> None:
    verdict = checks.judge(dial(99_900, 2_000), (20, 2_060), RULES)
    assert (verdict.outcome, verdict.rule, verdict.usage) == (ACCEPTED, "usage.rollover", (120, 60))


@pytest.mark.parametrize(("ratio", "power"), [(1, "15"), (20, "300")])
def test_power_is_told_behind_the_transformer(ratio: int, power: str) -> None:
    reason = checks.judge(dial(ratio=ratio), (24_801,), RULES).reason
    assert reason.endswith(f"больше, чем можно израсходовать за 30\u00a0дней при мощности {power}\u00a0кВт.")


# ---- another unit: heat in Gcal, 1 a day at most, 3 in a period never unusual

HEAT = replace(RULES, max_per_day=1, floor=3, max_kw=None)


@pytest.mark.parametrize(
    ("usual", "use", "outcome", "rule"),
    [
        (0.1, 3, ACCEPTED, "usage.usual"),
        (0.1, 15, ACCEPTED, "usage.usual"),
        (0.1, 16, CONFIRM, "usage.above_usual"),
        (0.1, 30, CONFIRM, "usage.above_usual"),
        (0.1, 31, HELD, "usage.above_power"),
        (0.05, 16, HELD, "usage.far_above_usual"),
        (0.0, 3, ACCEPTED, "usage.usual"),
        (0.0, 4, CONFIRM, "usage.above_usual"),
        (0.0, 7, HELD, "usage.far_above_usual"),
        (None, 30, ACCEPTED, "usage.usual"),
        (None, 31, HELD, "usage.above_power"),
    ],
)
def test_heat_has_bounds_of_its_own(usual: float | None, use: int, outcome: str, rule: str) -> None:
    verdict = checks.judge(replace(dial(100, usual=usual), unit="Гкал"), (100 + use,), HEAT)
    assert (verdict.outcome, verdict.rule) == (outcome, rule)


def test_heat_is_not_told_in_kilowatts() -> None:
    reason = checks.judge(replace(dial(100), unit="Гкал"), (131,), HEAT).reason
    assert reason == "Расход 31\u00a0Гкал больше, чем можно израсходовать за 30\u00a0дней."


# ---- zones


@pytest.mark.parametrize(
    ("values", "outcome", "usage"),
    [
        ((5_120, 2_060), ACCEPTED, (120, 60)),
        ((5_800, 2_100), ACCEPTED, (800, 100)),
        ((5_801, 2_100), CONFIRM, (801, 100)),
        ((4_999, 2_500), HELD, (-1, 500)),
        ((5_120, 1_999), HELD, (120, -1)),
    ],
)
def test_zones_together(values: tuple[int, int], outcome: str, usage: tuple[int, int]) -> None:
    verdict = checks.judge(dial(5_000, 2_000), values, RULES)
    assert (verdict.outcome, verdict.usage, verdict.volume) == (outcome, usage, sum(usage))


@pytest.mark.parametrize(
    ("use", "volume", "outcome"), [(9, 180, ACCEPTED), (45, 900, ACCEPTED), (46, 920, CONFIRM), (91, 1820, HELD)]
)
def test_transformer_ratio(use: int, volume: int, outcome: str) -> None:
    verdict = checks.judge(dial(ratio=20), (14_000 + use,), RULES)
    assert (verdict.volume, verdict.outcome) == (volume, outcome)


def test_question_says_how_much_is_usual() -> None:
    reason = checks.judge(dial(), (15_260,), RULES).reason
    assert (
        reason
        == "Расход 1\u202f260\u00a0кВт⋅ч\u00a0— это в 7\u00a0раз больше обычного (обычно за 30\u00a0дней около 180\u00a0кВт⋅ч)."
    )


@pytest.mark.parametrize("value", [13_000, 14_901, 15_801, 24_801])
def test_whatever_is_not_accepted_has_a_reason(value: int) -> None:
    assert checks.judge(dial(), (value,), RULES).reason


@pytest.mark.feature("M7")
def test_verdict_keeps_what_it_rests_on() -> None:
    assert checks.judge(dial(ratio=2), (14_050,), RULES).inputs == {
        "previous": [14_000], "values": [14_050], "days": 30, "usual_daily": 6.0, "digits": 5, "ratio": 2, "volume": 100,
        "asked_above": 900, "held_above": 1800, "most": 21_600, "rollover_percent": 90,
    }  # fmt: skip


@pytest.mark.feature("M7")
def test_verdict_without_history_keeps_that_there_was_none() -> None:
    inputs = checks.judge(dial(usual=None), (14_050,), RULES).inputs
    assert (inputs["usual_daily"], inputs["asked_above"], inputs["held_above"]) == (None, None, None)


# ---- mistakes


@pytest.mark.feature("M6")
@pytest.mark.parametrize(
    ("before", "values", "rule", "meant"),
    [
        (dial(), (41_180,), "mistake.digits_swapped", (14_180,)),
        (dial(), (10_418,), "mistake.digits_swapped", (14_018,)),
        (dial(digits=6), (141_800,), "mistake.extra_digit", (14_180,)),
        (dial(digits=6), (144_180,), "mistake.extra_digit", (14_180,)),
        (dial(5_000, 2_000), (2_060, 5_120), "mistake.zones_swapped", (5_120, 2_060)),
        (dial(5_000, 2_000, 800), (2_060, 850, 5_070), "mistake.zones_swapped", (5_070, 2_060, 850)),
        (dial(), (1_418,), "mistake.missing_digit", None),
        (dial(), (418,), "mistake.missing_digit", None),
    ],
)
def test_mistake_is_recognised(before: Dial, values: tuple[int, ...], rule: str, meant: tuple[int, ...] | None) -> None:
    verdict = checks.judge(before, values, RULES)
    assert verdict.outcome != ACCEPTED
    assert (verdict.hints[0].rule, verdict.hints[0].values) == (rule, meant)


@pytest.mark.feature("M6")
def test_value_of_the_other_meter_is_recognised() -> None:
    other = dial(300, usual=2.0, serial="009450235068549")
    hint = checks.judge(dial(), (360,), RULES, (other,)).hints[0]
    assert hint.rule == "mistake.other_meter" and "009450235068549" in hint.text


@pytest.mark.feature("M6")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((2_060, 5_070, 850), "пик и ночь"),
        ((5_070, 850, 2_060), "ночь и полупик"),
        ((850, 2_060, 5_070), "пик и полупик"),
        ((2_060, 850, 5_070), "пик, ночь и полупик"),
    ],
)
def test_hint_names_the_zones_that_were_moved(values: tuple[int, int, int], said: str) -> None:
    hint = checks.judge(dial(5_000, 2_000, 800), values, RULES).hints[0]
    assert (hint.text, hint.values) == (f"Похоже, перепутаны зоны: {said}.", (5_070, 2_060, 850))


@pytest.mark.feature("M6")
def test_missing_digit_is_not_supposed_where_something_better_was_guessed() -> None:
    verdict = checks.judge(dial(9_900, 12_000), (12_060, 9_960), RULES)
    assert [hint.rule for hint in verdict.hints] == ["mistake.zones_swapped"]


def test_no_hint_at_what_is_accepted() -> None:
    assert checks.judge(dial(), (14_180,), RULES, (dial(14_100),)).hints == ()


def test_at_most_two_hints() -> None:
    verdict = checks.judge(dial(5_000, 2_000), (2_060, 5_120), RULES, (dial(2_000, 5_000), dial(2_010, 5_010)))
    assert len(verdict.hints) == 2


@pytest.mark.feature("M6")
def test_injected_mistakes_are_questioned_and_what_was_meant_is_offered() -> None:
    """Ordinary readings, each spoiled in the three usual ways: none of the right ones is questioned, most guesses are right."""
    dice = random.Random(2026)
    questioned = offered = 0
    for _ in range(400):
        before = dial(dice.randrange(10_000, 80_000), dice.randrange(10_000, 80_000))
        meant = (before.previous[0] + dice.randrange(60, 180), before.previous[1] + dice.randrange(30, 90))
        assert checks.judge(before, meant, RULES).outcome == ACCEPTED
        for wrong in spoiled(meant, dice):
            verdict = checks.judge(before, wrong, RULES)
            if verdict.outcome != ACCEPTED:
                questioned += 1
                offered += meant in [hint.values for hint in verdict.hints]
    assert questioned > 800
    assert offered / questioned > 0.8


def spoiled(meant: tuple[int, int], dice: random.Random) -> list[tuple[int, int]]:
    text, place = str(meant[0]), dice.randrange(2)
    turned = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    doubled = text[: place + 1] + text[place] + text[place + 1 :]
    return [wrong for wrong in ((int(turned), meant[1]), (int(doubled[:6]), meant[1]), meant[::-1]) if wrong != meant]


# ---- whatever the values


@st.composite
def judged(draw: st.DrawFn) -> tuple[Dial, tuple[int, ...], tuple[Dial, ...]]:
    zones, digits = draw(st.integers(1, 3)), draw(st.integers(3, 9))
    value = st.integers(0, 10**digits - 1)

    def any_dial() -> Dial:
        previous = tuple(draw(value) for _ in range(zones))
        usual = draw(st.none() | st.integers(0, 200_000).map(lambda used: used / 400))
        return Dial("1", zones, digits, draw(st.sampled_from([1, 20])), previous, draw(st.integers(1, 400)), usual)

    before = any_dial()
    step = st.integers(-50, 2000)
    near = tuple(min(max(0, one + draw(step)), 10**digits - 1) for one in before.previous)
    values = draw(st.sampled_from([near, tuple(draw(value) for _ in range(zones))]))
    return before, values, tuple(any_dial() for _ in range(draw(st.integers(0, 2))))


@given(judged())
def test_accepted_means_between_zero_and_the_bound(case: tuple[Dial, tuple[int, ...], tuple[Dial, ...]]) -> None:
    before, values, others = case
    verdict = checks.judge(before, values, RULES, others)
    assume(verdict.outcome == ACCEPTED)
    assert min(verdict.usage) >= 0
    assert verdict.volume == sum(verdict.usage) * before.ratio <= 15 * 24 * before.days * before.ratio
    if before.usual_daily is not None:
        assert verdict.volume <= max(5 * before.usual_daily * before.days, 50)


@given(judged())
def test_what_a_hint_offers_would_be_accepted(case: tuple[Dial, tuple[int, ...], tuple[Dial, ...]]) -> None:
    before, values, others = case
    for hint in checks.judge(before, values, RULES, others).hints:
        if hint.values is not None:
            assert hint.values != values
            assert checks.judge(before, hint.values, RULES).outcome == ACCEPTED


@given(judged())
def test_other_meters_change_no_verdict(case: tuple[Dial, tuple[int, ...], tuple[Dial, ...]]) -> None:
    before, values, others = case
    alone, among = checks.judge(before, values, RULES), checks.judge(before, values, RULES, others)
    assert (alone.outcome, alone.rule, alone.usage, alone.reason) == (
        among.outcome,
        among.rule,
        among.usage,
        among.reason,
    )


@given(judged())
def test_order_of_zones_changes_no_verdict(case: tuple[Dial, tuple[int, ...], tuple[Dial, ...]]) -> None:
    before, values, _ = case
    outcomes = set()
    for order in permutations(range(before.zones)):
        turned = Dial(
            "1",
            before.zones,
            before.digits,
            before.ratio,
            tuple(before.previous[i] for i in order),
            before.days,
            before.usual_daily,
        )
        verdict = checks.judge(turned, tuple(values[i] for i in order), RULES)
        outcomes.add((verdict.outcome, verdict.rule, verdict.volume))
    assert len(outcomes) == 1


@given(
    st.integers(3, 9).flatmap(
        lambda digits: st.tuples(st.just(digits), st.integers(0, 10**digits - 1), st.integers(0, 10**digits - 1))
    )
)
def test_use_between_two_values_of_a_dial(case: tuple[int, int, int]) -> None:
    digits, before, now = case
    used = checks.usage_between(before, now, digits)
    assert 0 <= used < 10**digits
    assert (before + used) % 10**digits == now
