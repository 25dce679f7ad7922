"""Which mistakes in typing a reading are noticed (M6): injected into the true readings of the four demo companies.

Pure: import files in, verdicts out, no database. A true reading is one the file marks accepted, with half a year behind it.
"""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from models import company
from models.base import Refusal
from models.metering import checks, standings
from models.metering.checks import Dial, Verdict
from models.metering.meters import ZONES
from tests.bench.house import ROOT
from tests.bench.table import Table

COMPANIES = ("krasnoyarsk", "kaluga", "koryak", "irkutsk")
SEED, LEAST_BEFORE = 2026, 6
MISTAKES = {
    "digits_swapped": "neighbouring digits swapped", "zones_swapped": "zones swapped", "extra_digit": "a digit too many",
    "missing_digit": "a digit missing", "other_meter": "the other meter's value",
}  # fmt: skip
COLUMNS = {
    "mistake": "mistake", "injected": "injected", "caught": "caught", "grave": "of the grave", "hint": "right hint", "value": "right value",
    "silent": "silent", "silent_kwh": "silent: median error",
}  # fmt: skip


class Truth(NamedTuple):
    dial: Dial
    values: tuple[int, ...]
    others: tuple[Dial, ...]
    other_values: tuple[tuple[int, ...], ...]


class Typed(NamedTuple):
    texts: tuple[str, ...]


def measure(*, quick: bool = False) -> Table:
    table = Table("mistakes", "Mistakes injected into the true readings of the four companies (M6)", COLUMNS)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    errors: dict[str, list[int]] = defaultdict(list)
    questioned: Counter[str] = Counter()
    was = company._current
    try:
        _inject(COMPANIES[: 1 if quick else None], counts, errors, questioned)
    finally:
        company._current = was
    for mistake, title in MISTAKES.items():
        _row(table, title, counts[mistake], errors[mistake])
    _total(table, counts, questioned)
    return table


def _inject(
    names: tuple[str, ...],
    counts: dict[str, Counter[str]],
    errors: dict[str, list[int]],
    questioned: Counter[str],
) -> None:
    for name in names:
        company.use(company.find(name, ROOT / "companies"))
        dice = random.Random(f"{SEED}/{name}")
        for true in _truths(ROOT / "companies" / name):
            questioned[_verdict(true, true.values).outcome] += 1
            for mistake, inject in _INJECTORS.items():
                if (wrong := inject(true, dice)) is not None:
                    _try(true, mistake, wrong, counts[mistake], errors[mistake])


def _row(table: Table, title: str, seen: Counter[str], silent: list[int]) -> None:
    injected, caught = seen["injected"], seen["caught"]
    if not injected:
        return
    table.add(
        mistake=title, injected=injected, caught=_share(caught, injected), grave=_share(seen["grave_caught"], seen["grave"]),
        hint=_share(seen["hint"], caught), value=_share(seen["value"], caught), silent=injected - caught,
        silent_kwh=sorted(silent)[len(silent) // 2] if silent else None,
    )  # fmt: skip


def _total(table: Table, counts: dict[str, Counter[str]], questioned: Counter[str]) -> None:
    whole = sum(counts.values(), Counter())
    _row(table, "all", whole, [])
    true = sum(questioned.values())
    asked = true - questioned[checks.ACCEPTED]
    table.notes = [
        f"True readings: {true:,}; to confirm {questioned[checks.CONFIRM]}, held {questioned[checks.HELD]}.",
        "Caught: refused, asked about or held. Grave: the error is above the usual use of the whole span since the last reading.",
        "Right hint and right value are shares of the caught; silent errors mostly change less than a customer's month varies.",
    ]
    table.add(mistake="(true readings questioned)", injected=true, caught=_share(asked, true))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _try(true: Truth, mistake: str, wrong: Typed, seen: Counter[str], silent: list[int]) -> None:
    """One mistake, typed and judged as `receive` does."""
    seen["injected"] += 1
    try:
        values = tuple(checks.parse(text, true.dial.digits, "t1").value for text in wrong.texts)
    except Refusal as refusal:
        rule = refusal.problems[0].rule
        seen.update(caught=1, grave=1, grave_caught=1, hint=int((mistake, rule) == ("extra_digit", "reading.too_long")))
        return
    error = true.dial.ratio * sum(abs(now - right) for now, right in zip(values, true.values, strict=True))
    is_grave = error > max(1, (true.dial.usual_daily or 0) * true.dial.days)
    verdict = _verdict(true, values)
    is_caught = verdict.outcome != checks.ACCEPTED
    seen.update(grave=int(is_grave), grave_caught=int(is_grave and is_caught), caught=int(is_caught))
    if not is_caught:
        silent.append(error)
        return
    seen["hint"] += any(hint.rule == f"mistake.{mistake}" for hint in verdict.hints)
    seen["value"] += any(hint.values == true.values for hint in verdict.hints)


def _verdict(true: Truth, values: tuple[int, ...]) -> Verdict:
    return checks.judge(true.dial, values, company.current().checks, true.others)


def _truths(folder: Path) -> Iterator[Truth]:
    """Each true reading as the meter stood when it came, with the account's other meters of that day."""
    meters = _meters(folder)
    rows = _readings(folder, meters)
    by_account: dict[str, list[Any]] = defaultdict(list)
    for meter in meters.values():
        by_account[meter.account].append(meter)
    for account, own in by_account.items():
        passed = [row for row in rows[account] if row.state == "accepted"]
        for row in passed:
            known = {one.meter_id for one in passed if one.period < row.period}  # of others the database would be asked
            stand = standings.of_account(0, row.taken, passed, [meter for meter in own if meter.id in known])
            values = {one.meter_id: _dials(one, meters[one.serial]) for one in passed if one.period == row.period}
            dials = {standing.meter.id: standing.dial(row.taken) for standing in stand}
            before = sum(one.meter_id == row.meter_id and one.taken < row.taken for one in passed)
            if before < LEAST_BEFORE or row.meter_id not in dials:
                continue
            others = [other for other in dials if other != row.meter_id]
            yield Truth(
                dials[row.meter_id], values[row.meter_id], tuple(dials[other] for other in others),
                tuple(values[other] for other in others if other in values),
            )  # fmt: skip


def _meters(folder: Path) -> dict[str, Any]:
    found = {}
    for i, line in enumerate(_lines(folder / "meters.csv"), 1):
        dials = {f"initial_{zone}": int(line[f"initial_{zone}"] or 0) for zone in ZONES}
        found[line["serial"]] = SimpleNamespace(
            id=i, account=line["account"], serial=line["serial"], service=line["service"], zones=int(line["zones"]),
            digits=int(line["digits"]), ratio=int(line["ratio"] or 1), installed=date.fromisoformat(line["installed"]),
            removed=date.fromisoformat(line["removed"]) if line["removed"] else None, **dials,
        )  # fmt: skip
    return found


def _readings(folder: Path, meters: dict[str, Any]) -> dict[str, list[Any]]:
    """By account, the newest first."""
    found: dict[str, list[Any]] = defaultdict(list)
    for line in _lines(folder / "readings.csv"):
        dials = {zone: int(line[zone]) if line[zone] else None for zone in ZONES}
        found[line["account"]].append(
            SimpleNamespace(
                meter_id=meters[line["serial"]].id,
                serial=line["serial"],
                taken=date.fromisoformat(line["taken"]),
                period=line["taken"][:7],
                state=line["state"],
                **dials,
            )
        )
    for rows in found.values():
        rows.sort(key=lambda row: row.taken, reverse=True)
    return found


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _dials(row: Any, meter: Any) -> tuple[int, ...]:
    return tuple(getattr(row, zone) for zone in ZONES[: meter.zones])


# ---- the mistakes: the texts typed, or None where this reading cannot suffer it


def _digits_swapped(true: Truth, dice: random.Random) -> Typed | None:
    zone = dice.randrange(len(true.values))
    text = str(true.values[zone])
    places = [i for i in range(len(text) - 1) if text[i] != text[i + 1]]
    if not places:
        return None
    i = dice.choice(places)
    return _typed(true, zone, text[:i] + text[i + 1] + text[i] + text[i + 2 :])


def _zones_swapped(true: Truth, dice: random.Random) -> Typed | None:
    if len(set(true.values)) < 2:
        return None
    one, other = dice.sample(range(len(true.values)), 2)
    texts = [str(value) for value in true.values]
    texts[one], texts[other] = texts[other], texts[one]
    return Typed(tuple(texts)) if true.values[one] != true.values[other] else None


def _extra_digit(true: Truth, dice: random.Random) -> Typed:
    zone = dice.randrange(len(true.values))
    text = str(true.values[zone])
    i = dice.randrange(len(text) + 1)
    return _typed(true, zone, text[:i] + str(dice.randrange(1, 10)) + text[i:])


def _missing_digit(true: Truth, dice: random.Random) -> Typed | None:
    zone = dice.randrange(len(true.values))
    text = str(true.values[zone])
    if len(text) < 2:
        return None
    i = dice.randrange(len(text))
    return _typed(true, zone, text[:i] + text[i + 1 :])


def _other_meter(true: Truth, dice: random.Random) -> Typed | None:
    fitting = [values for values in true.other_values if len(values) == len(true.values) and values != true.values]
    return Typed(tuple(str(value) for value in dice.choice(fitting))) if fitting else None


def _typed(true: Truth, zone: int, text: str) -> Typed:
    texts = [str(value) for value in true.values]
    texts[zone] = text
    return Typed(tuple(texts))


_INJECTORS: dict[str, Callable[[Truth, random.Random], Typed | None]] = {
    "digits_swapped": _digits_swapped, "zones_swapped": _zones_swapped, "extra_digit": _extra_digit, "missing_digit": _missing_digit,
    "other_meter": _other_meter,
}  # fmt: skip
