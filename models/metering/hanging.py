"""A meter that was hung, as an employee has typed it: what its row will be, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models import company, words
from models.base import Problem, Refusal
from models.metering import checks
from models.metering.meters import ZONES, Meter

LONGEST_SERIAL, LONGEST_MODEL = 40, 100
_DIALS = {"final": "Снятый счётчик", "initial": "Новый счётчик"}
_SERIAL = re.compile(r"[0-9A-Za-zА-Яа-яЁё][0-9A-Za-zА-Яа-яЁё./-]*")


@dataclass(frozen=True)
class NewMeter:
    """The meter that was hung, as it was typed."""

    serial: str
    model: str
    zones: str
    digits: str
    ratio: str
    initial: Sequence[str]  # a text a zone
    verification_due: date | None = None  # None: as the catalogue says of the model


def dials(typed: Sequence[str], zones: int, digits: int, prefix: str, problems: list[Problem]) -> tuple[int, ...]:
    """The values of the zones; what cannot be read is a problem of its field, such as `final_t2`."""
    found = []
    for zone, text in zip(ZONES[:zones], (*typed, "", "", ""), strict=False):
        try:
            found.append(checks.parse(text, digits, f"{prefix}_{zone}").value)
        except Refusal as refusal:
            problems += [_of_dial(problem, prefix, zone) for problem in refusal.problems]
    return tuple(found)


def _of_dial(problem: Problem, prefix: str, zone: str) -> Problem:
    """The same, saying of which dial."""
    text = f"{_DIALS[prefix]}, Т{zone[1:]}: {problem.text[:1].lower()}{problem.text[1:]}"
    return problem._replace(text=text)


def columns(account_id: int, service: str, day: date, new: NewMeter, problems: list[Problem]) -> dict[str, Any]:
    """The row of the meter hung on that day; what is wrong with it is added to the problems."""
    serial, model = plain(new.serial), " ".join(new.model.split())
    if not _SERIAL.fullmatch(serial) or len(serial) > LONGEST_SERIAL:
        problems.append(
            Problem("serial", "Введите номер нового счётчика: буквы и цифры, как на корпусе.", "meter.serial")
        )
    elif Meter.select().where(Meter.serial == serial).exists():
        problems.append(Problem("serial", f"Счётчик № {serial} уже заведён. Проверьте номер.", "meter.known"))
    if not model or len(model) > LONGEST_MODEL:
        problems.append(Problem("model", "Введите модель, как она названа в паспорте счётчика.", "meter.model"))
    most = 3 if service == company.ELECTRICITY else 1
    zones = _whole(new.zones, 1, most, "zones", problems)
    digits = _whole(new.digits, 3, 9, "digits", problems)
    ratio = _whole(new.ratio or "1", 1, 10_000, "ratio", problems)
    initial = dials(new.initial, zones or 1, digits or 9, "initial", problems)
    if zones and any(text.strip() for text in new.initial[zones:]):
        count = words.plural(zones, "зона", "зоны", "зон")
        problems.append(Problem(f"initial_{ZONES[zones]}", f"У счётчика {count}: это показание лишнее.", "meter.zones"))
    due = new.verification_due or until_by_catalogue(model, day)
    if due is None or due <= day:
        text = "Укажите, до какого дня счётчик поверен: он в паспорте счётчика."
        problems.append(Problem("verification_due", text, "meter.verification"))
    shown = {f"initial_{zone}": value for zone, value in zip(ZONES, initial, strict=False)}
    return {
        "account": account_id, "serial": serial, "service": service, "model": model, "zones": zones, "digits": digits,
        "ratio": ratio, "installed": day, "verification_due": due, **shown,
    }  # fmt: skip


def _whole(typed: str, least: int, most: int, name: str, problems: list[Problem]) -> int | None:
    text = typed.strip()
    if text.isascii() and text.isdigit() and len(text) < 6 and least <= int(text) <= most:
        return int(text)
    problems.append(Problem(name, f"Введите число от {least} до {words.number(most)}.", f"meter.{name}"))
    return None


def until_by_catalogue(model: str, day: date) -> date | None:
    """The end of the interval of a meter of that model, verified on that day; None of a model that the catalogue does not have."""
    known = company.current().catalogue.named(model)
    return known.verified_until(day) if known else None


def plain(serial: str) -> str:
    """A serial number as it is stored, without spaces."""
    return "".join(serial.split())
