"""The lines of a bill in plain Russian: what each is for, and how it was worked out from its trace. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from models import periods, words
from models.billing.charges import SCALE, vat_of
from models.billing.shown import AREA, AVERAGE, NORM, PENALTY, READING, RECALCULATION, Bill, Line
from models.billing.tariffs import PRICE_SCALE
from models.metering.meters import ZONES
from models.metering.norms import PERSON
from models.words import NBSP

BASES = {READING: "по показаниям", AVERAGE: "по среднему", NORM: "по нормативу", AREA: "по площади"}
_BANDS = {1: "первый", 2: "второй", 3: "третий"}


def price(value: int) -> str:
    """«4,39 ₽» from ten-thousandths: two decimals at least, four at most."""
    whole, _, part = words.decimal(value, PRICE_SCALE).partition(",")
    return f"{whole},{part:0<2}{NBSP}₽"


def quantity(value: int, unit: str) -> str:
    """«180 кВт⋅ч», «57,9 м²» from ten-thousandths."""
    return f"{words.decimal(value, SCALE)}{NBSP}{unit}"


def zone_of(line: Line) -> str:
    """«день», «ночь», «пик»; empty where the meter has one zone or there is none."""
    return words.ZONES[line.plan][ZONES.index(line.zone)] if line.plan > 1 and line.zone else ""


def title(line: Line) -> str:
    """What a line is for, without its service: «День, второй диапазон», «По нормативу», «Перерасчёт за май 2026»."""
    if line.kind == RECALCULATION:
        return f"Перерасчёт за {words.month(line.about)}" if line.about else "Перерасчёт"
    if line.kind == PENALTY:
        return "Пени"
    parts = [zone_of(line), f"{_BANDS[line.band]} диапазон" if _is_banded(line) else "", _days_of_price(line)]
    said = ", ".join(part for part in parts if part) or BASES.get(line.basis, "начислено")
    return said[:1].upper() + said[1:]


def steps(line: Line, unit: str) -> list[str]:
    """How a line was worked out, a sentence a step, from its trace; empty where whoever worked it out left none."""
    tell = _RULES.get(line.trace.get("rule", ""))
    return list(tell(line, unit)) if tell else []


def penalties(bill: Bill) -> str:
    """«в том числе пени 190,00 ₽: за октябрь 73,62 ₽, за прошлые месяцы 116,38 ₽»; empty where the sum holds no penalty."""
    due, now = sum(service.penalty_due for service in bill.services), bill.penalty
    if due <= 0:
        return ""
    said = f"в том числе пени {words.rubles(due)}"
    if not 0 < now < due:
        return said
    month = words.MONTHS[int(bill.period[5:]) - 1]
    return f"{said}: за{NBSP}{month} {words.rubles(now)}, за прошлые месяцы {words.rubles(due - now)}"


def charged_before(bill: Bill) -> list[str]:
    """Of each service whose meters ran through months without readings: how much of that use earlier bills have charged."""
    said = []
    for service in bill.services:
        measured = sum(dial.volume for dial in bill.dials if dial.service == service.code)
        shares = _earlier(line for line in bill.lines if line.service == service.code)
        if past := sum(sum(map(sum, months)) for months in shares):
            first = periods.shift(bill.period, -max(map(len, shares)))
            since, till = (words.MONTHS[int(one[5:]) - 1] for one in (first, periods.shift(bill.period, -1)))
            when = since if since == till else f"{since} — {till}"
            whole, part = (quantity(value * SCALE, service.unit) for value in (measured, past))
            said.append(f"{whole} по счётчику, из них {part} за {when} уже посчитаны в прошлых счетах без показаний.")
    return said


def _earlier(lines: Iterable[Line]) -> list[list[list[int]]]:
    """The shares of earlier months by point: its lines, one a zone and band, carry the same."""
    found = {}
    for line in lines:
        if line.trace.get("earlier"):
            found[tuple(meter["serial"] for meter in line.trace["meters"])] = line.trace["earlier"]
    return list(found.values())


def open_days(line: Line) -> tuple[int, int]:
    """The days of the month that are paid for, and how many it has; 0, 0: the line does not go by days."""
    trace = line.trace
    if "open" in trace:
        return int(trace["open"]), int(trace["of"])
    if isinstance(trace.get("days"), list):
        return int(trace["days"][0]), int(trace["days"][1])
    return 0, 0


def _is_banded(line: Line) -> bool:
    """Whether the month's use went past the first band."""
    limits = line.trace.get("limits") or ()
    return line.band > 1 or bool(limits and sum(line.trace.get("uses", ())) > limits[0] * SCALE)


def _days_of_price(line: Line) -> str:
    """«1–9 октября», where the price changed within the month."""
    if "from" not in line.trace:
        return ""
    return _span(*(date.fromisoformat(line.trace[name]) for name in ("from", "to")))


def _span(first: date, last: date) -> str:
    """«1–9 октября», «16 октября — 4 ноября», «9 октября»."""
    if first == last:
        return words.day_month(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{words.day_month(last)}"
    return f"{words.day_month(first)} — {words.day_month(last)}"


def _by_reading(line: Line, unit: str) -> Iterator[str]:
    place = ZONES.index(line.zone) if line.zone else 0
    used = 0
    for meter in line.trace["meters"]:
        if place >= len(meter["now"]):
            continue  # a meter of fewer zones hung there before
        before, now = meter["before"][place], meter["now"][place]
        use = (now - before) % 10 ** meter["digits"] if now < before else now - before
        used += use * meter["ratio"]
        ratio = f" × {meter['ratio']} (трансформаторы тока)" if meter["ratio"] > 1 else ""
        result = quantity(use * meter["ratio"] * SCALE, unit)
        told = f"{_on(before, meter['before_on'])}, стало {_on(now, meter['now_on'])}"
        turned = "; счётчик прошёл через ноль" if now < before else ""
        yield f"Счётчик № {meter['serial']}: было {told}{ratio}. Расход {result}{turned}."
    if earlier := sum(zones[place] for zones in line.trace.get("earlier", ())):
        past, left = (quantity(value * SCALE, unit) for value in (earlier, used - earlier))
        yield f"Из них {past} приходится на прошлые месяцы без показаний, за них плата уже посчитана. Остаётся {left}."
    yield from _by_price(line, unit)


def _on(value: int, day: str | None) -> str:
    return f"{words.number(value)} ({words.day_month(date.fromisoformat(day))})" if day else words.number(value)


def _by_average(line: Line, unit: str) -> Iterator[str]:
    months = words.plural(line.trace["months"], "месяц", "месяца", "месяцев")
    yield f"Показаний за месяц не было, взят средний расход за {months} (правила № 354, п. 59)."
    yield from _by_days(line)
    yield from _by_price(line, unit)


def _by_norm(line: Line, unit: str) -> Iterator[str]:
    trace = line.trace
    if "norm" not in trace:
        yield "Показаний нет, а норматив для этой услуги не установлен."
        return
    each = "на человека" if trace["per"] == PERSON else "на м²"
    times = words.decimal(trace["times"], 100)
    whole = quantity((trace["norm"] * trace["times"] + 50) // 100, unit)
    many = f"{times}{NBSP}чел." if trace["per"] == PERSON else f"{times}{NBSP}м²"
    yield f"Показаний нет, взят норматив: {quantity(trace['norm'], unit)} {each} × {many} = {whole} за месяц."
    yield from _by_days(line)
    yield from _by_price(line, unit)


def _by_area(line: Line, unit: str) -> Iterator[str]:
    yield from _by_days(line)
    yield _multiplied(line, unit)


def _by_days(line: Line) -> Iterator[str]:
    days, whole = open_days(line)
    if days < whole:
        yield f"Счёт открыт {words.plural(days, 'день', 'дня', 'дней')} из {whole}, начислено за эти дни."


def _by_price(line: Line, unit: str) -> Iterator[str]:
    if _is_banded(line):
        limits = line.trace.get("limits", ())
        tops = [f"{_BANDS[i]} диапазон до {words.number(limit)}" for i, limit in enumerate(limits, 1)]
        total = quantity(sum(line.trace["uses"]), unit)
        yield f"Всего за месяц {total}: {', '.join(tops)}, дальше — следующий. В каждую зону диапазон входит той же долей."
    if "from" in line.trace:
        yield f"Тариф менялся внутри месяца: эта цена действует {_days_of_price(line)}, расход разделён по дням."
    yield _multiplied(line, unit)


def _multiplied(line: Line, unit: str) -> str:
    vat = f", в том числе НДС {line.vat}{NBSP}% — {words.rubles(vat_of(line.amount, line.vat))}" if line.vat else ""
    return f"{quantity(line.quantity, unit)} × {price(line.price)} = {words.rubles(line.amount)}{vat}."


def _by_recalculation(line: Line, unit: str) -> Iterator[str]:
    yield f"{line.reason[:1].upper()}{line.reason[1:]}."
    after, before = words.rubles(line.trace["after"]), words.rubles(line.trace["before"])
    yield f"По показаниям за этот месяц {after}, было начислено {before}: разница {words.rubles(line.amount)}."


def _by_penalty(line: Line, unit: str) -> Iterator[str]:
    for piece in line.trace["pieces"]:
        yield _piece(piece)
    if line.trace["before"]:
        total, charged = words.rubles(line.trace["after"]), words.rubles(line.trace["before"])
        now = words.rubles(line.amount)
        yield f"Всего по этот месяц начислено пеней {total}, из них в прошлых счетах {charged}, в этом {now}."


def _piece(piece: Mapping[str, Any]) -> str:
    first, last = date.fromisoformat(piece["first"]), date.fromisoformat(piece["last"])
    days = (last - first).days + 1
    exact = piece["debt"] * piece["rate"] * days / (SCALE * piece["divisor"])
    rate = f"{words.decimal(piece['rate'], 100)}{NBSP}% / {piece['divisor']}"
    many = words.plural(days, "день", "дня", "дней")
    debt, cost = words.rubles(piece["debt"]), words.rubles(round(exact))
    return f"{debt} за {words.month(piece['period'])} × {many} ({_span(first, last)}) × {rate} = {cost}."


_RULES: Mapping[str, Callable[[Line, str], Iterator[str]]] = {
    READING: _by_reading,
    AVERAGE: _by_average,
    NORM: _by_norm,
    AREA: _by_area,
    RECALCULATION: _by_recalculation,
    PENALTY: _by_penalty,
}
