"""Twelve months as bars: the volume above each, the sum below; hatched one way a month was estimated, the other way put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models import words
from models.billing.shown import AVERAGE, NORM, Month
from tasks.papers.sheet import CENTRE, MM, SOFT, Sheet, Style

_TITLE = Style(10, bold=True)
_LABEL, _SOFT_LABEL = Style(6), Style(6, grey=SOFT)
_BAR, _THIS_BAR = 0.55, 0.15  # greys: earlier months, this one
_ESTIMATED = (AVERAGE, NORM)
_NOTE, _ESTIMATE_NOTE, _CORRECTED_NOTE = (
    "Под месяцем — начислено, ₽.",
    "по среднему или нормативу",
    "с перерасчётом",
)
_LINE = 3 * MM
_SWATCH, _GAP = 4 * MM, 3 * MM  # the little box of a hatching in the legend, the room between its parts


class Place(NamedTuple):
    """Where a chart goes, y its top; its legend comes below the height."""

    x: float
    y: float
    width: float
    height: float


def draw(sheet: Sheet, place: Place, months: Sequence[Month], unit: str, corrected: str = "") -> float:
    """The chart with its title; where it ends. Without volumes the bars are the sums.

    `corrected` is the period whose volume is less by what earlier months had been charged already; '' when there is none.
    """
    x, y, width, height = place
    metered = bool(unit) and any(month.volume for month in months)
    sheet.text(x, y + 3 * MM, f"Расход по месяцам, {unit}" if metered else "Начислено по месяцам, ₽", _TITLE)
    values = [month.volume if metered else month.charged for month in months]
    ground, step = y + height - 8 * MM, width / 12
    tallest = ground - y - 10 * MM
    most = max([*values, 1])
    for number, (month, value) in enumerate(zip(months, values, strict=True)):
        left, middle = x + number * step + step * 0.14, x + (number + 0.5) * step
        tall = tallest * max(value, 0) / most
        if metered and month.basis in _ESTIMATED:
            sheet.hatched(left, ground - tall, step * 0.72, tall)
        elif metered and month.period == corrected and tall:
            sheet.hatched(left, ground - tall, step * 0.72, tall, is_rising=True)
        elif tall:
            sheet.box(left, ground - tall, step * 0.72, tall, fill=_THIS_BAR if number == len(months) - 1 else _BAR)
        shown = words.number(value if metered else round(value / 100))
        sheet.text(middle, ground - tall - 1 * MM, shown, _LABEL, CENTRE, step)
        sheet.text(middle, ground + 2.8 * MM, words.month_short(month.period), _LABEL, CENTRE)
        if metered:
            sheet.text(
                middle, ground + 5.6 * MM, f"{words.number(round(month.charged / 100))}", _SOFT_LABEL, CENTRE, step
            )
    sheet.rule(x, ground, x + width, 0.6)
    return _legend(sheet, place, months, corrected) if metered else ground + 4 * MM


def _legend(sheet: Sheet, place: Place, months: Sequence[Month], corrected: str) -> float:
    """What the bars and the sums are, over as many lines as the width asks for; where it ends."""
    parts = [(_NOTE, False, False)]
    if any(month.basis in _ESTIMATED for month in months):
        parts.append((_ESTIMATE_NOTE, True, False))
    if corrected:
        parts.append((_CORRECTED_NOTE, True, True))
    x, y = place.x, place.y + place.height + 1 * MM
    for text, is_hatched, is_rising in parts:
        before = _SWATCH + 1.5 * MM if is_hatched else 0
        wide = before + sheet.line_width(text, _SOFT_LABEL)
        if x > place.x and x + wide > place.x + place.width:
            x, y = place.x, y + _LINE
        if is_hatched:
            sheet.hatched(x, y - 1.9 * MM, _SWATCH, 2.2 * MM, is_rising=is_rising)
        sheet.text(x + before, y, text, _SOFT_LABEL)
        x += wide + _GAP
    return y
