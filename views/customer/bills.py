"""Bills: what is owed and why, the paper, the history of charges, the statement, which tariff pays."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, url_for
from flask_login import current_user

from models import clock, company, periods
from models.billing import bills, offers, owed, told
from models.billing.bills import Open
from models.billing.tariffs import Gap, Tariffs
from models.billing.why import compare
from models.exchange import exports
from models.metering.history import Past
from views import charts, papers
from views.door import account_or_404, customer_only
from views.page import as_file, page, part

room = Blueprint("bills", __name__)
SHOWN, SHOWN_BY_DAYS = 12, 3  # months, where nothing else is asked


@room.get("/accounts/<string:number>/bills", endpoint="index")
@customer_only
def index(number: str) -> Any:
    account = account_or_404(number)
    now, newest = owed.now(account.id), clock.period()
    first, last = papers.span(now.first_period or newest, now.bill.period if now.bill else newest, SHOWN)
    found = bills.issued(account=account.id, first=first, last=last)
    return page("customer/bills/index.html", owed=now, bills=found, first=first, last=last, today=clock.today())


@room.get("/accounts/<string:number>/bills/<string:period>", endpoint="show")
@customer_only
def show(number: str, period: str) -> Any:
    account = account_or_404(number)
    opened = _opened(account, period)
    lines, services = opened.lines(), company.current().services
    bill = opened.shown(lines.get(period, ()), papers.public_url())
    found = (compare(period, other, lines, services) for other in (opened.before, opened.year_ago))
    return page(
        "customer/bills/show.html",
        bill=bill,
        why=[comparison for comparison in found if comparison],
        points=charts.charged(bill.months),
        has_penalty=any(row.penalty for row in opened.rows.values()),
        penalties=told.penalties(bill),
        paid_since=periods.first_day(periods.shift(period, 1)),
        owed=owed.now(account.id),
        today=clock.today(),
        told=told,
    )


@room.get("/accounts/<string:number>/bills/<string:period>.pdf", endpoint="paper")
@customer_only
def paper(number: str, period: str) -> Any:
    account = account_or_404(number)
    opened = _opened(account, period)
    papers.spend(str(current_user.id))
    return papers.bill(opened)


@room.get("/accounts/<string:number>/history/charges", endpoint="charges")
@customer_only
def charges(number: str) -> Any:
    return page("customer/bills/charges.html", **_charges(number))


@room.get("/accounts/<string:number>/history/charges/rows", endpoint="charges_part")
@customer_only
def charges_part(number: str) -> Any:
    context = _charges(number)
    shown = {"from": context["first"], "to": context["last"]}
    address = url_for("bills.charges", number=number, **shown)
    return part("customer/bills/_charges.html", **context), 200, {"HX-Replace-Url": address}


@room.get("/accounts/<string:number>/history/charges.csv", endpoint="charges_file")
@customer_only
def charges_file(number: str) -> Any:
    return as_file(exports.charges(_charges(number)["months"]), f"charges-{number}.csv", "text/csv")


@room.get("/accounts/<string:number>/history/statement", endpoint="statement")
@customer_only
def show_statement(number: str) -> Any:
    return page("customer/bills/statement.html", **_statement(number))


@room.get("/accounts/<string:number>/history/statement.pdf", endpoint="statement_paper")
@customer_only
def paper_statement(number: str) -> Any:
    account = account_or_404(number)
    papers.spend(str(current_user.id))
    return papers.statement_of(account, _statement(number)["statement"])


@room.get("/accounts/<string:number>/history/statement.csv", endpoint="statement_file")
@customer_only
def statement_file(number: str) -> Any:
    titles = {code: service.title for code, service in company.current().services.items()}
    return as_file(exports.statement(_statement(number)["statement"], titles), f"statement-{number}.csv", "text/csv")


@room.get("/accounts/<string:number>/tariff", endpoint="tariff")
@customer_only
def tariff(number: str) -> Any:
    past = Past(account_or_404(number), clock.today())
    offer = offers.Offer(past, Tariffs.load())
    try:
        found = {"tariffs": offer.today_by_service(), "comparison": offer.comparison(), "ahead": offer.ahead()}
    except Gap as gap:
        return page("customer/bills/tariff.html", gap=gap, tariffs=[])
    return page("customer/bills/tariff.html", gap=None, **found)


def _opened(account: Any, period: str) -> Open:
    """The account's bill for the period; a bill that was not issued does not exist for the customer."""
    opened = Open(account, period) if periods.parse(period) else None
    if opened is None or not opened.is_there:
        abort(404)
    return opened


def _charges(number: str) -> dict[str, Any]:
    book = papers.book(account_or_404(number))
    first, last = papers.span(book.first_period, book.last_period, SHOWN)
    months = book.months(first, last)
    return {"past": book, "months": months, "first": first, "last": last, "points": charts.charged_and_paid(months)}


def _statement(number: str) -> dict[str, Any]:
    account = account_or_404(number)
    book = papers.book(account)
    first, last = papers.span(book.first_period, book.last_period, SHOWN_BY_DAYS)
    return {
        "past": book,
        "statement": papers.statement_between(account, book, first, last),
        "first": first,
        "last": last,
    }
