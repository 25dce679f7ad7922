"""Bills (счета, платёжные документы): one an account and period, with its charges; issued, held for a decision, or failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from peewee import BigIntegerField, CharField, DateField, ForeignKeyField, IntegerField, JSONField, ModelSelect

from models import company, periods, workdays
from models.base import PeriodField, Row, compiled, pairs, param
from models.billing import qr
from models.billing.shown import Bill as Shown
from models.billing.shown import Dial, Line, Month, Service
from models.metering import reading_links
from models.metering.accounts import Account

ISSUED, HELD, FAILED = "issued", "held", "failed"


class Bill(Row):
    account = ForeignKeyField(Account, backref="bills", on_delete="RESTRICT")
    period = PeriodField()
    number = CharField(unique=True)
    state = CharField()
    reason = CharField(default="")  # why it is held or failed
    issued_on = DateField(null=True)
    due_on = DateField()
    charged = BigIntegerField(default=0)  # of the month itself
    recalculated = BigIntegerField(default=0)
    penalty = BigIntegerField(default=0)
    total = BigIntegerField(default=0)  # owed with it
    volume = BigIntegerField(default=0)  # of the first metered service, its unit
    basis = CharField(default="")
    facts = JSONField(default=dict)  # whose it was, the dials, the norms, how each service stood: as issued
    carry = JSONField(default=dict)  # what the next month's bill rests on

    class Meta:
        indexes = ((("account", "period"), True), (("period", "state"), False))


class Charge(Row):
    """A line of a bill. Quantity and price are ten-thousandths, VAT is included."""

    bill = ForeignKeyField(Bill, backref="charges", on_delete="CASCADE")
    place = IntegerField()
    service = CharField()
    kind = CharField()
    basis = CharField()
    plan = IntegerField(default=0)
    zone = CharField(default="")
    band = IntegerField(default=0)
    quantity = BigIntegerField()
    price = BigIntegerField()
    vat = IntegerField()
    amount = BigIntegerField()
    about = CharField(default="")
    reason = CharField(default="")
    trace = JSONField(default=dict)

    class Meta:
        indexes = ((("bill", "place"), True),)


@compiled
def issued() -> ModelSelect[Any]:
    """An account's issued bills between two periods, the newest first."""
    columns = (Bill.id, Bill.period, Bill.number, Bill.issued_on, Bill.due_on, Bill.charged, Bill.recalculated)
    more = (Bill.penalty, Bill.total, Bill.volume, Bill.basis, Bill.facts)
    return (
        Bill.select(*columns, *more)
        .where(Bill.account == param("account"), Bill.state == ISSUED)
        .where(Bill.period >= param("first"), Bill.period <= param("last"))
        .order_by(Bill.period.desc())
    )


@compiled
def newest() -> ModelSelect[Any]:
    """An account's last issued bill."""
    return (
        Bill.select(Bill.id, Bill.period, Bill.number, Bill.due_on, Bill.total, Bill.charged, Bill.recalculated)
        .where(Bill.account == param("account"), Bill.state == ISSUED)
        .order_by(Bill.period.desc())
        .limit(1)
    )


@compiled
def _charges() -> ModelSelect[Any]:
    return (
        Charge.select(Charge, Bill.period)
        .join(Bill)
        .where(Bill.account == param("account"), Bill.state == ISSUED)
        .where(Bill.period.in_([param("this"), param("before"), param("year_ago")]))
        .order_by(Bill.period, Charge.place)
    )


def due_on(period: str, exceptions: Mapping[date, bool]) -> date:
    """The last day to pay for a period: the company's day of the next month, or the first working day after it (ГК 193)."""
    day = periods.first_day(periods.shift(period, 1)) + timedelta(days=company.current().billing.due_day - 1)
    return workdays.not_before(day, exceptions)


def number_of(account: str, period: str) -> str:
    """«2610-241010000054»"""
    return f"{period[2:4]}{period[5:]}-{account}"


def unissued(account_ids: Iterable[int], months: Iterable[str]) -> set[tuple[int, str]]:
    """Which of the accounts and months have a bill that nobody has seen yet: held or failed, so that what it rests on may change."""
    query = Bill.select(Bill.account, Bill.period).where(Bill.account.in_(list(account_ids)), Bill.state != ISSUED)
    return set(pairs(query.where(Bill.period.in_(list(months)))))


class Open:
    """One issued bill and those it is compared with, read together: what the bill's page and paper need."""

    def __init__(self, account: Any, period: str):
        self.account, self.period = account, period
        self.before, self.year_ago = periods.shift(period, -1), periods.shift(period, -12)
        self.rows = {row.period: row for row in issued(account=account.id, first=self.year_ago, last=period)}

    @property
    def is_there(self) -> bool:
        return self.period in self.rows

    def lines(self) -> dict[str, list[Line]]:
        """The lines by period: of this bill, the month before, the year before, where there are bills."""
        found: dict[str, list[Line]] = {}
        for row in _charges(account=self.account.id, this=self.period, before=self.before, year_ago=self.year_ago):
            found.setdefault(row.period, []).append(line_of(row))
        return found

    def shown(self, lines: Sequence[Line], public_url: str) -> Shown:
        return shown(self.account, self.rows[self.period], lines, list(self.rows.values()), public_url)


def line_of(row: Any) -> Line:
    return Line(
        row.service, row.kind, row.basis, row.quantity, row.price, row.amount, row.vat, row.plan, row.zone, row.band, row.about,
        row.reason, row.trace,
    )  # fmt: skip


def shown(account: Any, row: Any, lines: Sequence[Line], year: Sequence[Any], public_url: str) -> Shown:
    """A bill as it was issued, from its rows; `year` are the bills of the chart, this one among them."""
    facts = row.facts
    services = tuple(Service(**one) for one in facts["services"])
    months = [Month(one.period, one.charged + one.recalculated, one.volume, one.basis) for one in year]
    months.sort(key=lambda month: month.period)
    total = sum(service.closing for service in services)
    return Shown(
        number=row.number, account=account.number, holder=" ".join(part for part in facts["name"] if part), address=facts["address"],
        persons=facts["persons"], area=facts["area"], dwelling=facts["dwelling"], access_code=account.access_code, period=row.period,
        issued_on=row.issued_on, due_on=row.due_on, services=services, lines=tuple(lines),
        dials=tuple(_dial(one) for one in facts["dials"]), months=tuple(months[-12:]), norms=tuple(facts["norms"]),
        qr=_qr(account.number, facts, row.period, total),
        readings_url=reading_links.address(public_url, account.id, periods.shift(row.period, 1)) if facts["dials"] else "",
        route=tuple(facts["route"]),
    )  # fmt: skip


def _qr(account: str, facts: Mapping[str, Any], period: str, kopecks: int) -> str:
    last, first, middle = facts["name"]
    holder = (last, first, middle)
    return qr.payment(
        company.current(), account=account, holder=holder, address=facts["address"], period=period, kopecks=kopecks
    )


def dial_facts(dial: Dial) -> dict[str, Any]:
    """A dial as the bill keeps it."""
    days = {
        "before_on": dial.before_on and dial.before_on.isoformat(),
        "now_on": dial.now_on and dial.now_on.isoformat(),
    }
    return {**vars(dial), **days}


def _dial(facts: Mapping[str, Any]) -> Dial:
    days = {name: date.fromisoformat(facts[name]) if facts[name] else None for name in ("before_on", "now_on")}
    now = tuple(facts["now"]) if facts["now"] is not None else None
    return Dial(**{**facts, **days, "before": tuple(facts["before"]), "now": now})
