"""The customer's card: opened for a reason by an employee, for half an hour, and everything about the account on it.

Each opening is a row and an audit row: whose personal data were looked at, by whom, and why (152-ФЗ art. 18.1, 19).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from peewee import JOIN, CharField, DateTimeField, ForeignKeyField, ModelSelect, Value, fn

from models import audit, clock, limits
from models.audit import AuditRow
from models.base import Problem, Refusal, Row, compiled, database, param
from models.billing import delivery, owed, payments
from models.billing.owed import Owed
from models.consents import Consent
from models.contact.appeals.rows import Appeal
from models.contact.callbacks import Callback
from models.metering import standings
from models.metering.accounts import Account, Holding, Office
from models.metering.history import Line, Past
from models.metering.orders import listing as orders
from models.metering.standings import Standing
from models.office import audit_log, consent_list, deeds
from models.outbox import Message
from models.people import customers
from models.people.customers import Customer
from models.people.sessions import IDLE, Session
from models.people.staff import Employee, subject

REASONS = {
    "call": "звонок",
    "visit": "визит",
    "appeal": "обращение",
    "readings": "проверка показаний",
    "debt": "работа с долгом",
    "other": "другое",
}
LASTS = timedelta(minutes=30)
MONTHS = 12  # of readings, payments and the chart
LONGEST_NOTE = 200
SHOWN_LETTERS, SHOWN_DEEDS, SHOWN_APPEALS = 12, 20, 12
_TOLD = ("reason", "note", "what", "channel", "kopecks", "count", "on_behalf")  # of an audit row's detail
MOST_SEARCHES, MOST_OPENINGS, PER = 600, 200, 3600  # of one employee in so many seconds
NOTED_SEARCHES = 100  # in an hour: from there on somebody may ask what for
_TOO_MANY = "Слишком много {} за час. Подождите немного; если работы правда столько, скажите администратору."


class Opening(Row):
    """An employee opened an account's card."""

    employee = ForeignKeyField(Employee, on_delete="RESTRICT")
    account = ForeignKeyField(Account, on_delete="CASCADE")
    reason = CharField()
    note = CharField(default="", max_length=LONGEST_NOTE)
    at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("employee", "account", "at"), False),)


class Deed(NamedTuple):
    """A row of the audit log in words."""

    at: datetime
    who: str
    title: str
    detail: list[tuple[str, str]]


@dataclass(frozen=True)
class Card:
    """An account as its card shows it. `account` is the row of `present`: the account, its office, the opening."""

    account: Any
    owed: Owed
    payments: list[Any]
    past: Past
    standings: list[Standing]  # of the meters that work now
    lines: list[Line]  # readings of the last months, the newest first
    holders: list[Any]
    consents: list[Consent]
    delivery: list[Any]  # how bills come, the newest choice first; none: on paper
    letters: list[Any]
    deeds: list[Deed]
    appeals: list[Appeal]  # about the account, as the orders and the calls: the newest first
    orders: list[Any]
    calls: list[Callback]

    @property
    def held(self) -> list[Line]:
        """Readings that wait for a decision."""
        return [line for line in self.lines if line.reading.state == "held"]

    @property
    def unsettled(self) -> list[Any]:
        """Payments whose end is not known."""
        return [one for one in self.payments if one.state in (*payments.OPEN, payments.DISPUTED)]


def count_search(employee_id: int) -> None:
    """One more search of this employee; many in an hour are noted, and past what anybody's work needs they are refused."""
    count = limits.hit("staff.search", str(employee_id), PER)
    if count == NOTED_SEARCHES:
        audit.record("customers.searched_much", subject(employee_id), count=count)
    if count > MOST_SEARCHES:
        raise Refusal(None, _TOO_MANY.format("поисков"), "limit.staff.search")


def open_card(employee_id: int, number: str, reason: str, note: str = "") -> None:
    """Open the card of the account for half an hour. Refused: no such account, no reason, «другое» without a word why."""
    note = " ".join(note.split())
    account = Account.get_or_none(Account.number == number) if "\0" not in number else None
    problems = reason_problems(reason, note)
    if account is None:
        text = "Выберите лицевой счёт: нажмите «Открыть» в его строке."
        problems.insert(0, Problem("number", text, "card.account"))
    if problems:
        raise Refusal(problems=problems)
    count_opening(employee_id)
    with database.atomic():
        Opening.create(employee=employee_id, account=account, reason=reason, note=note, at=clock.now())
        audit.record("card.opened", f"account:{number}", reason=said(reason, note))


def reason_problems(reason: str, note: str) -> list[Problem]:
    """What is wrong with a reason to look at personal data: none, «другое» without a word why, too many words."""
    problems = []
    if reason not in REASONS:
        problems.append(Problem("reason", "Выберите, зачем открываете карточку.", "card.reason"))
    elif reason == "other" and len(note) < 3:
        problems.append(Problem("note", "Напишите, зачем открываете карточку: это останется в журнале.", "card.note"))
    if len(note) > LONGEST_NOTE:
        problems.append(Problem("note", f"Короче, пожалуйста: до {LONGEST_NOTE} знаков.", "card.note"))
    return problems


def count_opening(employee_id: int) -> None:
    """One more look at somebody's data by this employee; refused past what anybody's work needs."""
    limits.spend("staff.card", str(employee_id), MOST_OPENINGS, PER, _TOO_MANY.format("карточек"))


@compiled
def _present() -> ModelSelect[Any]:
    return (
        Opening.select(
            *Account._meta.sorted_fields, Office.name.alias("office_name"), Opening.reason, Opening.note,
            Opening.at.alias("opened_at"),
        )
        .join(Account)
        .join(Office, JOIN.LEFT_OUTER)
        .where(Opening.employee == param("employee"), Account.number == param("number"), Opening.at > param("since"))
        .order_by(Opening.at.desc(), Opening.id.desc())
        .limit(1)
    )  # fmt: skip


def present(employee_id: int, number: str) -> Any | None:
    """The account whose card this employee has opened within the last half hour, with the opening; else None."""
    return _present.first(employee=employee_id, number=number.replace("\0", ""), since=clock.now() - LASTS)


def last_reason(employee_id: int) -> str:
    """The reason this employee gave last: rather often the next one's too. '' at first, and never «другое»."""
    own = Opening.select(Opening.reason).where(Opening.employee == employee_id)
    reason = own.order_by(Opening.id.desc()).limit(1).scalar()
    return "" if reason in (None, "other") else str(reason)


def why(account: Any) -> str:
    """The reason of the present opening in words."""
    return said(account.reason, account.note)


def load(account: Any, today: date) -> Card:
    """Everything about the account, in fourteen queries."""
    past = Past(account, today)
    since = clock.utc(datetime.combine(today - timedelta(days=366), time()))
    paid = payments.of_account(account=account.id, since=since, until=clock.now() + timedelta(days=1))
    holders = holders_of(account.id)
    subjects = [f"account:{account.number}", *(f"payment:{one.number}" for one in paid)]
    people = {customers.subject(one.id): one.name or one.email for one in holders}
    return Card(
        account=account,
        owed=owed.now(account.id),
        payments=paid,
        past=past,
        standings=standings.of_account(account.id, today, past.readings, past.meters),
        lines=past.lines(past.periods[-MONTHS:][0], past.last_period),
        holders=holders,
        consents=consent_list.about(account.number, list(people)),
        delivery=delivery.history(account=account.id),
        letters=_letters(
            [account.email, account.phone, *(one.email for one in holders), *(one.phone for one in holders)]
        ),
        deeds=_deeds([*subjects, *people], people),
        appeals=_newest(Appeal, account.id),
        orders=orders.of_account(account=account.id),
        calls=_newest(Callback, account.id),
    )


def said(reason: str, note: str) -> str:
    """The reason in words."""
    return f"{REASONS[reason]}: {note}" if note else REASONS[reason]


def holders_of(account_id: int) -> list[Any]:
    """Whoever holds the account now, with their last visit and how many devices are signed in."""
    live = Session.ended_at.is_null() & (Session.seen_at > clock.now() - IDLE)
    query: Any = (
        Holding.select(
            Customer.id, Customer.name, Customer.email, Customer.phone, Holding.since, fn.MAX(Session.seen_at).alias("seen_at"),
            fn.COUNT(Session.id).filter(live).alias("devices"),
        )
        .join(Customer)
        .join(Session, JOIN.LEFT_OUTER, on=Session.customer == Customer.id)
        .where(Holding.account == account_id, Holding.until.is_null())
        .group_by(Customer.id, Customer.name, Customer.email, Customer.phone, Holding.id, Holding.since)
        .order_by(Holding.id)
    )  # fmt: skip
    return list(query.namedtuples())


def _letters(contacts: list[str]) -> list[Any]:
    """What was sent lately to these addresses; never what is secret in it."""
    query: Any = (
        Message.select(
            Message.id, Message.kind, Message.to, Message.letter, Message.data, Message.state, Message.created_at
        )
        .where(Message.to.in_(sorted({one for one in contacts if one})))
        .order_by(Message.id.desc())
        .limit(SHOWN_LETTERS)
    )
    return list(query.namedtuples())


def _newest(table: Any, account_id: int) -> list[Any]:
    own = table.select().where(table.account == account_id)
    return list(own.order_by(table.id.desc()).limit(SHOWN_APPEALS))


def _deeds(subjects: list[str], people: dict[str, str]) -> list[Deed]:
    """The audit log of the account, its payments and its holders, the newest first."""
    query: Any = (
        AuditRow.select(AuditRow.at, AuditRow.who, AuditRow.deed, AuditRow.detail, Employee.name)
        .join(Employee, JOIN.LEFT_OUTER, on=AuditRow.who == Value("staff:").concat(Employee.id.cast("TEXT")))
        .where(AuditRow.subject.in_(subjects))
        .order_by(AuditRow.at.desc(), AuditRow.id.desc())
        .limit(SHOWN_DEEDS)
    )
    names = {**deeds.ACTORS, **people}
    return [_deed(row, names) for row in query.namedtuples()]


def _deed(row: Any, names: dict[str, str]) -> Deed:
    told = {key: value for key, value in row.detail.items() if key in _TOLD}
    return Deed(
        row.at, row.name or names.get(row.who, row.who), deeds.title(row.deed), audit_log.told_detail(told, names)
    )
