"""Twelve months as bars: the volume above each, the sum below; a hatched bar was estimated."""

from __future__ import annotations

from collections.abc import Sequence

from models import words
from models.billing.shown import AVERAGE, NORM, Month
from tasks.papers.sheet import CENTRE, MM, SOFT, Sheet, Style

_TITLE = Style(10, bold=True)
_LABEL, _SOFT_LABEL = Style(6), Style(6, grey=SOFT)
_BAR, _THIS_BAR = 0.55, 0.15  # greys: earlier months, this one
_ESTIMATED = (AVERAGE, NORM)


def draw(sheet: Sheet, x: float, y: float, width: float, height: float, months: Sequence[Month], unit: str) -> float:
    """The chart with its title, y its top; where it ends. Without volumes the bars are the sums."""
    metered = bool(unit) and any(month.volume for month in months)
    sheet.text(x, y + 3 * MM, f"Расход по месяцам, {unit}" if metered else "Начислено по месяцам, ₽", _TITLE)
    values = [month.volume if metered else month.charged for month in months]
    ground, step = y + height - 8 * MM, width / 12
    tallest = ground - y - 10 * MM
    most = max([*values, 1])
    for place, (month, value) in enumerate(zip(months, values, strict=True)):
        left, middle = x + place * step + step * 0.14, x + (place + 0.5) * step
        tall = tallest * max(value, 0) / most
        if metered and month.basis in _ESTIMATED:
            sheet.hatched(left, ground - tall, step * 0.72, tall)
        elif tall:
            sheet.box(left, ground - tall, step * 0.72, tall, fill=_THIS_BAR if place == len(months) - 1 else _BAR)
        shown = words.number(value if metered else round(value / 100))
        sheet.text(middle, ground - tall - 1 * MM, shown, _LABEL, CENTRE, step)
        sheet.text(middle, ground + 2.8 * MM, words.month_short(month.period), _LABEL, CENTRE)
        if metered:
            sheet.text(
                middle, ground + 5.6 * MM, f"{words.number(round(month.charged / 100))}", _SOFT_LABEL, CENTRE, step
            )
    sheet.rule(x, ground, x + width, 0.6)
    return _legend(sheet, x, ground + 9 * MM, months) if metered else ground + 4 * MM


def _legend(sheet: Sheet, x: float, y: float, months: Sequence[Month]) -> float:
    sheet.text(x, y, "Под месяцем — начислено, ₽.", _SOFT_LABEL)
    if any(month.basis in _ESTIMATED for month in months):
        sheet.hatched(x + 34 * MM, y - 1.9 * MM, 4 * MM, 2.2 * MM)
        sheet.text(x + 39.5 * MM, y, "без показаний: по среднему или нормативу", _SOFT_LABEL)
    return y
