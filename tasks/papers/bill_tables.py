"""The tables of a bill, each with its heading; one that has nothing to tell is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from models import periods, words
from models.billing.charges import vat_of
from models.billing.shown import AREA, AVERAGE, NORM, PENALTY, READING, RECALCULATION, USE, Bill, Dial, Line, Service
from models.words import NBSP, rubles
from tasks.papers.flow import Column, Flow, Row
from tasks.papers.sheet import MM, RIGHT, SOFT, Style

BASES = {READING: "по показаниям", AVERAGE: "по среднему", NORM: "по нормативу", AREA: "по площади"}
_SCALE = 10_000  # quantities and prices
_CAPTION = Style(7.5, grey=SOFT)
_SUM = Column("Сумма, ₽", 25 * MM, RIGHT)
_CHARGES = (
    Column("Услуга", 68 * MM), Column("Как определено", 30 * MM), Column("Объём", 20 * MM, RIGHT), Column("Единица", 17 * MM),
    Column("Тариф, ₽", 22 * MM, RIGHT), _SUM,
)  # fmt: skip
_BALANCES = (
    Column("Услуга", 42 * MM),
    Column("", 30 * MM, RIGHT),
    *(Column(title, 22 * MM, RIGHT) for title in ("Оплачено", "Начислено", "Перерасчёт", "Пени", "К оплате")),
)
_OPENING = 1  # the place among them of what was owed when the month began
_DIALS = (
    Column("Счётчик", 62 * MM), Column("Зона", 20 * MM), Column("Предыдущее", 36 * MM, RIGHT), Column("Текущее", 36 * MM, RIGHT),
    Column("Расход", 28 * MM, RIGHT),
)  # fmt: skip
_SINGLE_ZONE = (_DIALS[0]._replace(width=82 * MM), *_DIALS[2:])


def charges(flow: Flow, bill: Bill) -> None:
    """What the month's services cost, with the VAT inside."""
    lines = [line for line in bill.lines if line.kind not in (RECALCULATION, PENALTY)]
    flow.heading(f"Начислено за {words.month(bill.period)}")
    flow.table(_CHARGES, _charge_rows(bill, lines))
    vat = Counter[int]()
    for line in lines:
        vat[line.vat] += vat_of(line.amount, line.vat)
    shown = ", ".join(f"НДС{NBSP}{rate}{NBSP}% — {rubles(vat[rate])}" for rate in sorted(vat) if rate)
    if shown:
        flow.room(5 * MM)
        flow.y += 3.6 * MM
        right = flow.x + sum(column.width for column in _CHARGES) - 0.75 * MM
        flow.sheet.text(right, flow.y, f"В сумму входит {shown}", _CAPTION, RIGHT)


def corrections(flow: Flow, bill: Bill) -> None:
    """Earlier months put right, with the reasons."""
    _reasons(flow, bill, "Перерасчёты за прошлые месяцы", "Причина", RECALCULATION, bill.recalculated)


def penalties(flow: Flow, bill: Bill) -> None:
    """Penalties apart from all else."""
    _reasons(flow, bill, "Пени", "За что", PENALTY, bill.penalty)


def balances(flow: Flow, bill: Bill) -> None:
    """How each service stands, where there are several."""
    if len(bill.services) < 2:
        return
    is_advance = any(min(one.opening, one.closing) < 0 for one in bill.services)
    flow.heading("По услугам, ₽ (с минусом — переплата)" if is_advance else "По услугам, ₽")
    columns = list(_BALANCES)
    title = f"На {words.day_month(periods.first_day(bill.period))}"
    columns[_OPENING] = columns[_OPENING]._replace(title=title if is_advance else f"Долг {title.lower()}")
    rows = [
        _balance(one.title, one.opening, one.paid, one.charged, one.recalculated, one.penalty, one.closing)
        for one in bill.services
    ]
    whole = _balance("Всего", bill.opening, bill.paid, bill.charged, bill.recalculated, bill.penalty, bill.total)
    flow.table(columns, [*rows, whole._replace(strong=True)])


def dials(flow: Flow, bill: Bill) -> None:
    """What the meters showed before and now, zone by zone, and how much of it earlier months were charged for."""
    if not bill.dials:
        return
    flow.heading("Показания счётчиков")
    rows = [row for dial in bill.dials for row in _dial_rows(bill, dial)]
    if all(dial.plan <= 1 for dial in bill.dials):
        flow.table(_SINGLE_ZONE, [row._replace(cells=(row.cells[0], *row.cells[2:])) for row in rows])
    else:
        flow.table(_DIALS, rows)
    for note in _counted_before(bill):
        flow.room(5 * MM)
        flow.y += 3.6 * MM
        flow.sheet.text(flow.x + 0.75 * MM, flow.y, note, _CAPTION, within=sum(column.width for column in _DIALS))


def _charge_rows(bill: Bill, lines: Sequence[Line]) -> Iterator[Row]:
    banded = {line.service for line in lines if line.band > 1}
    counts = Counter(line.service for line in lines)
    for service in bill.services:
        for line in lines:
            if line.service == service.code:
                yield _charge_row(line, service, service.code in banded)
        if counts[service.code] > 1 and len(counts) > 1:
            yield Row((f"{service.title}, всего", "", "", "", "", _sum(service.charged)), strong=True)
    yield Row(("Всего начислено", "", "", "", "", _sum(bill.charged)), strong=True)


def _charge_row(line: Line, service: Service, banded: bool) -> Row:
    what = [service.title]
    if line.plan > 1 and line.zone:
        what.append(words.ZONES[line.plan][int(line.zone[1:]) - 1])
    if banded and line.band:
        what.append(f"{line.band}-й диапазон")
    if line.about:
        what.append(words.month(line.about))
    quantity, price = words.decimal(line.quantity, _SCALE), _price(line.price)
    return Row((", ".join(what), BASES.get(line.basis, ""), quantity, service.unit, price, _sum(line.amount)))


def _reasons(flow: Flow, bill: Bill, heading: str, title: str, kind: str, total: int) -> None:
    titles = {service.code: service.title for service in bill.services}
    rows = []
    for line in bill.lines:
        if line.kind == kind:
            what = titles.get(line.service, line.service)
            about = f"{what}, {words.month(line.about)}" if line.about else what
            rows.append(Row((about, line.reason, _sum(line.amount))))
    if rows:
        flow.heading(heading)
        whole = [Row(("Всего", "", _sum(total)), strong=True)] if len(rows) > 1 else []
        flow.table((Column("Услуга", 54 * MM), Column(title, 103 * MM), _SUM), rows + whole)


def _balance(title: str, opening: int, paid: int, *others: int) -> Row:
    return Row((title, *map(_sum, (opening, -paid, *others))))


def _dial_rows(bill: Bill, dial: Dial) -> Iterator[Row]:
    service = next((one for one in bill.services if one.code == dial.service), None)
    name = f"№{NBSP}{dial.serial}"
    if dial.model:
        name += f", {dial.model.replace(' ', NBSP)}"
    if service and len(bill.services) > 1:
        name = f"{service.title}, {name}"
    if dial.ratio != 1:
        name += f", коэффициент {words.number(dial.ratio)}"
    unit = service.unit if service else ""
    used, each = _used(dial.volume, unit), _zone_uses(dial, unit)
    now = (
        [_value(value, dial.now_on) for value in dial.now] if dial.now is not None else [_estimated(bill, dial.service)]
    )
    zones = words.ZONES[dial.plan] if dial.plan > 1 else ("",)
    rows = max(len(zones), len(dial.before), len(now))
    for place in range(rows):
        before = _value(dial.before[place], dial.before_on) if place < len(dial.before) else ""
        cells = (_at(zones, place), before, _at(now, place), _at(each or [used], place))
        yield Row(("" if place else name, *cells), open=bool(each) or place < rows - 1)
    if each:
        yield Row(("", "всего", "", "", used))


def _used(volume: int, unit: str) -> str:
    return f"{words.number(volume)}{NBSP}{unit}"


def _zone_uses(dial: Dial, unit: str) -> list[str]:
    """The use of each zone; none where there is one zone, no reading, or a dial that has gone through zero."""
    if dial.plan <= 1 or dial.now is None:
        return []
    uses = [(now - before) * dial.ratio for before, now in zip(dial.before, dial.now, strict=False)]
    return [_used(use, unit) for use in uses] if sum(uses) == dial.volume and min(uses) >= 0 else []


def _counted_before(bill: Bill) -> Iterator[str]:
    """A sentence a metering point whose reading came after months without one: «422 кВт⋅ч, из них 211 за август …»."""
    told = set[tuple[str, ...]]()
    for line in bill.lines:
        shares = line.trace.get("earlier", ()) if line.kind == USE else ()
        serials = tuple(meter["serial"] for meter in line.trace.get("meters", ())) if shares else ()
        measured = [dial for dial in bill.dials if dial.service == line.service and dial.serial in serials]
        counted = sum(sum(share) for share in shares)
        if not measured or not counted or serials in told:
            continue
        told.add(serials)
        unit = next((one.unit for one in bill.services if one.code == line.service), "")
        whole = _used(sum(dial.volume for dial in measured), unit)
        about = [periods.shift(bill.period, -back) for back in range(len(shares), 0, -1)]
        yield (
            f"№{NBSP}{', '.join(serials)}: {whole}, из них {words.number(counted)} за{NBSP}{_months(about, bill.period)} "
            f"уже посчитаны {_basis_of(bill, line.service, about)}"
        )


def _months(about: Sequence[str], period: str) -> str:
    """«август», «июль и август», «декабрь 2025 — март 2026»; the year where it is not the bill's."""
    is_this_year = about[0][:4] == period[:4]
    named = [words.MONTHS[int(one[5:]) - 1] if is_this_year else words.month(one) for one in about]
    return f"{named[0]} — {named[-1]}" if len(named) > 2 else words.listed(named)


def _basis_of(bill: Bill, service: str, about: Sequence[str]) -> str:
    """How the months had been charged, as far as the recalculations tell."""
    put_right = {
        line.basis
        for line in bill.lines
        if line.kind == RECALCULATION and line.service == service and line.about in about
    }
    named = [BASES[basis] for basis in (AVERAGE, NORM) if basis in put_right]
    return words.listed(named) if named else "без показаний"


def _estimated(bill: Bill, service: str) -> str:
    basis = next((line.basis for line in bill.lines if line.service == service and line.basis in (AVERAGE, NORM)), "")
    return f"нет, {BASES[basis]}" if basis else "нет"


def _at(texts: Sequence[str], place: int) -> str:
    return texts[place] if place < len(texts) else ""


def _sum(kopecks: int) -> str:
    return rubles(kopecks).removesuffix(f"{NBSP}₽")


def _price(price: int) -> str:
    """«4,11», «2 405,3812»: rubles with two decimals at least."""
    whole, _, part = words.decimal(price, _SCALE).partition(",")
    return f"{whole},{part:0<2}"


def _value(dial: int, day: date | None) -> str:
    return f"{words.number(dial)} на {day:%d.%m.%Y}" if day else words.number(dial)
