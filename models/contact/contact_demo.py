"""Callbacks, news and outages of the demo, as if made in the last two months; into empty tables only."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from models import clock, company, workdays
from models.contact import callback_times, callbacks, calling, news
from models.contact.callbacks import CANCELLED, DONE, UNREACHED, WAITING, Callback
from models.contact.calling import CallbackTry
from models.contact.news import NewsChange, NewsItem
from models.contact.outages import live, places
from models.contact.outages import rows as outages
from models.contact.outages.rows import Outage, OutageChange
from models.metering.accounts import Account, Holding
from models.people.staff import Employee

_HOLIDAYS = """Офисы закрыты с 31 декабря по 8 января.

В праздники можно:
- передать показания в кабинете;
- заплатить картой;
- оставить обращение: срок ответа считается в рабочих днях."""
_BY_MAIL = """Счёт на электронную почту приходит в день, когда он рассчитан: бумажный идёт до недели.

Выбрать, как получать счета, можно в кабинете."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_LOOKED_BACK = 20  # days: longer than any holidays


def fill_demo() -> None:
    """Something on every page; nothing where there is something already."""
    employee = Employee.select().order_by(Employee.id).first()
    held = Account.select().join(Holding).where(Holding.until.is_null()).order_by(Holding.id).first()
    account = held or Account.select().order_by(Account.id).first()
    if employee is None or account is None:
        return
    if not Callback.select().exists():
        _callbacks(employee, account)
    if not NewsItem.select().exists():
        _news(employee, account)
    if not Outage.select().exists():
        _outages(employee, account)
    news.forget()
    live.forget()


def _callbacks(employee: Employee, account: Account) -> None:
    now, topics = clock.now(), list(company.current().reception.topics)
    soonest, last = callbacks.times()[0], callbacks.times()[-1]
    holding = Holding.get_or_none(Holding.account == account.id, Holding.until.is_null())
    waits = (
        ("+79135550141", "Светлана", *_worked(now), 0),
        ("+79135550142", "", clock.utc(soonest.begins), clock.utc(soonest.ends), 0),
        ("+79135550143", "Пётр Ильич", clock.utc(last.begins), clock.utc(last.ends), 1),
    )
    for place, (phone, name, begins, ends, tries) in enumerate(waits):
        asked = min(begins - 2 * _HOUR, now - _HOUR / 4)
        made = _callback(phone, topics[place % len(topics)], asked, name=name, begins_at=begins)
        Callback.update(ends_at=ends, tries=tries).where(Callback.id == made.id).execute()
        if tries:
            _try(made, employee, calling.NO_ANSWER, "", asked + _HOUR / 6, begins)
    ended = (
        (DONE, 4, calling.ANSWERED, "Объяснили, почему в счёте два тарифа: сменился норматив."),
        (UNREACHED, 17, calling.NO_ANSWER, ""),
        (CANCELLED, 33, "", ""),
        (DONE, 48, calling.ANSWERED, "Подсказали, как передать показания за два месяца."),
    )
    for place, (state, days, outcome, text) in enumerate(ended):
        at, _ends = _worked(now - days * _DAY)
        made = _callback(f"+7913555015{place}", topics[(place + 2) % len(topics)], at, begins_at=at, state=state)
        calls = 3 if state == UNREACHED else 1 if outcome else 0
        for number in range(calls):
            _try(made, employee, outcome, text, at + (number + 1) * _HOUR / 2, None)
        Callback.update(
            state_at=at + 2 * _HOUR, tries=3 if state == UNREACHED else 0,
            customer=holding.customer_id if holding and state == DONE else None, account=account.id if state == DONE else None,
        ).where(Callback.id == made.id).execute()  # fmt: skip


def _worked(before: datetime) -> tuple[datetime, datetime]:
    """The last two hours of calls that were over by a moment (all naive UTC)."""
    rules, exceptions = company.current().reception.callbacks, workdays.special()
    for ahead in range(_LOOKED_BACK):
        day = clock.local(before).date() - ahead * _DAY
        for span in reversed(callback_times.on(day, rules, exceptions)):
            ends = clock.utc(datetime.combine(day, span.ends))
            if ends <= before:
                return ends - 2 * _HOUR, ends
    return before - 2 * _HOUR, before


def _callback(
    phone: str, topic: str, at: datetime, *, begins_at: datetime, name: str = "", state: str = WAITING
) -> Callback:
    made: Callback = Callback.create(
        phone=phone, name=name, topic=topic, page="/", begins_at=begins_at, ends_at=begins_at + _HOUR, due_at=begins_at, state=state,
        state_at=at, created_at=at,
    )  # fmt: skip
    return made


def _try(made: Callback, employee: Employee, outcome: str, text: str, at: datetime, again: datetime | None) -> None:
    CallbackTry.create(callback=made.id, employee=employee.id, outcome=outcome, text=text, again_at=again, at=at)


def _news(employee: Employee, account: Account) -> None:
    today = clock.today()
    round_of = f"Обходим дома: {account.settlement}"
    written: tuple[tuple[str, str, int, int, list[str]], ...] = (
        ("Как мы работаем в новогодние праздники", _HOLIDAYS, -3, 45, []),
        ("Счета по почте приходят в день расчёта", _BY_MAIL, -20, 10, []),
        (
            "Меняем счётчики в многоквартирных домах",
            "Замена бесплатная, о дне визита предупредит мастер.",
            -40,
            -10,
            [],
        ),
        (round_of, "Контролёры сверят показания. Попросите показать удостоверение.", -5, 9, [account.settlement]),
    )
    for title, text, begins, until, settlements in written:
        at = clock.now() + (begins - 1) * _DAY
        item = NewsItem.create(
            title=title, text=text, settlements=settlements, offices=[], begins_on=today + begins * _DAY,
            until_on=today + until * _DAY, state=news.PUBLISHED, state_at=at, created_at=at, version=2,
        )  # fmt: skip
        for what in (news.DRAFTED, news.PUBLISHED):
            NewsChange.create(item=item.id, what=what, title=title, text=text, by=employee.subject, at=at)


def _outages(employee: Employee, account: Account) -> None:
    other = Account.select().where(Account.settlement != account.settlement).order_by(Account.id).first() or account
    for where, begins, hours, kind, reason, state in (
        (account, 2, 4, outages.PLANNED, "замена опор", outages.ANNOUNCED),
        (other, 3, 6, outages.PLANNED, "обрезка деревьев у линии", outages.MOVED),
        (other, -6, 3, outages.EMERGENCY, "повреждение кабеля", outages.ANNOUNCED),
        (account, -25, 5, outages.PLANNED, "ремонт подстанции", outages.CANCELLED),
    ):
        begins_at = clock.utc(datetime.combine(_day(begins), time(10)))
        _outage(employee, where, begins_at, begins_at + hours * _HOUR, kind, reason, state)


def _outage(
    employee: Employee, where: Account, begins_at: datetime, ends_at: datetime, kind: str, reason: str, state: str
) -> None:
    at = min(begins_at - 3 * _DAY, clock.now() - _HOUR)
    meant = places.parse(where.street, [where.street])
    same = (Account.settlement == where.settlement) & (Account.street == where.street) & Account.closed.is_null()
    made = Outage.create(
        settlement=where.settlement, places=places.stored(meant), kind=kind, reason=reason, begins_at=begins_at, ends_at=ends_at,
        state=state, state_at=at, accounts=Account.select().where(same).count(), created_at=at,
    )  # fmt: skip
    steps = [(outages.ANNOUNCED, reason), *([] if state == outages.ANNOUNCED else [(state, "по просьбе жителей")])]
    for what, text in steps:
        OutageChange.create(
            outage=made.id, what=what, begins_at=begins_at, ends_at=ends_at, text=text, by=employee.subject, at=at
        )


def _day(ahead: int) -> date:
    return clock.today() + ahead * _DAY
