"""Bills: what is owed and why, the paper, the history of charges, the statement, which tariff pays."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask_login import current_user

from models import clock, company, limits, periods
from models.billing import bills, ledger, offers, owed, payments, statement, told
from models.billing.bills import Open
from models.billing.statement import Book
from models.billing.tariffs import Gap, Tariffs
from models.billing.why import compare
from models.exchange import exports
from models.metering.accounts import full_address, holder
from models.metering.history import Past
from tasks.papers import bill as bill_paper
from tasks.papers import statement as statement_paper
from views import charts
from views.door import account_or_404, customer_only
from views.page import as_file, page, part

room = Blueprint("bills", __name__)
SHOWN, SHOWN_BY_DAYS = 12, 3  # months, where nothing else is asked
MOST_PAPERS, PAPERS_PER = 60, 3600  # PDF files of one customer in so many seconds
_BEGINNING, _END = datetime(2000, 1, 1), datetime(2100, 1, 1)
_TOO_MANY = "Слишком много файлов за час. Подождите немного и попробуйте снова."


@room.get("/accounts/<string:number>/bills", endpoint="index")
@customer_only
def index(number: str) -> Any:
    account = account_or_404(number)
    now, newest = owed.now(account.id), clock.period()
    first, last = _span(now.first_period or newest, now.bill.period if now.bill else newest)
    found = bills.issued(account=account.id, first=first, last=last)
    return page("customer/bills/index.html", owed=now, bills=found, first=first, last=last, today=clock.today())


@room.get("/accounts/<string:number>/bills/<string:period>", endpoint="show")
@customer_only
def show(number: str, period: str) -> Any:
    account = account_or_404(number)
    opened = _opened(account, period)
    lines, services = opened.lines(), company.current().services
    bill = opened.shown(lines.get(period, ()), _public_url())
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
    _spend_paper()
    bill = opened.shown(opened.lines().get(period, ()), _public_url())
    return _as_pdf(bill_paper.draw(bill, company.current()), f"bill-{period}-{number}.pdf")


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
    _spend_paper()
    found = _statement(number)["statement"]
    drawn = statement_paper.draw(_on_paper(account, found), company.current())
    return _as_pdf(drawn, f"statement-{found.first}-{found.last}-{number}.pdf")


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


def _span(oldest: str, newest: str, months: int = SHOWN) -> tuple[str, str]:
    """The periods asked for, within what there is; the last `months` of them when nothing sensible is asked."""
    last = max(min(periods.parse(request.args.get("to")) or newest, newest), oldest)
    first = periods.parse(request.args.get("from")) or periods.shift(last, 1 - months)
    return max(min(first, last), oldest), last


def _charges(number: str) -> dict[str, Any]:
    book = _book(account_or_404(number))
    first, last = _span(book.first_period, book.last_period)
    months = book.months(first, last)
    return {"past": book, "months": months, "first": first, "last": last, "points": charts.charged_and_paid(months)}


def _statement(number: str) -> dict[str, Any]:
    account = account_or_404(number)
    book = _book(account)
    first, last = _span(book.first_period, book.last_period, SHOWN_BY_DAYS)
    paid_by = {one.id: one.channel for one in payments.of_account(account=account.id, since=_BEGINNING, until=_END)}
    return {"past": book, "statement": book.statement(first, last, paid_by), "first": first, "last": last}


def _book(account: Any) -> Book:
    return Book(ledger.entries(account=account.id), clock.period())


def _on_paper(account: Any, found: statement.Statement) -> statement_paper.Statement:
    titles = {code: service.title for code, service in company.current().services.items()}
    entries = tuple(
        statement_paper.Entry(*row._replace(service=titles.get(row.service, row.service))[:6]) for row in found.rows
    )
    return statement_paper.Statement(
        account.number, holder(account), full_address(account), found.first, found.last, entries, found.opening, found.closing,
        clock.today(),
    )  # fmt: skip


def _spend_paper() -> None:
    """A PDF costs more than a page: so many an hour are more than anybody reads."""
    limits.spend("papers", str(current_user.id), MOST_PAPERS, PAPERS_PER, _TOO_MANY)


def _as_pdf(body: bytes, name: str) -> Response:
    """A paper that the browser shows, and saves under its name."""
    answer = Response(body, content_type="application/pdf")
    names = {"filename": name.encode("ascii", "ignore").decode()}
    if not name.isascii():
        names["filename*"] = f"UTF-8''{quote(name, safe='')}"
    answer.headers.set("Content-Disposition", "inline", **names)
    return answer


def _public_url() -> str:
    return str(current_app.extensions["kabinet"].public_url)
