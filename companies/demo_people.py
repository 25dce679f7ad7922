"""Who lives in the demo companies: the log-ins' households, one of each rare kind, and their neighbours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from companies import demo_facts as facts
from companies.demo_facts import Facts, MeterModel, Place

HOUSEHOLDS = 46


@dataclass
class Household:
    """Who lives there, and how they use energy and pass readings. Monthly use is in kWh."""

    last_name: str
    first_name: str
    middle_name: str
    place: Place
    persons: int = 2
    dwelling: str = "urban"
    season: str = "flat"
    monthly: float = 0
    model: MeterModel | None = None
    ratio: int = 1
    habit: str = ""  # the usual channel; empty: as the company's customers do
    opened: date = date(2012, 4, 2)
    closed: date | None = None
    verification_due: date | None = None
    email: str = ""
    phone: str = ""
    misses: Callable[[str], bool] | None = None  # the months without a reading; None: now and then
    gaps: float = 0.03  # how often a gap begins
    replaced: date | None = None
    next_model: MeterModel | None = None
    rolls_over: date | None = None
    second_meter: bool = False
    heat_meter: bool = False
    rejected: tuple[str, ...] | None = None
    corrected: tuple[str, ...] | None = None
    inspected: tuple[str, ...] = ()


def households(company: Facts, rng: random.Random) -> Iterator[Household]:
    """The demo log-ins' five first, then one of each rare kind, then neighbours."""
    home, dacha, *others = company.places
    one, two, three = (facts.MODELS[zones] for zones in (1, 2, 3))
    august = lambda period: period.endswith("-08")  # noqa: E731
    deep_winter = lambda period: period[5:] in ("01", "02")  # noqa: E731
    never = lambda period: True  # noqa: E731
    always = lambda period: False  # noqa: E731
    hers: dict[str, Any] = {
        "last_name": "Иванова",
        "first_name": "Анна",
        "middle_name": "Сергеевна",
        "persons": 3,
        "habit": "web",
    }
    hers |= {"email": "anna@example.ru", "phone": "+79000000101"}
    yield Household(
        **hers, place=home, monthly=235, model=two[0], misses=august,
        verification_due=date(2033, 5, 17), rejected=("2025-11",), corrected=("2026-03",),
    )  # fmt: skip
    yield Household(
        **hers, place=dacha, dwelling="rural", season="dacha", monthly=110, model=one[0], misses=deep_winter,
        verification_due=date(2027, 3, 20), rejected=(), corrected=(),
    )  # fmt: skip
    yield Household(
        "Иванова", "Мария", "Алексеевна", home, persons=1, monthly=95, model=one[1], habit="web", misses=always,
        heat_meter=company.heated_flats, verification_due=date(2031, 10, 4), rejected=(), corrected=(),
    )  # fmt: skip
    yield Household(
        "Орлов", "Борис", "Петрович", home, persons=4, dwelling="stove", monthly=390, model=three[0],
        email="boris@example.ru", phone="+79000000102", verification_due=date(2034, 2, 26),
    )  # fmt: skip
    yield Household(
        "Седых", "Вера", "Николаевна", others[0], monthly=150, model=one[1],
        email="vera@example.ru", phone="+79000000103", verification_due=date(2030, 8, 9),
    )  # fmt: skip
    kinds: list[dict[str, Any]] = [
        {"replaced": date(2025, 3, 14), "model": one[1], "next_model": one[2], "gaps": 0},
        {
            "rolls_over": date(2025, 2, 8),
            "model": one[0],
            "dwelling": "rural",
            "season": "heated",
            "monthly": 820,
            "misses": always,
        },
        {"model": None},
        {"misses": never},
        {"misses": never, "inspected": ("2024-06", "2025-05", "2026-06")},
        {"model": facts.BEHIND_TRANSFORMERS, "ratio": 20, "dwelling": "rural", "season": "heated", "monthly": 2600},
        {"verification_due": date(2024, 4, 18)},
        {"closed": date(2025, 6, 30), "gaps": 0},
        {"opened": date(2025, 3, 11)},
        {"gaps": 0.25, "inspected": ("2025-04",)},
        {"second_meter": True, "dwelling": "rural", "monthly": 260, "model": one[2], "gaps": 0.05},
        {"replaced": date(2026, 4, 20), "model": one[1], "next_model": two[0]},
    ]
    for kind in kinds:
        yield _neighbour(company, rng, **kind)
    due = [_in_half_year(rng, year, half) for year in range(2025, 2029) for half in (1, 2) for _ in range(2)]
    for place in range(HOUSEHOLDS - 5 - len(kinds)):
        extra: dict[str, Any] = {"verification_due": due[place]} if place < len(due) else {}
        yield _neighbour(
            company,
            rng,
            gaps=(0, 0.02, 0.04, 0.10)[place % 4],
            heat_meter=company.heated_flats and place % 4 == 1,
            **extra,
        )


def _neighbour(company: Facts, rng: random.Random, **given: Any) -> Household:
    """Somebody like many others, but for what is given."""
    dwelling = given.pop("dwelling", None)
    place = rng.choice([one for one in company.places[2:] if dwelling is None or one.is_rural == (dwelling == "rural")])
    dwelling = dwelling or ("rural" if place.is_rural else rng.choice(("urban", "urban", "stove")))
    persons = rng.choice((1, 1, 2, 2, 3, 3, 4, 5))
    season = "heated" if dwelling == "rural" and rng.random() < 0.5 else "flat"
    monthly = (50 + 55 * persons) * rng.uniform(0.8, 1.3) * {"urban": 1.0, "stove": 1.5, "rural": 1.2}[
        dwelling
    ] + 550 * (season == "heated")
    zones = rng.choices((1, 2, 3), (62, 28, 10))[0]
    model = (
        facts.POWERFUL
        if season == "heated" and zones == 1
        else rng.choice([m for m in facts.MODELS[zones] if season == "flat" or m.digits == 6])
    )
    opened = date(rng.randrange(1998, 2020), rng.randrange(1, 13), rng.randrange(1, 29))
    plain: dict[str, Any] = {"season": season, "monthly": round(monthly), "model": model, "opened": opened}
    plain["phone"] = f"+79000001{rng.randrange(100, 1000)}" if rng.random() < 0.4 else ""
    return Household(*_name(rng), place, persons, dwelling, **{**plain, **given})


def _name(rng: random.Random) -> tuple[str, str, str]:
    last, father = rng.choice(facts.LAST_NAMES), rng.choice(facts.FATHERS)
    if rng.random() < 0.45:
        return last, rng.choice(facts.MEN), f"{father}ич"
    return last + "а" * last.endswith(("ов", "ев", "ёв", "ин")), rng.choice(facts.WOMEN), f"{father}на"


def _in_half_year(rng: random.Random, year: int, half: int) -> date:
    return date(year, rng.randrange(1, 7) + 6 * (half - 1), rng.randrange(1, 29))
