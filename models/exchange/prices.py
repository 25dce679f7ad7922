"""Import files of prices: tariffs, limits of bands, norms, penalty rates, and the days off that terms are counted by.

Each is a table of dated rows, read whole: a row is checked against all the others for the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from models import company, words
from models.billing.penalties import PenaltyRule
from models.billing.tariffs import BANDS, Band, Tariff
from models.company import DWELLINGS
from models.exchange import rows
from models.exchange.rows import Counts, Kind, Line
from models.exchange.table import Column, Fault, choice, day, percent, price, quantity, whole, yes
from models.metering.meters import ZONES
from models.metering.norms import PERSON, SQUARE_METRE, Norm
from models.workdays import SpecialDay

MOST_LINES = 50_000
_TARIFF_KEY = ("service", "dwelling", "plan", "zone", "band", "since")
_DATED_KEY = ("service", "dwelling", "since")
_PENALTY_KEY = ("service", "since")

_SINCE = (Column("since", day), Column("until", day, False))
TARIFF_COLUMNS = (
    Column("service", rows.service), Column("dwelling", choice(*DWELLINGS), False, ""), Column("plan", whole(1, 3), False, 0),
    Column("zone", choice(*ZONES), False, ""), Column("band", whole(BANDS[0], BANDS[-1]), False, 1), *_SINCE,
    Column("price", price), Column("vat", whole(0, 99)),
)  # fmt: skip
BAND_COLUMNS = (
    Column("service", rows.service), Column("dwelling", choice(*DWELLINGS), False, ""), *_SINCE,
    Column("first", whole(1, 1_000_000)), Column("second", whole(1, 1_000_000), False),
)  # fmt: skip
NORM_COLUMNS = (
    Column("service", rows.service), Column("dwelling", choice(*DWELLINGS), False, ""), *_SINCE,
    Column("per", choice(PERSON, SQUARE_METRE)), Column("amount", quantity),
)  # fmt: skip
PENALTY_COLUMNS = (
    Column("service", rows.service, False, ""), Column("since", day), Column("rate", percent), Column("grace", whole(0, 3650), False, 30),
    Column("step", whole(0, 3650), False, 90), Column("divisor", whole(1, 100_000), False, 300),
    Column("later", whole(1, 100_000), False, 130),
)  # fmt: skip
DAY_COLUMNS = (Column("day", day), Column("working", yes))


def _load_tariffs(lines: list[Line], counts: Counts) -> None:
    good = _checked(lines, counts, _tariff_faults)
    _store(Tariff, _TARIFF_KEY, good, rows.defaults(TARIFF_COLUMNS), counts)


def _load_bands(lines: list[Line], counts: Counts) -> None:
    good = _checked(lines, counts, _band_faults)
    _store(Band, _DATED_KEY, good, rows.defaults(BAND_COLUMNS), counts)


def _load_norms(lines: list[Line], counts: Counts) -> None:
    good = _checked(lines, counts, _norm_faults)
    _store(Norm, _DATED_KEY, good, rows.defaults(NORM_COLUMNS), counts)


def _load_penalties(lines: list[Line], counts: Counts) -> None:
    good = _checked(lines, counts, _penalty_faults)
    _store(PenaltyRule, _PENALTY_KEY, good, rows.defaults(PENALTY_COLUMNS), counts)


def _load_days_off(lines: list[Line], counts: Counts) -> None:
    found = _once(("day",), lines, {}, counts)
    days = [{"day": values["day"], "is_working": values["working"]} for _, values in found.values()]
    rows.upsert(SpecialDay, ("day",), days, {}, counts)


def _checked(lines: list[Line], counts: Counts, faults_of: Any) -> list[Line]:
    """The lines without a fault of their own; the others are told."""
    good = []
    for number, values in lines:
        faults = [Fault(number, column, reason) for column, reason in faults_of(values)]
        if faults:
            counts.refuse(*faults)
        else:
            good.append((number, values))
    return good


def _tariff_faults(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    plan, zone = values.get("plan", 0), values.get("zone", "")
    if not _is_metered(values):
        for column in ("plan", "zone"):
            if values.get(column):
                yield column, f"по услуге «{values['service']}» счётчиков не бывает"
        if values.get("band", 1) > 1:
            yield "band", f"по услуге «{values['service']}» диапазонов не бывает"
    elif plan and zone and ZONES.index(zone) >= plan:
        yield "zone", f"у счётчика {words.plural(plan, 'зона', 'зоны', 'зон')}, зоны {zone} нет"
    yield from _term_faults(values)


def _band_faults(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not _is_metered(values):
        yield "service", f"по услуге «{values['service']}» диапазонов не бывает"
    if values.get("second") is not None and values["second"] <= values["first"]:
        yield "second", f"второй предел должен быть больше первого ({values['first']})"
    yield from _term_faults(values)


def _norm_faults(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not _is_metered(values):
        yield "service", f"по услуге «{values['service']}» нормативов не бывает"
    if values["amount"] <= 0:
        yield "amount", "норматив должен быть больше нуля"
    yield from _term_faults(values)


def _penalty_faults(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    grace, step = values.get("grace", 30), values.get("step", 90)
    if step < grace:
        yield "step", f"должно быть не меньше grace ({grace})"


def _term_faults(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if values.get("until") and values["until"] < values["since"]:
        yield "until", "кончается раньше, чем начинается"


def _is_metered(values: dict[str, Any]) -> bool:
    return company.current().services[values["service"]].metered


def _store(table: Any, key: Sequence[str], lines: list[Line], defaults: dict[str, Any], counts: Counts) -> None:
    """Store the rows that contradict neither each other nor what is there."""
    found = _once(key, lines, defaults, counts)
    if "until" in defaults:
        _refuse_overlaps(table, key, found, defaults, counts)
    rows.upsert(table, key, [row for _, row in found.values()], defaults, counts)


def _once(
    key: Sequence[str], lines: list[Line], defaults: dict[str, Any], counts: Counts
) -> dict[tuple[Any, ...], Line]:
    """The lines by what they are about; a second one about the same is refused unless it says the same."""
    found: dict[tuple[Any, ...], Line] = {}
    for number, values in lines:
        row = {**{name: defaults[name] for name in key if name in defaults}, **values}
        first, known = found.setdefault(tuple(row[name] for name in key), (number, row))
        if first == number:
            continue
        if known == row:
            counts.same += 1
        else:
            other = next(name for name in row if known[name] != row[name])
            counts.refuse(Fault(number, other, f"то же самое уже есть в строке {first} с другим значением"))
    return found


def _refuse_overlaps(
    table: Any, key: Sequence[str], found: dict[tuple[Any, ...], Line], defaults: dict[str, Any], counts: Counts
) -> None:
    """Leave out rows that begin before an earlier one for the same thing ends. A row without an end ends where the next begins."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {
        tuple(row[column] for column in key): row for row in table.select().dicts()
    }
    for name, (_, row) in found.items():
        merged[name] = {**merged.get(name, defaults), **row}
    last: dict[tuple[Any, ...], tuple[tuple[Any, ...], date | None]] = {}
    for name in sorted(merged):
        thing, since, until = name[:-1], name[-1], merged[name]["until"]
        before, ends = last.get(thing, (None, None))
        if ends is None or ends < since:
            last[thing] = name, until
            continue
        late = name if name in found else before
        if late in found:
            number, _ = found.pop(late)
            column = "since" if late == name else "until"
            term = f"действует до {words.day(ends)}, следующая начинается {words.day(since)}"
            counts.refuse(Fault(number, column, f"сроки строк пересекаются: прежняя {term}"))
        if late != name:
            last[thing] = name, until


def _key(*names: str) -> Any:
    return lambda values: tuple(values.get(name) for name in names)


KINDS = (
    Kind("days_off", DAY_COLUMNS, _key("day"), _load_days_off, whole=MOST_LINES),
    Kind("tariffs", TARIFF_COLUMNS, _key(*_TARIFF_KEY), _load_tariffs, whole=MOST_LINES),
    Kind("bands", BAND_COLUMNS, _key(*_DATED_KEY), _load_bands, whole=MOST_LINES),
    Kind("norms", NORM_COLUMNS, _key(*_DATED_KEY), _load_norms, whole=MOST_LINES),
    Kind("penalties", PENALTY_COLUMNS, _key(*_PENALTY_KEY), _load_penalties, whole=MOST_LINES),
)
