"""Filters and helpers that templates use for Russian numbers, days and the look of facts."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask import Flask
from flask.templating import Environment
from markupsafe import Markup

from models import clock, notices, words
from models.billing import told
from models.metering import accounts, channels, meters
from tasks.letters import linked
from views import charts
from views.reading_form import name_of


class Templates(Environment):
    """Flask's environment with plain globals: each import of a macro compares their names, and a page has a dozen imports."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}


def hang(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        day=words.day,
        day_month=words.day_month,
        month=words.month,
        month_brief=words.month_brief,
        month_in=words.month_in,
        number=words.number,
        decimal=decimal,
        size=size,
        rubles=words.rubles,
        whole_rubles=whole_rubles,
        price=told.price,
        quantity=told.quantity,
        moment=lambda moment: words.moment(clock.local(moment)),
        local_moment=words.moment,
        local_day=lambda moment: words.day(clock.local(moment).date()),
        channel=channels.title,
        short_address=accounts.short_address,
        full_address=accounts.full_address,
        holder=accounts.holder,
        unit=meters.unit,
        amount=meters.amount,
        dials=meters.in_words,
        dial_values=lambda reading, meter: meters.values(reading, meter.zones),
        zone_field=lambda zone, meter_id: name_of(meter_id, zone),
        greeting=greeting,
        masked=accounts.masked,
        phone=words.phone,
        tel=lambda number: "".join(character for character in number if character.isdigit() or character == "+"),
        prose=prose,
        linked=linked,
    )
    app.jinja_env.globals.update(
        plural=words.plural,
        standing_notice=notices.standing,
        zone_names=meters.zone_names,
        zone_word=zone_word,
        drawn_bars=charts.bars,
        drawn_pairs=charts.pairs,
    )


def size(count: int) -> str:
    """A file's bytes in words: 105 КБ, 1,12 МБ."""
    if count < 1_000_000:
        return f"{-(-count // 1000)}{words.NBSP}КБ"
    return f"{decimal(count // 10_000)}{words.NBSP}МБ"


def decimal(hundredths: int) -> str:
    """«54,3» from 5430: a comma, no needless zeros."""
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def zone_word(plan: int, zone: str) -> str:
    """«День», «Ночь» in a meter's plan; «Цена» where there are no zones."""
    return words.ZONES[plan][meters.ZONES.index(zone)].capitalize() if plan > 1 and zone else "Цена"


def whole_rubles(kopecks: int) -> str:
    """«312 ₽» where kopecks say nothing: rounded half up, without a sign."""
    return f"{words.number((abs(kopecks) + 50) // 100)}{words.NBSP}₽"


def greeting(name: str) -> str:
    """«Анна Сергеевна» from «Иванова Анна Сергеевна»; any other name as it is."""
    parts = name.split()
    return " ".join(parts[1:]) if len(parts) == 3 else name


def prose(text: str) -> Markup:
    """A plain document as HTML: the title line left out, blank lines part paragraphs, «- » begins an item of a list."""
    blocks = text.strip().split("\n\n")
    blocks[0] = blocks[0].partition("\n")[2]
    return Markup("\n").join(_block(block.strip().split("\n")) for block in blocks if block.strip())


def _block(lines: list[str]) -> Markup:
    before = [line for line in lines if not line.startswith("- ")]
    items = [line[2:] for line in lines if line.startswith("- ")]
    paragraph = Markup("<p>{}</p>").format(" ".join(before)) if before else Markup("")
    if not items:
        return paragraph
    return paragraph + Markup("<ul>{}</ul>").format(
        Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
    )
