"""Drawing one account's bill for one month: charges, penalties, what was paid, how each service stands; nothing is stored here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import PeeweeException

from models import company, periods, workdays
from models.base import Refusal
from models.billing import assess, bills, ledger, penalties
from models.billing.assess import Assessed, Home, Rules
from models.billing.bills import FAILED, HELD, ISSUED
from models.billing.charges import SCALE
from models.billing.facts import Facts, Followed
from models.billing.ledger import CHARGE, New
from models.billing.penalties import Debt
from models.billing.shown import FIXED, PENALTY, RECALCULATION, USE, Line, Service
from models.billing.tariffs import Tariffs
from models.metering import norms
from models.metering.accounts import Office, full_address

log = logging.getLogger("kabinet.billing")
_KINDS = {USE: CHARGE, FIXED: CHARGE, RECALCULATION: ledger.RECALCULATION, PENALTY: ledger.PENALTY}
_MEAN = 12  # months that «usual» is the mean of
_ENOUGH = 3  # months that tell what is usual


class Draft(NamedTuple):
    """A bill before it is stored: the row, and its lines."""

    row: dict[str, Any]
    lines: list[Line]


class Clerk:
    """Draws the bills of one period; what is the same for all accounts is loaded once."""

    def __init__(self, period: str, issued_on: date):
        self.issued_on = issued_on
        self.period, self.before = period, periods.shift(period, -1)
        self.rules = Rules(company.current(), Tariffs.load(), norms.all_of(), penalties.load())
        self.days_off = workdays.special()
        self.due = bills.due_on(period, self.days_off)
        self.dues: dict[str, date] = {}
        self.offices = {row.id: row.code for row in Office.select(Office.id, Office.code)}
        self.penalties = {
            code: penalties.of_service(self.rules.penalties, code) for code in self.rules.company.services
        }

    def draw(self, account: Any, facts: Facts, before: str | None) -> Draft | None:
        """The account's bill: to be issued, held, or failed with the reason; None where there is nothing to tell.

        `before` is the state of the last month's bill.
        """
        try:
            if before in (HELD, FAILED):
                raise Refusal(
                    None,
                    f"Счёт за {self.before} не выставлен: сначала bill {self.before} --issue или --redo.",
                    "billing.order",
                )
            if before is None and account.id in facts.billed_earlier and home_of(account).days(self.before):
                raise Refusal(None, f"Счёта за {self.before} нет: сначала bill {self.before}.", "billing.order")
            return self._drawn(account, facts)
        except Refusal as refusal:
            reason = refusal.text
        except PeeweeException:
            raise  # the transaction is lost with it
        except Exception:  # one account's fault must not keep all others from their bills
            log.exception("bill of account %s for %s", account.id, self.period)
            reason = "Внутренняя ошибка: она в журнале сервера под номером счёта."
        return Draft({**self._row(account), "state": FAILED, "reason": reason[:250]}, [])

    def imported(self, account: Any, facts: Facts, lines: Sequence[Line]) -> Draft:
        """A bill whose lines somebody else has worked out; how the services stand is the ledger's to say."""
        home = home_of(account)
        carry = facts.carry.get(account.id) or {"debts": {}}
        codes = assess.services_of(home, facts.meters.get(account.id, ()), self.rules.company)
        known = [*codes, *(line.service for line in lines)]
        services, debts, _ = self._stood(account.id, known, carry["debts"], lines, facts, is_imported=True)
        row = {
            **self._row(account), "issued_on": self.issued_on, "charged": sum(one.charged for one in services),
            "recalculated": sum(one.recalculated for one in services), "penalty": sum(one.penalty for one in services),
            "total": sum(one.closing for one in services),
            "volume": sum(line.quantity for line in lines if line.kind == USE and line.service == self._metered(codes)) // SCALE,
            "basis": next((line.basis for line in lines if line.kind == USE), ""),
            "facts": self._facts(account, home, Assessed(), services),
            "carry": {"debts": debts, "entry": facts.last_entry},
        }  # fmt: skip
        return Draft(row, list(lines))

    def _metered(self, codes: Sequence[str]) -> str:
        """The first metered service: what the chart of volumes is about."""
        return next((code for code in codes if self.rules.company.services[code].metered), "")

    def _drawn(self, account: Any, facts: Facts) -> Draft | None:
        home = home_of(account)
        meters, readings = facts.meters.get(account.id, ()), facts.readings.get(account.id, ())
        carry = facts.carry.get(account.id)
        if carry is None or "months" not in carry:  # the first bill, or the first after another system's
            earlier = [one for one in facts.history(account.id) if one.period < self.period]
            carry = {
                "debts": {},
                "usual": [],
                **(carry or {}),
                "months": assess.baseline(home, meters, earlier, self.before, self.rules),
            }
        found = assess.month(home, self.period, meters, readings, carry["months"], self.rules)
        codes = assess.services_of(home, meters, self.rules.company)
        services, debts, lines = self._stood(account.id, codes, carry["debts"], found.lines, facts)
        charged = sum(one.charged for one in services)
        changed = sum(one.recalculated for one in services)
        carry = {
            "months": found.state,
            "debts": debts,
            "usual": [*carry["usual"], charged][-_MEAN:],
            "entry": facts.last_entry,
        }
        row = {
            **self._row(account), "state": ISSUED, "charged": charged, "recalculated": changed,
            "penalty": sum(one.penalty for one in services), "total": sum(one.closing for one in services),
            "volume": found.volume, "basis": found.basis, "carry": carry,
            "facts": self._facts(account, home, found, services),
        }  # fmt: skip
        is_open = home.days(self.period) is not None
        if not is_open and not lines and all(one.closing <= 0 for one in services):
            return None  # closed and settled
        if reason := self._oddness(carry["usual"][:-1], services) if is_open else "":
            row |= {"state": HELD, "reason": reason}
        else:
            row["issued_on"] = self.issued_on
        return Draft(row, lines)

    def _stood(
        self, account_id: int, codes: Sequence[str], before: Mapping[str, Any], lines: Sequence[Line], facts: Facts,
        *, is_imported: bool = False,
    ) -> tuple[list[Service], dict[str, Any], list[Line]]:  # fmt: skip
        """How each service stands after the period, its debt for the next one, and the lines with penalties (imported have theirs)."""
        entries = facts.entries.get(account_id, ())
        services, debts, all_lines = [], {}, []
        for code in _with_money(codes, before, entries):
            own = [line for line in lines if line.service == code]
            debt = self._debt(before.get(code), [one for one in entries if one.service == code], code, facts.dues)
            fine = None if is_imported else assess.penalty(code, debt, self.period)
            own += [fine] if fine else []
            services.append(self._settled(code, debt, own, self._opening(code, before.get(code), entries)))
            debts[code] = {**debt.state(), "balance": services[-1].closing}
            all_lines += own
        return services, debts, all_lines

    def _opening(self, code: str, state: Mapping[str, Any] | None, entries: Sequence[Any]) -> int:
        """What was owed when the period began: as the last bill had it, or as the ledger has it before the first one."""
        if state is not None:
            return int(state["balance"])
        first = periods.first_day(self.period)
        return sum(one.amount for one in entries if one.service == code and one.day < first)

    def _debt(
        self,
        state: Mapping[str, Any] | None,
        entries: Sequence[Followed],
        code: str,
        dues: Mapping[tuple[int, str], date],
    ) -> Debt:
        """The debt as of the period's end. What became known late is followed from the very beginning.

        `dues` are the last days to pay of bills issued before, by account and period.
        """
        last, rules = periods.last_day(self.period), self.penalties.get(code, [])
        since = date.fromisoformat(state["day"]) if state and state["day"] else date.min
        late = any(one.day <= since and one.is_new and one.kind not in ledger.BILLED for one in entries)
        debt = Debt(rules, None if late else state)
        # Of one day the payments first: so it was when that month was billed.
        for one in sorted(entries, key=lambda one: (one.day, one.kind in ledger.BILLED, one.id)):
            if one.day <= last and (late or (one.day > since and one.kind not in ledger.BILLED) or state is None):
                period = one.period or f"{one.day:%Y-%m}"
                _follow(debt, one, period, dues.get((one.account, period)) or self._due(period))
        debt.until(last)
        return debt

    def _due(self, period: str) -> date:
        if period not in self.dues:
            self.dues[period] = bills.due_on(period, self.days_off)
        return self.dues[period]

    def _settled(self, code: str, debt: Debt, lines: Sequence[Line], opening: int) -> Service:
        """How a service stands after the period; the debt takes the new charges."""
        last = periods.last_day(self.period)
        sums = {kind: sum(line.amount for line in lines if line.kind == kind) for kind in _KINDS}
        before = debt.balance
        debt.charge(last, self.period, self.due, sums[USE] + sums[FIXED])
        for line in lines:
            if line.kind == RECALCULATION:
                _recalculate(debt, last, self.period, self.due, line.amount, line.about)
        debt.penalize(last, sums[PENALTY])
        service = self.rules.company.services[code]
        return Service(
            code, service.title, service.unit, opening, opening - before, sums[USE] + sums[FIXED], sums[RECALCULATION],
            sums[PENALTY], debt.balance, debt.pot,
        )  # fmt: skip

    def _row(self, account: Any) -> dict[str, Any]:
        return {
            "account": account.id, "period": self.period, "number": bills.number_of(account.number, self.period), "state": ISSUED,
            "reason": "", "issued_on": None, "due_on": self.due, "charged": 0, "recalculated": 0, "penalty": 0, "total": 0, "volume": 0,
            "basis": "", "facts": {}, "carry": {},
        }  # fmt: skip

    def _facts(self, account: Any, home: Home, found: Assessed, services: Sequence[Service]) -> dict[str, Any]:
        """What the bill shows of the account as it is now: a bill does not change with its owner's name."""
        first = periods.first_day(self.period)
        said = []
        for service in services:
            norm = norms.on(self.rules.norms, service.code, home.dwelling, first)
            if norm:
                said.append(f"{service.title}: {norm.words(service.unit)}")
        return {
            "name": [account.last_name, account.first_name, account.middle_name],
            "address": full_address(account),
            "persons": account.persons,
            "area": account.area,
            "dwelling": account.dwelling,
            "services": [dict(vars(service)) for service in services],
            "dials": [bills.dial_facts(dial) for dial in found.dials],
            "norms": said,
            "route": [
                self.offices.get(account.office, ""),
                account.settlement,
                account.street,
                account.house,
                account.flat,
            ],
        }

    def _oddness(self, usual: Sequence[int], services: Sequence[Service]) -> str:
        """Why somebody should look before the bill goes out; empty: nothing strange."""
        limits = self.rules.company.billing
        charged = sum(one.charged for one in services)
        for one in services:
            if one.charged + one.recalculated < 0:
                return f"{one.title}: меньше нуля, перерасчёт больше начисленного"
        if len(usual) < _ENOUGH:  # nothing is known of what is usual: only what no household uses
            return "слишком много для первых счетов" if charged > limits.floor * limits.times**2 else ""
        mean = sum(usual) // len(usual)
        if mean >= limits.floor and not charged:
            return "ноль, хотя обычно начисления есть"
        if mean and charged > max(limits.floor, mean * limits.times):
            return f"больше обычного в {charged // mean} раз"
        return "много, хотя обычно ничего" if not mean and charged > limits.floor * limits.times else ""


def entries(account_id: int, period: str, lines: Sequence[Line]) -> list[New]:
    """One entry a service and kind of line; a recalculation has one for each month it is about."""
    sums: dict[tuple[str, str, str], int] = {}
    for line in lines:
        key = (line.service, _KINDS[line.kind], line.about)
        sums[key] = sums.get(key, 0) + line.amount
    last = periods.last_day(period)
    return [
        New(account_id, service, kind, amount, last, f"bill:{account_id}:{period}:{service}:{kind}:{about}", period)
        for (service, kind, about), amount in sums.items()
        if amount
    ]


def _follow(debt: Debt, entry: Followed, period: str, due: date) -> None:
    if entry.kind == ledger.PENALTY:
        debt.penalize(entry.day, entry.amount)
    elif entry.kind in (ledger.PAYMENT, ledger.REFUND):
        debt.pay(entry.day, -entry.amount, entry.period)
    elif entry.kind == ledger.RECALCULATION:
        _recalculate(debt, entry.day, period, due, entry.amount, entry.source.rpartition(":")[2])
    else:
        debt.charge(entry.day, period, due, entry.amount)


def _recalculate(debt: Debt, day: date, period: str, due: date, amount: int, about: str) -> None:
    """More is owed with the bill that says so; less settles the month that was charged too much."""
    if amount < 0:
        debt.pay(day, -amount, about or None)
    else:
        debt.charge(day, period, due, amount)


def home_of(account: Any) -> Home:
    return Home(
        tuple(account.services.split(",")),
        account.dwelling,
        account.persons,
        account.area,
        account.opened,
        account.closed,
    )


def _with_money(codes: Sequence[str], debts: Mapping[str, Any], entries: Sequence[Any]) -> list[str]:
    """The account's services, and others for which something was once owed or paid."""
    others = {*debts, *(one.service for one in entries)} - set(codes)
    return [*dict.fromkeys(codes), *sorted(others & set(company.current().services))]
