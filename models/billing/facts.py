"""What a chunk of accounts is billed from: meters, the month's readings, the last bill's carry, the ledger since; a query a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from models import periods
from models.base import pairs
from models.billing import ledger
from models.billing.bills import ISSUED, Bill
from models.billing.ledger import Entry
from models.metering.accounts import Account
from models.metering.meters import Meter
from models.metering.readings import COUNTED, Reading


class Followed(NamedTuple):
    """An entry of the ledger, and whether the last bill knew of it."""

    id: int
    account: int
    service: str
    kind: str
    amount: int
    day: date
    period: str | None
    is_new: bool


class Facts:
    """All of it for the accounts of one chunk."""

    def __init__(self, ids: list[int], period: str, before: str):
        self.period = period
        self.accounts = list(Account.select().where(Account.id.in_(ids)).order_by(Account.id).namedtuples())
        self.meters = _grouped(
            Meter.select().where(Meter.account.in_(ids)).order_by(Meter.installed, Meter.id), "account"
        )
        reading = Reading.select(
            Reading.account,
            Reading.meter.alias("meter_id"),
            Reading.period,
            Reading.taken,
            Reading.t1,
            Reading.t2,
            Reading.t3,
        ).where(Reading.state.in_(COUNTED))
        self._reading = reading.order_by(Reading.taken, Reading.id)
        self.readings = _grouped(self._reading.where(Reading.account.in_(ids), Reading.period == period), "account")
        rows = Bill.select(Bill.account, Bill.carry).where(
            Bill.account.in_(ids), Bill.period == before, Bill.state == ISSUED
        )
        self.carry: dict[int, Any] = dict(pairs(rows))
        self.entries, self.last_entry = self._entries(ids)

    def history(self, account_id: int) -> list[Any]:
        """All counted readings of an account that is billed for the first time."""
        return list(self._reading.where(Reading.account == account_id).namedtuples())

    def _entries(self, ids: list[int]) -> tuple[dict[int, list[Any]], dict[int, int]]:
        """The entries that the last bill has not followed; all of an account's where some became known late."""
        first = periods.first_day(self.period)
        columns = (Entry.id, Entry.account, Entry.service, Entry.kind, Entry.amount, Entry.day, Entry.period)
        query = Entry.select(*columns).order_by(Entry.day, Entry.id)
        seen = {account: carry.get("entry", 0) for account, carry in self.carry.items()}
        floor = min(seen.values(), default=0)
        recent = query.where(Entry.account.in_(ids), (Entry.day >= first) | (Entry.id > floor))
        found: dict[int, list[Any]] = {}
        last: dict[int, int] = {}
        whole = set(ids) - set(seen)
        for one in self._followed(recent, seen):
            found.setdefault(one.account, []).append(one)
            last[one.account] = max(last.get(one.account, 0), one.id)
            if one.is_new and one.day < first and one.kind not in ledger.BILLED:
                whole.add(one.account)
        if whole:
            found.update({account: [] for account in whole})
            for one in self._followed(query.where(Entry.account.in_(list(whole))), seen):
                found[one.account].append(one)
                last[one.account] = max(last.get(one.account, 0), one.id)
        for account, entry in seen.items():
            last[account] = max(entry, last.get(account, 0))
        return found, last

    @staticmethod
    def _followed(query: Any, seen: Mapping[int, int]) -> Iterator[Followed]:
        for entry, account, service, kind, amount, day, period in query.tuples():
            yield Followed(entry, account, service, kind, amount, day, period, entry > seen.get(account, 0))


def _grouped(query: Any, name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in query.namedtuples():
        found.setdefault(getattr(row, name), []).append(row)
    return found
