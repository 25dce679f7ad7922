"""What a chunk of accounts is billed from: meters, the month's readings, the last bill's carry, the ledger since; a query a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from peewee import fn

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
    source: str
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
        earlier = Bill.select(Bill.account).where(Bill.account.in_(ids), Bill.period < before)
        self.billed_earlier = {bill.account_id for bill in earlier.distinct()}
        self.dues: dict[tuple[int, str], date] = {}  # of the bills of accounts that are followed from the beginning
        self.entries = self._entries(ids)
        # Whatever is posted to these accounts from now on has a higher number: they are held.
        self.last_entry = int(Entry.select(fn.MAX(Entry.id)).scalar() or 0)

    def history(self, account_id: int) -> list[Any]:
        """All counted readings of an account that is billed for the first time."""
        return list(self._reading.where(Reading.account == account_id).namedtuples())

    def _entries(self, ids: list[int]) -> dict[int, list[Followed]]:
        """The entries that the last bill has not followed; all of an account's where some became known late."""
        first = periods.first_day(self.period)
        columns = (
            Entry.id,
            Entry.account,
            Entry.service,
            Entry.kind,
            Entry.amount,
            Entry.day,
            Entry.period,
            Entry.source,
        )
        query = Entry.select(*columns).order_by(Entry.day, Entry.id)
        seen = {account: carry.get("entry", 0) for account, carry in self.carry.items()}
        known = list(seen)
        # Two reads, an index each: the month's, and what was posted since; never the whole history.
        recent = [*self._followed(query.where(Entry.account.in_(known), Entry.day >= first), seen)] if known else []
        since = query.where(Entry.account.in_(known), Entry.id > min(seen.values(), default=0))
        since = since.where(Entry.day < first, Entry.kind.not_in(ledger.BILLED))
        late = [one for one in self._followed(since, seen) if one.is_new] if known else []
        whole = {one.account for one in late} | (set(ids) - set(seen))
        found: dict[int, list[Followed]] = {}
        for one in recent:
            if one.account not in whole:
                found.setdefault(one.account, []).append(one)
        if whole:
            for one in self._followed(query.where(Entry.account.in_(list(whole))), seen):
                found.setdefault(one.account, []).append(one)
            dues = Bill.select(Bill.account, Bill.period, Bill.due_on).where(Bill.account.in_(list(whole)))
            rows: Any = dues.tuples()
            self.dues = {(account, month): day for account, month, day in rows}
        return found

    @staticmethod
    def _followed(query: Any, seen: Mapping[int, int]) -> Iterator[Followed]:
        for entry, account, service, kind, amount, day, period, source in query.tuples():
            is_new = entry > seen.get(account, 0)
            yield Followed(entry, account, service, kind, amount, day, period, source, is_new)


def _grouped(query: Any, name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in query.namedtuples():
        found.setdefault(getattr(row, name), []).append(row)
    return found
