"""Who of an audience gets a mailing's letter, where, with which data; and who does not, and why. Reads only."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from models import clock, company
from models.billing import delivery, e_receipts
from models.billing.bills import ISSUED, Bill
from models.company_consents import CHARGES_NEWS
from models.mailings import audiences, debts, months, texts
from models.mailings.addressing import PAPER, SENT_BEFORE, SUSPENDED, Planned, officially, to_holders, without_the_gone
from models.mailings.audiences import Filters
from models.metering import windows
from models.metering.meters import Meter, is_active
from models.outbox.messages import EMAIL, PAUSED, SENDING, SENT, WAITING, Message
from models.people import wishes

CHUNK = 500  # accounts at once
_ON_ITS_WAY = (WAITING, SENDING, PAUSED, SENT)
ENOUGH = 0.5  # seconds that a count may take while somebody waits for it


@dataclass(frozen=True)
class Count:
    """How many letters a mailing would write now, and how many it would leave out by reason. Not exact: at least so many."""

    letters: int
    left_out: Mapping[str, int]
    is_exact: bool


def narrowed(letter: str, data: Mapping[str, Any], filters: Filters) -> Filters:
    """The filters with what the letter itself asks of an account, as far as the database can answer that for all."""
    rules = company.current().letters
    if letter == texts.WINDOW:
        return replace(filters, without_reading=True)
    if letter == texts.DEBT:
        return replace(filters, debt_from=max(filters.debt_from, rules.debt_from))
    if letter == texts.VERIFICATION:
        furthest = max(rules.verification_months, default=6) + (
            "marks" in data
        )  # a mark of a longer month lies a few days off
        return replace(filters, verification_months=filters.verification_months or furthest)
    return filters


def plan(letter: str, data: Mapping[str, Any], asked: Filters, accounts: Sequence[Any]) -> list[Planned]:
    """The letters to these accounts in their order, those that are not written among them.

    `asked` are filters that `narrowed` gave; accounts have id and number.
    """
    found = _PLANS[letter](data, asked, accounts) if accounts else []
    return without_the_gone(found)


def is_anybody(letter: str, data: Mapping[str, Any], filters: Filters) -> bool:
    """Whether the letter would meet anybody at all, be it to leave them out: walks the audience to the first one."""
    asked, after = narrowed(letter, data, filters), 0
    while True:
        part = audiences.part(asked, after, CHUNK)
        if plan(letter, data, asked, part.accounts):
            return True
        if part.is_last:
            return False
        after = part.upto


def count(letter: str, data: Mapping[str, Any], filters: Filters, *, seconds: float = ENOUGH, most: int = 0) -> Count:
    """How many letters there would be now: walks the audience for so many seconds, or until there are `most` letters."""
    asked, until = narrowed(letter, data, filters), time.monotonic() + seconds
    letters, left_out, after = 0, Counter[str](), 0
    met: set[int] = set()
    while True:
        part = audiences.part(asked, after, CHUNK)
        for one in plan(letter, data, asked, part.accounts):
            if letter == texts.NEWS and one.customer and one.customer in met:
                continue
            met.add(one.customer)
            letters += not one.excluded
            left_out.update([one.excluded] if one.excluded else [])
        if part.is_last:
            return Count(letters, dict(left_out), True)
        if time.monotonic() > until or 0 < most <= letters:
            return Count(letters, dict(left_out), False)
        after = part.upto


# ---- the letters


def _window(_: Mapping[str, Any], _asked: Filters, accounts: Sequence[Any]) -> list[Planned]:
    """Everybody who holds an account without a reading this month: they may all pass it."""
    period = clock.period()
    last = windows.days_open(company.current().window("web"), period)[1].isoformat()
    told = {one.id: {"account": one.number, "period": period, "last_day": last} for one in accounts}
    return to_holders(accounts, told, wishes.REMINDERS)


def _news(data: Mapping[str, Any], _asked: Filters, accounts: Sequence[Any]) -> list[Planned]:
    """Each customer once, however many of the accounts they hold."""
    told = {"title": data["title"], "text": data["text"]}
    seen: set[int] = set()
    found = []
    for one in to_holders(accounts, {account.id: told for account in accounts}, wishes.NEWS):
        if not one.customer or one.customer not in seen:
            found.append(one)
        seen.add(one.customer)
    return found


def _debt(_: Mapping[str, Any], asked: Filters, accounts: Sequence[Any]) -> list[Planned]:
    day = clock.today()
    owed = debts.past_due([one.id for one in accounts], day)
    told = {
        one.id: [("", {"account": one.number, "kopecks": debt.kopecks, "months": debt.months, "day": day.isoformat()})]
        for one in accounts
        if (debt := owed.get(one.id)) and debt.kopecks >= asked.debt_from
    }
    return officially(accounts, told, with_news=CHARGES_NEWS in company.current().consents)


def _verification(data: Mapping[str, Any], asked: Filters, accounts: Sequence[Any]) -> list[Planned]:
    """One letter a meter whose verification ends soon; of a regular mailing only those whose mark lies in its days."""
    day = clock.today()
    last = months.later(day, asked.verification_months)
    query: Any = Meter.select().where(
        Meter.account.in_([one.id for one in accounts]), Meter.verification_due.between(day, last)
    )
    numbers = {one.id: one.number for one in accounts}
    told: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for meter in query.order_by(Meter.account, Meter.id):
        left = _months_before(meter.verification_due, day, data) if is_active(meter, day) else None
        if left is not None:
            until = meter.verification_due.isoformat()
            facts = {"account": numbers[meter.account_id], "serial": meter.serial, "until": until, "months": left}
            told.setdefault(meter.account_id, []).append((meter.serial, facts))
    return officially(accounts, told, with_news=False)


def _receipt(data: Mapping[str, Any], _asked: Filters, accounts: Sequence[Any]) -> list[Planned]:
    """The bills of a month to those whose bills come by e-mail; one that was sent is sent again only when that is asked for."""
    ids = [one.id for one in accounts]
    query: Any = Bill.select(Bill.id, Bill.account, Bill.total, Bill.due_on).where(
        Bill.account.in_(ids), Bill.period == data["period"], Bill.state == ISSUED
    )
    bills = {row.account: row for row in query.namedtuples()}
    readers, ways = delivery.receivers(ids), audiences.chosen_ways(ids)
    found = []
    for one in accounts:
        if not (bill := bills.get(one.id)):
            continue
        reader = readers.get(one.id)
        if reader is None:
            reason = SUSPENDED if ways.get(one.id) in delivery.BY_EMAIL else PAPER
            found.append(Planned(one.id, one.number, excluded=reason))
            continue
        told = {
            "account": one.number,
            "period": data["period"],
            "kopecks": max(bill.total, 0),
            "due": bill.due_on.isoformat(),
        }
        own = "" if data.get("again") else e_receipts.key(bill.id)
        found.append(Planned(one.id, one.number, reader.customer_id, EMAIL, reader.email, told, key=own))
    return without_the_sent(found)


def without_the_sent(planned: Sequence[Planned]) -> list[Planned]:
    """A letter that has a key of its own goes once, whoever has written it, unless it reached nobody."""
    sent = _on_their_way([one.key for one in planned if one.key and not one.excluded])
    return [replace(one, excluded=SENT_BEFORE) if one.key in sent else one for one in planned]


_PLANS: Mapping[str, Callable[[Mapping[str, Any], Filters, Sequence[Any]], list[Planned]]] = {
    texts.WINDOW: _window,
    texts.NEWS: _news,
    texts.DEBT: _debt,
    texts.VERIFICATION: _verification,
    texts.RECEIPT: _receipt,
}


# ---- small


def _months_before(due: date, day: date, data: Mapping[str, Any]) -> int | None:
    """The mark of a regular mailing that the meter has reached in its days; None: none. Else the whole months that are left."""
    if "marks" in data:
        first, last = date.fromisoformat(data["after"]), date.fromisoformat(data["upto"])
        return next((mark for mark in data["marks"] if first < months.later(due, -mark) <= last), None)
    left = (due.year - day.year) * 12 + due.month - day.month
    return left if months.later(day, left) <= due else left - 1


def _on_their_way(keys: Sequence[str]) -> set[str]:
    query: Any = Message.select(Message.key).where(Message.key.in_(keys), Message.state.in_(_ON_ITS_WAY))
    return {key for (key,) in query.tuples()} if keys else set()
