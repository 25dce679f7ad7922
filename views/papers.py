"""The papers of an account as answers: its bill and its statement, for the customer's rooms and the staff's."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Response, current_app, request

from models import clock, company, limits, periods
from models.billing import ledger, payments, statement
from models.billing.bills import Open
from models.billing.statement import Book
from models.metering.accounts import full_address, holder
from tasks.papers import bill as bill_paper
from tasks.papers import statement as statement_paper

MOST, PER = 60, 3600  # PDF files of one person in so many seconds
_BEGINNING, _END = datetime(2000, 1, 1), datetime(2100, 1, 1)
_TOO_MANY = "Слишком много файлов за час. Подождите немного и попробуйте снова."


def bill(opened: Open) -> Response:
    """The bill as it was issued, a PDF."""
    shown = opened.shown(opened.lines().get(opened.period, ()), public_url())
    return _as_pdf(bill_paper.draw(shown, company.current()), f"bill-{opened.period}-{opened.account.number}.pdf")


def statement_of(account: Any, found: statement.Statement) -> Response:
    """The statement, a PDF."""
    drawn = statement_paper.draw(_on_paper(account, found), company.current())
    return _as_pdf(drawn, f"statement-{found.first}-{found.last}-{account.number}.pdf")


def book(account: Any) -> Book:
    return Book(ledger.entries(account=account.id), clock.period())


def statement_between(account: Any, past: Book, first: str, last: str) -> statement.Statement:
    """What came and went between two periods, with the ways payments came by."""
    paid_by = {one.id: one.channel for one in payments.of_account(account=account.id, since=_BEGINNING, until=_END)}
    return past.statement(first, last, paid_by)


def span(oldest: str, newest: str, months: int) -> tuple[str, str]:
    """The periods asked for in the address, within what there is; the last `months` of them when nothing sensible is asked."""
    last = max(min(periods.parse(request.args.get("to")) or newest, newest), oldest)
    first = periods.parse(request.args.get("from")) or periods.shift(last, 1 - months)
    return max(min(first, last), oldest), last


def spend(who: str) -> None:
    """A PDF costs more than a page: so many an hour are more than anybody reads."""
    limits.spend("papers", who, MOST, PER, _TOO_MANY)


def public_url() -> str:
    return str(current_app.extensions["kabinet"].public_url)


def _on_paper(account: Any, found: statement.Statement) -> statement_paper.Statement:
    titles = {code: service.title for code, service in company.current().services.items()}
    entries = tuple(
        statement_paper.Entry(*row._replace(service=titles.get(row.service, row.service))[:6]) for row in found.rows
    )
    return statement_paper.Statement(
        account.number, holder(account), full_address(account), found.first, found.last, entries, found.opening, found.closing,
        clock.today(),
    )  # fmt: skip


def _as_pdf(body: bytes, name: str) -> Response:
    """A paper that the browser shows, and saves under its name."""
    answer = Response(body, content_type="application/pdf")
    names = {"filename": name.encode("ascii", "ignore").decode()}
    if not name.isascii():
        names["filename*"] = f"UTF-8''{quote(name, safe='')}"
    answer.headers.set("Content-Disposition", "inline", **names)
    return answer
