"""The form for passing readings: a field for each zone of each meter, wherever it stands (the readings room, the home page)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from flask import request

from models import clock, company, seal
from models.metering import checks, decisions, windows
from models.metering.meters import values, zone_names, zones_of
from models.metering.standings import Standing
from views.fields import Form, HiddenField, Shown


class ReadingForm(Form):
    """Fields are named meter-<id>-t1…t3; `key` tells a repeat from a new intake."""

    key = HiddenField()

    def typed(self, standings: list[Standing]) -> dict[int, tuple[str, ...]]:
        """What was typed, by meter; also for meters that are not the account's, so that the model can refuse them."""
        given: dict[int, tuple[str, ...]] = {}
        for standing in standings:
            fix = request.form.get(f"fix-{standing.meter.id}", "")  # the guess of a hint, taken with one press
            zones = zones_of(standing.meter)
            given[standing.meter.id] = (
                tuple(fix.split())
                if fix
                else tuple(self[name_of(standing.meter.id, zone)].data or "" for zone in zones)
            )
        for name in request.form:
            meter, _, zone = name.removeprefix("meter-").rpartition("-")
            if (
                name.startswith("meter-")
                and name not in self
                and zone in ("t1", "t2", "t3")
                and meter.isascii()
                and meter.isdigit()
            ):
                given.setdefault(int(meter[:15]), ("0",))
        return given


def blank(standings: list[Standing], today: date) -> dict[str, Any]:
    """What the form's template needs, before anything is typed."""
    return {
        "standings": standings, "form": for_standings(standings, today), "window": windows.of("web", today), "period": clock.period(today),
        "verdicts": {}, "confirm": "",
        "questions": {one.held.id: decisions.question(one.held.id) for one in standings if one.held},  # by staff
    }  # fmt: skip


def seen(typed: dict[int, tuple[str, ...]]) -> str:
    """What the confirm button carries: only the very values that were shown as unusual are confirmed by it."""
    return seal.fingerprint(repr(sorted(typed.items())))[:16]


def name_of(meter_id: int, zone: str) -> str:
    return f"meter-{meter_id}-{zone}"


def for_standings(standings: list[Standing], today: date) -> ReadingForm:
    """The form for these meters; a value already passed this month stands in its field, ready to be corrected."""
    given: dict[str, str] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for standing in standings:
        meter = standing.meter
        current = values(standing.newest, meter.zones) if standing.newest else (None,) * meter.zones
        for zone, before, now in zip(zones_of(meter), standing.previous, current, strict=True):
            name = name_of(meter.id, zone)
            given[name] = "" if now is None else str(now).zfill(meter.digits)
            attributes[name] = _attributes(standing, before, today)
    form = _kind(_names(standings))(key=seal.token()[:22], **given)
    for name, own in attributes.items():
        form[name].render_kw = own
    return form


def bare(standings: list[Standing]) -> ReadingForm:
    """The same fields without a word about what was read before: for whoever is not known."""
    form = _kind(_names(standings))(key=seal.token()[:22])
    for name, _ in _names(standings):
        form[name].render_kw = {}
    return form


def _names(standings: list[Standing]) -> tuple[tuple[str, str], ...]:
    """The fields' names and labels."""
    return tuple(
        (name_of(standing.meter.id, zone), zone_names(standing.meter)[zone])
        for standing in standings
        for zone in zones_of(standing.meter)
    )


@lru_cache(1024)
def _kind(names: tuple[tuple[str, str], ...]) -> type[ReadingForm]:
    """The form's class: making one takes longer than the whole form."""
    return type("ReadingForm", (ReadingForm,), {name: Shown(label) for name, label in names})


def _attributes(standing: Standing, before: int, today: date) -> dict[str, Any]:
    """What the live usage needs to say in time what the server would say."""
    meter = standing.meter
    rules = company.current().checks_of(meter.service)
    dial = standing.dial(today)
    limit = checks.asked_above(dial, rules)
    return {
        "data-previous": before,
        "data-ratio": meter.ratio,
        "data-usual": "" if dial.usual_daily is None else round(dial.usual_daily * dial.days),
        "data-limit": "" if limit is None else limit,
        "data-rolls": "yes" if checks.may_roll_over(before, meter.digits, rules.rollover_percent) else "",
    }
