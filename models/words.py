"""Russian words for numbers, days and months, the same in every channel."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from functools import cache
from typing import Literal

import phonenumbers

NBSP = "\u00a0"
THIN = "\u202f"  # narrow no-break space between groups of thousands
MINUS = "\u2212"
ZONES = {1: ("всего",), 2: ("день", "ночь"), 3: ("пик", "ночь", "полупик")}  # names from t1 on
MONTHS = "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь".split()
MONTHS_OF = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
MONTHS_IN = "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре".split()
WEEKDAYS_ON = "в понедельник|во вторник|в среду|в четверг|в пятницу|в субботу|в воскресенье".split("|")
MONTHS_SHORT = "янв фев мар апр май июн июл авг сен окт ноя дек".split()
_MOST_MARKS = 30  # in a row (UAX #15, Stream-Safe Text)
_HALFWIDTH_MARKS = "\uff9e\uff9f"  # letters by their category, marks when taken apart


def day(value: date) -> str:
    """20 ноября 2026"""
    return f"{day_month(value)}{NBSP}{value.year}"


def day_month(value: date) -> str:
    """20 ноября"""
    return f"{value.day}{NBSP}{MONTHS_OF[value.month - 1]}"


def on_day(value: date) -> str:
    """в среду, 25 ноября"""
    return f"{WEEKDAYS_ON[value.weekday()]}, {day_month(value)}"


def moment(value: datetime) -> str:
    """20 ноября 2026, 14:05 (the value is local wall time already)"""
    return f"{day(value)}, {value:%H:%M}"


def month(period: str) -> str:
    """ноябрь 2026"""
    return f"{MONTHS[int(period[5:]) - 1]}{NBSP}{period[:4]}"


def month_in(period: str) -> str:
    """ноябре 2026"""
    return f"{MONTHS_IN[int(period[5:]) - 1]}{NBSP}{period[:4]}"


def month_brief(period: str) -> str:
    """ноя 2026"""
    return f"{month_short(period)}{NBSP}{period[:4]}"


def month_short(period: str) -> str:
    """ноя"""
    return MONTHS_SHORT[int(period[5:]) - 1]


def number(value: int) -> str:
    """14 218: thousands apart, a real minus."""
    return f"{value:,}".replace(",", THIN).replace("-", MINUS)


def decimal(value: int, scale: int) -> str:
    """«54,3» from 5430 and 100: a comma, thousands apart, no needless zeros. `scale` is a power of ten."""
    whole, part = divmod(abs(value), scale)
    tail = f"{part:0{len(str(scale)) - 1}d}".rstrip("0")
    return f"{MINUS if value < 0 else ''}{number(whole)}{',' + tail if tail else ''}"


def rubles(kopecks: int) -> str:
    """2 642,85 ₽ from integer kopecks."""
    whole, part = divmod(abs(kopecks), 100)
    return f"{MINUS if kopecks < 0 else ''}{number(whole)},{part:02d}{NBSP}₽"


@cache
def phone(number: str) -> str:
    """«+7 391 299-00-24», «8 800 700-24-57» from E.164; any other text as it is."""
    try:
        parsed = phonenumbers.parse(number, "RU")
    except phonenumbers.NumberParseException:
        return number
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(" ", NBSP)
    return shown.replace(f"+7{NBSP}800", f"8{NBSP}800", 1)


def plural(count: int, one: str, few: str, many: str) -> str:
    """'5 дней': the count and the word in its form (1 день, 2 дня, 5 дней, 11 дней, 21 день)."""
    tens, units = abs(count) % 100, abs(count) % 10
    if 11 <= tens <= 14 or units == 0 or units >= 5:
        word = many
    else:
        word = one if units == 1 else few
    return f"{number(count)}{NBSP}{word}"


def listed(parts: list[str]) -> str:
    """'день, ночь и пик'"""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} и {parts[-1]}"


def normal(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """The text in one of Unicode's normal forms, in time that grows with its length: no word of any language has so many marks
    on a letter that they must be sorted for minutes.
    """
    kept, marks = [], 0
    for one in text:
        marks = marks + 1 if unicodedata.category(one)[0] == "M" or one in _HALFWIDTH_MARKS else 0
        if marks <= _MOST_MARKS:
            kept.append(one)
    return unicodedata.normalize(form, "".join(kept))
