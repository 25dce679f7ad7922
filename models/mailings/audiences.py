"""Whom a mailing is for: filters over accounts, and how many they are. Accounts are walked by id in parts, never counted through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from peewee import Expression, ModelSelect, fn

from models import clock, company, consents, words
from models.base import Refusal, pairs
from models.billing import delivery
from models.billing.ledger import Balance
from models.company import DWELLINGS
from models.company_consents import CUSTOMER, KINDS, PAYMENT
from models.company_letters import WAYS
from models.mailings import addressing, months
from models.metering.accounts import Account, Office
from models.metering.meters import Meter
from models.metering.readings import ACCEPTED, BILLED, HELD, Reading
from models.people.customers import subject

SPAN = 5_000  # ids looked through at once, however few of them are meant
MOST_MONTHS = 24
DWELLING_TITLES = {"urban": "городские квартиры", "stove": "с электроплитой", "rural": "сельские дома"}
WAY_TITLES = {"paper": "счета на бумаге", "email": "счета на почту", "both": "счета и на почту, и на бумаге"}
_TOWNS = 5  # named where one is not known


@dataclass(frozen=True)
class Filters:
    """What an account must be for the mailing; what is left empty asks for nothing."""

    office: str = ""  # its code
    settlement: str = ""  # as accounts have it
    service: str = ""  # its code
    dwelling: str = ""  # of company.DWELLINGS
    debt_from: int = 0  # kopecks owed in all, so many or more; 0: whether or not
    without_reading: bool = False  # a meter without a reading this month
    delivery: str = ""  # of company_letters.WAYS
    verification_months: int = 0  # a meter whose verification ends within so many months; 0: whether or not
    consent: str = ""  # the kind of a consent that stands for it

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Filters:
        """From what `packed` gave."""
        return cls(**given)

    def packed(self) -> dict[str, Any]:
        """For JSON: only what was chosen."""
        return {name: value for name, value in asdict(self).items() if value}

    def checked(self) -> Filters:
        """Itself. Refused: an office, service, dwelling, way or consent there is not, sums and months out of bounds."""
        rules = company.current()
        known = (
            ("office", lambda: Office.select().where(Office.code == self.office).exists()),
            ("settlement", lambda: _is_settlement(self.settlement)),
            ("service", lambda: self.service in rules.services),
            ("dwelling", lambda: self.dwelling in DWELLINGS),
            ("delivery", lambda: self.delivery in WAYS),
            (
                "consent",
                lambda: self.consent in rules.consents and self.consent != PAYMENT,
            ),  # that one is for a payment
        )
        for name, is_known in known:
            value = getattr(self, name)
            if value and ("\0" in value or not is_known()):
                raise Refusal(name, _no_such(name), f"audience.{name}")
        if not 0 <= self.debt_from <= 10**12:
            raise Refusal("debt_from", "Сумма долга: от нуля до 10 млрд ₽.", "audience.debt")
        if not 0 <= self.verification_months <= MOST_MONTHS:
            raise Refusal("verification_months", f"Месяцев до поверки: от 1 до {MOST_MONTHS}.", "audience.months")
        return self

    def told(self) -> list[tuple[str, str]]:
        """The filters in titled lines, for people; one line «все лицевые счета» where there are none."""
        office = Office.get_or_none(Office.code == self.office) if self.office else None
        rules = company.current()
        service = rules.services.get(self.service)
        consent = rules.consents.get(self.consent)
        lines = [
            ("Участок", office.name if office else self.office),
            ("Населённый пункт", self.settlement),
            ("Услуга", service.title if service else self.service),
            ("Жильё", DWELLING_TITLES.get(self.dwelling, self.dwelling)),
            ("Долг", f"от {words.rubles(self.debt_from)}" if self.debt_from else ""),
            ("Показания", "не переданы в этом месяце" if self.without_reading else ""),
            ("Доставка", WAY_TITLES.get(self.delivery, self.delivery)),
            ("Поверка", _within(self.verification_months) if self.verification_months else ""),
            ("Согласие", consent.title if consent else self.consent),
        ]
        return [line for line in lines if line[1]] or [("Кому", "все лицевые счета")]


def _is_settlement(name: str) -> bool:
    """Those with an office first: whether anybody at all lives in a place, the accounts know, but slowly."""
    return any(table.select().where(table.settlement == name).exists() for table in (Office, Account))


def _no_such(name: str) -> str:
    if name != "settlement":
        return "Такого нет: выберите из списка."
    towns = sorted({one.settlement for one in Office.select(Office.settlement)})[:_TOWNS]
    known = f": {', '.join(towns)}" if towns else ""
    return f"Такого населённого пункта нет. Пишите так же, как в адресах{known}."


FILTER_NAMES = tuple(field.name for field in fields(Filters))


@dataclass(frozen=True)
class Part:
    """Some of the accounts that are meant, in the order of their ids; `upto` is where the next part begins."""

    accounts: list[Any]  # with id, number, email, phone
    upto: int
    is_last: bool


def part(filters: Filters, after: int, most: int) -> Part:
    """The next accounts after an id: at most `most` of them, among at most SPAN ids."""
    first = Account.select(fn.MIN(Account.id)).where(Account.id > after).scalar()
    if first is None:
        return Part([], after, True)
    last = first + SPAN - 1
    query = Account.select(Account.id, Account.number).where(Account.id.between(first, last), *_meant(filters))
    rows: list[Any] = list(query.order_by(Account.id).limit(most).namedtuples())
    upto = rows[-1].id if len(rows) == most else last
    return Part(_sifted(rows, filters), upto, False)


def without_reading(day: date) -> Any:
    """An account with a meter that hangs on the day and has no reading of its month; one that is being checked counts as passed."""
    passed = Reading.select(Reading.id).where(
        Reading.meter == Meter.id, Reading.period == clock.period(day), Reading.state.in_((ACCEPTED, BILLED, HELD))
    )
    return fn.EXISTS(_hanging(day).where(~fn.EXISTS(passed)))


def _meant(filters: Filters) -> list[Any]:
    """The filters that the database answers for a span of ids, each by an index that begins with the account."""
    day = clock.today()
    asked: list[Any] = [Account.opened <= day, Account.closed.is_null() | (Account.closed >= day)]
    if filters.office:
        asked.append(Account.office == Office.select(Office.id).where(Office.code == filters.office))
    if filters.settlement:
        asked.append(Account.settlement == filters.settlement)
    if filters.service:
        asked.append(_has_service(filters.service))
    if filters.dwelling:
        asked.append(Account.dwelling == filters.dwelling)
    if filters.debt_from:
        owed = Balance.select(fn.SUM(Balance.amount)).where(Balance.account == Account.id, Balance.amount > 0)
        asked.append(owed >= filters.debt_from)
    if filters.without_reading:
        asked.append(without_reading(day))
    if filters.verification_months:
        last = months.later(day, filters.verification_months)
        asked.append(fn.EXISTS(_hanging(day).where(Meter.verification_due.between(day, last))))
    return asked


def _has_service(code: str) -> Expression:
    """The column holds codes with commas between."""
    column = Account.services
    inside = column.startswith(f"{code},") | column.endswith(f",{code}") | column.contains(f",{code},")
    return (column == code) | inside


def _hanging(day: date) -> ModelSelect[Any]:
    """The meters of the account that hang on the day."""
    is_there = (Meter.installed <= day) & (Meter.removed.is_null() | (Meter.removed > day))
    return Meter.select(Meter.id).where(Meter.account == Account.id, is_there)


def _sifted(accounts: list[Any], filters: Filters) -> list[Any]:
    """What lies in dated rows is asked for the part alone."""
    if filters.delivery and accounts:
        ways = chosen_ways([one.id for one in accounts])
        accounts = [one for one in accounts if ways.get(one.id, "paper") == filters.delivery]
    if filters.consent and accounts:
        agreed = _agreed(filters.consent, accounts)
        accounts = [one for one in accounts if one.id in agreed]
    return accounts


def _agreed(kind: str, accounts: list[Any]) -> set[int]:
    """The accounts for which the consent stands: given for the account, or by somebody who holds it for themselves."""
    standing = consents.standing(kind, [one.number for one in accounts])
    found = {one.id for one in accounts if one.number in standing}
    if KINDS[kind].about == CUSTOMER:
        people = addressing.holders([one.id for one in accounts])
        agreed = consents.standing_for(kind, {subject(one.id) for some in people.values() for one in some})
        found |= {account for account, some in people.items() if any(subject(one.id) in agreed for one in some)}
    return found


def chosen_ways(account_ids: list[int]) -> dict[int, str]:
    """How the bills come now, of those that ever chose."""
    own = delivery.DeliveryChoice
    rows = own.select(own.account, own.way).where(own.account.in_(account_ids)).order_by(own.id)
    return dict(pairs(rows))  # the last row of an account holds


def _within(count: int) -> str:
    return f"заканчивается в ближайшие {words.plural(count, 'месяц', 'месяца', 'месяцев')}"
