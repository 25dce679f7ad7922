"""The front page: for guests what one can do here, for customers the state of the account now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, session
from flask_login import current_user

from models import clock, periods
from models.billing import owed
from models.contact import news
from models.contact.outages import live
from models.metering import history, meters, standings, windows
from views import charts
from views.door import account_or_404, customer_only, public
from views.page import choices, page
from views.reading_form import blank

room = Blueprint("home", __name__)
LAST_READINGS, MONTHS = 6, 12


@room.get("/")
@public
def front() -> Any:
    if not current_user.is_authenticated:
        return page("customer/home/guest.html", window=windows.of("web", clock.today()), news=news.current())
    numbers = [choice.number for choice in choices()]
    if not numbers:
        return page("customer/home/empty.html")
    chosen = str(session.get("account"))
    return _show(chosen if chosen in numbers else numbers[0])


@room.get("/accounts/<string:number>/")
@customer_only
def show(number: str) -> Any:
    return _show(number)


def _show(number: str) -> Any:
    account, today = account_or_404(number), clock.today()
    if session.get("account") != number:
        session["account"] = number  # the account chosen: where «/» leads next time
    past = history.Past(account, today)
    service = past.services[0]
    own = standings.of_account(account.id, today, past.readings, past.meters)
    return page(
        "customer/home/show.html",
        **blank(own, today),
        warnings=[
            standing.meter
            for standing in own
            if meters.verification_is_near(standing.meter, today)
            or meters.verification_is_expired(standing.meter, today)
        ],
        outages=live.of_account(account),
        news=news.current(account),
        owed=owed.now(account.id),
        today=today,
        service=service,
        lines=past.lines(*_last_months(today, MONTHS))[:LAST_READINGS],
        chart=charts.of(past.bars(service, *_past_year(today)), past.zones(service)),
    )


def _last_months(today: Any, count: int) -> tuple[str, str]:
    period = clock.period(today)
    return periods.shift(period, 1 - count), period


def _past_year(today: Any) -> tuple[str, str]:
    """The twelve months before this one: those whose volume is known."""
    period = clock.period(today)
    return periods.shift(period, -12), periods.shift(period, -1)
