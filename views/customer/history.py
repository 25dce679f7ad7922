"""History: readings and consumption by month, as pages, as parts that htmx swaps, and as CSV files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for

from models import clock, periods
from models.exchange import exports
from models.metering.history import Past
from views import charts
from views.door import account_or_404, customer_only
from views.page import as_file, page, part

room = Blueprint("history", __name__)
SHOWN = 12


@room.get("/accounts/<string:number>/history/readings", endpoint="readings")
@customer_only
def readings(number: str) -> Any:
    return page("customer/history/readings.html", **_readings(number))


@room.get("/accounts/<string:number>/history/readings/rows", endpoint="readings_part")
@customer_only
def readings_part(number: str) -> Any:
    return _swapped("customer/history/_readings.html", "history.readings", number, _readings(number))


@room.get("/accounts/<string:number>/history/readings.csv", endpoint="readings_file")
@customer_only
def readings_file(number: str) -> Any:
    lines = _readings(number)["lines"]
    return as_file(exports.readings(lines), f"readings-{number}.csv", "text/csv")


@room.get("/accounts/<string:number>/history/consumption", endpoint="consumption")
@customer_only
def consumption(number: str) -> Any:
    return page("customer/history/consumption.html", **_consumption(number))


@room.get("/accounts/<string:number>/history/consumption/rows", endpoint="consumption_part")
@customer_only
def consumption_part(number: str) -> Any:
    return _swapped("customer/history/_consumption.html", "history.consumption", number, _consumption(number))


@room.get("/accounts/<string:number>/history/consumption.csv", endpoint="consumption_file")
@customer_only
def consumption_file(number: str) -> Any:
    return as_file(exports.consumption(_consumption(number)["bars"]), f"consumption-{number}.csv", "text/csv")


def _swapped(template: str, endpoint: str, number: str, context: dict[str, Any]) -> Any:
    """The part, and the page's own address for it: a reload, a bookmark and Back then show the same months."""
    shown = {"from": context["first"], "to": context["last"], "service": context.get("service")}
    return part(template, **context), 200, {"HX-Replace-Url": url_for(endpoint, number=number, **shown)}


def _readings(number: str) -> dict[str, Any]:
    past = Past(account_or_404(number), clock.today())
    first, last = _span(past, past.last_period)
    return {
        "past": past,
        "lines": past.lines(first, last),
        "changes": past.changes(first, last),
        "first": first,
        "last": last,
    }


def _consumption(number: str) -> dict[str, Any]:
    past = Past(account_or_404(number), clock.today())
    first, last = _span(past, periods.shift(past.last_period, -1))
    service = request.args.get("service", "")
    if service not in past.services:
        service = past.services[0]
    bars = past.bars(service, first, last)
    chart = charts.of(bars, past.zones(service))
    return {"past": past, "bars": bars, "chart": chart, "first": first, "last": last, "service": service}


def _span(past: Past, newest: str) -> tuple[str, str]:
    """The periods asked for, within what there is; the last year when nothing sensible is asked."""
    last = min(periods.parse(request.args.get("to")) or newest, newest)
    first = periods.parse(request.args.get("from")) or periods.shift(last, 1 - SHOWN)
    return max(min(first, last), past.first_period), last
