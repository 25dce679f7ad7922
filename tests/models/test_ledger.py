"""The ledger: rows that are added and never changed, balances that are their sum, payments divided without a rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database, fn

from models.base import database
from models.billing import acquiring, ledger, payments, run
from models.billing.ledger import CHARGE, PAYMENT, Balance, Entry, New
from models.metering.accounts import Account
from tests import cast, prices
from tests.cases import table
from tests.crowd import at_once

DAY = date(2026, 11, 10)
BOTH = ["electricity", "repair"]


@pytest.fixture
def flat(db: Database) -> Account:
    return cast.account(1)


def new(flat: Any, amount: int, source: str, *, service: str = "electricity", kind: str = CHARGE) -> New:
    return New(flat.id, service, kind, amount, DAY, source)


def test_balance_is_kept_up_with_the_entries(flat: Account) -> None:
    for i, amount in enumerate((72_000, -50_000, -30_000)):
        assert ledger.post(new(flat, amount, f"a{i}"))
    ledger.post_all([new(flat, 57_900, "b", service="repair"), new(flat, 100, "c", service="repair")])
    assert ledger.by_service(flat.id) == {"electricity": -8_000, "repair": 58_000}
    assert ledger.balance(flat.id) == 50_000


def test_one_cause_counts_once(flat: Account) -> None:
    assert ledger.post(new(flat, 100, "payment:7"))
    assert not ledger.post(new(flat, 100, "payment:7"))
    assert not ledger.post(new(flat, 999, "payment:7"))
    assert ledger.balance(flat.id) == 100


def test_bulk_posting_with_a_known_cause_fails_whole(flat: Account) -> None:
    ledger.post(new(flat, 100, "b"))
    with pytest.raises(Exception, match=r"(?i)unique"), database.atomic():  # the driver's own error
        ledger.post_all([new(flat, 5, "a"), new(flat, 7, "b")])
    assert (ledger.balance(flat.id), Entry.select().count()) == (100, 1)


def test_many_at_once_lose_nothing(flat: Account) -> None:
    """Thirty entries of three causes each posted by ten threads: three count."""
    done = at_once(30, lambda i: ledger.post(new(flat, 10 ** (i % 3), f"cause:{i % 3}")))
    assert sorted(done) == [False] * 27 + [True] * 3
    assert ledger.balance(flat.id) == 111 == Entry.select(fn.SUM(Entry.amount)).scalar()


def test_different_entries_at_once_all_count(flat: Account) -> None:
    assert all(at_once(30, lambda i: ledger.post(new(flat, i + 1, f"cause:{i}"))))
    assert ledger.balance(flat.id) == 30 * 31 // 2


@pytest.mark.parametrize("case", table.rows("shares.md"))
def test_payment_is_divided_among_services(case: dict[str, str]) -> None:
    owed = {
        "electricity": table.kopecks(case["Долг за электроэнергию"]),
        "repair": table.kopecks(case["Долг за капремонт"]),
    }
    wanted = {"electricity": table.kopecks(case["Электроэнергия"]), "repair": table.kopecks(case["Капремонт"])}
    found = ledger.shares(owed, table.kopecks(case["Платёж"]), BOTH)
    assert found == {service: part for service, part in wanted.items() if part}


SERVICES = ["electricity", "heat", "repair"]


@given(
    st.dictionaries(st.sampled_from(SERVICES), st.integers(-(10**7), 10**7)),
    st.integers(1, 10**7),
    st.permutations(SERVICES),
)
def test_shares_add_up_and_none_exceeds_its_debt(owed: dict[str, int], amount: int, order: list[str]) -> None:
    found = ledger.shares(owed, amount, order)
    assert sum(found.values()) == amount
    assert all(part > 0 for part in found.values())
    debts = {service: max(0, owed.get(service, 0)) for service in order}
    if amount <= sum(debts.values()):
        assert all(part <= debts[service] for service, part in found.items())
    else:
        assert all(found.get(service, 0) >= debt for service, debt in debts.items()), "each debt is covered first"


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """All SQL that runs meanwhile, by whatever way."""
    seen: list[str] = []
    real, cursor = database.obj.execute_sql, database.obj.cursor

    def execute_sql(sql: str, *rest: Any, **more: Any) -> Any:
        seen.append(sql)
        return real(sql, *rest, **more)

    class Watched:
        def __init__(self, inner: Any):
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __iter__(self) -> Any:
            return iter(self.inner)

        def executemany(self, sql: str, *rest: Any) -> Any:
            seen.append(sql)
            return self.inner.executemany(sql, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(database.obj, "execute_sql", execute_sql)
        patch.setattr(database.obj, "cursor", lambda *rest, **more: Watched(cursor(*rest, **more)))
        yield seen


def test_no_verb_changes_or_deletes_an_entry(db: Database, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run, a payment from outside, one by card paid and given back, a held bill issued, penalties: entries are only added."""
    prices.load()
    anna = cast.anna()
    with watched(monkeypatch) as seen:
        run.bill("2026-10")
        payments.take_external(anna.account.id, 10_000, channel="bank", document="1", day=DAY)
        paid = payments.start(
            anna.account, {"electricity": 5_000}, customer_id=anna.id, email="", key="k", consented=True
        )
        acquiring.registered(paid.id, "order", "https://bank.example")
        for word in ("paid", "refunded"):
            told = acquiring.Word(paid.number, "order", word, 5_000, "643", 5_000, 5_000 if word == "refunded" else 0)
            acquiring.learn(paid.id, told)
        cast.read(anna.meter, "2026-11-20", 26_320, 2_660)
        for month, moment in (
            ("2026-11", "2026-12-03T10:00"),
            ("2026-12", "2027-01-03T10:00"),
            ("2027-01", "2027-02-03T10:00"),
        ):
            at(moment)
            run.bill(month)
            run.issue_held(month)
    changes = [
        sql
        for sql in seen
        if re.search(r'(into|update|from|table)\s+"?entry\b', sql, re.IGNORECASE) and not _reads(sql)
    ]
    assert len(changes) >= 6
    assert [sql for sql in changes if not re.match(r"insert (or ignore )?into", sql, re.IGNORECASE)] == []
    assert {row.kind for row in Entry.select()} >= {CHARGE, PAYMENT, ledger.REFUND, ledger.PENALTY}
    for balance in Balance.select():
        own = Entry.select(fn.SUM(Entry.amount)).where(
            Entry.account == balance.account_id, Entry.service == balance.service
        )
        assert balance.amount == own.scalar()


def _reads(sql: str) -> bool:
    return re.match(r"\s*select", sql, re.IGNORECASE) is not None
