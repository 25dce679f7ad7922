"""Money in bulk counts as money one by one does; a bank's register is taken whole, each payment once, and no kopeck is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import Database

from models import base, doctor
from models.base import Refusal
from models.billing import ledger, payments, registers
from models.billing.ledger import Balance, Entry
from models.billing.payments import Payment
from models.billing.registers import Incoming
from models.company import Company
from models.exchange import imports, register
from models.exchange.rows import Counts
from models.exchange.table import BadFile
from tests import cast, paying

DAY = date(2026, 11, 18)
LINE = "18-11-2026;12-34-56;8622;9044;{doc};{account};Иванова А. С.;ул. Мира, 23-32;1026;{amount};{amount};0,00"


def report(account: int, amount: int, document: str, **more: Any) -> Incoming:
    return Incoming(account, amount, "sberbank", document, DAY, **more)


def texts(*lines: str, rows: int | None = None, total: str = "") -> str:
    sums = sum(int(line.split(";")[9].replace(",", "")) for line in lines)
    shown = total or f"{sums // 100},{sums % 100:02d}"
    return (
        "\r\n".join((*lines, f"={len(lines) if rows is None else rows};{shown};{shown};0,00;311;18-11-2026")) + "\r\n"
    )


def line(number: str, amount: str, doc: str = "1001") -> str:
    return LINE.format(account=number, amount=amount, doc=doc)


Load = Callable[..., Counts]


@pytest.fixture
def load(db: Database, company: Company, tmp_path: Path) -> Load:
    """Take a register of this text into the ledger."""

    def run(text: str, *, encoding: str = "cp1251", mended: dict[str, str] | None = None) -> Counts:
        path = tmp_path / "register.txt"
        path.write_bytes(text.encode(encoding))
        return imports.take("payments", register.lines(path, company.registers["sberbank"], mended), path.name)

    return run


# ---- in bulk


def test_each_is_posted_and_divided(db: Database) -> None:
    anna = cast.anna()
    paying.owe(anna.account)
    assert registers.take_all([report(anna.account.id, 10_000, "1"), report(anna.account.id, 5_000, "2")]) == [
        True,
        True,
    ]
    assert paying.credited(anna.account) == 15_000
    assert ledger.balance(anna.account.id) == paying.DEBT - 15_000
    assert doctor.complaints() == []


def test_the_same_document_counts_once(db: Database) -> None:
    anna = cast.anna()
    again = [report(anna.account.id, 100, "1"), report(anna.account.id, 100, "1")]
    assert registers.take_all(again) == [True, False]
    assert registers.take_all(again) == [False, False]
    assert paying.credited(anna.account) == 100


def test_another_sum_another_service_and_nothing_are_refused(db: Database) -> None:
    anna = cast.anna()
    registers.take_all([report(anna.account.id, 100, "1")])
    outcomes = registers.take_all([
        report(anna.account.id, 200, "1"), report(anna.account.id, 100, "2", service="repair"), report(anna.account.id, 0, "3")
    ])  # fmt: skip
    assert [outcome.problems[0].rule for outcome in outcomes if isinstance(outcome, Refusal)] == [
        "payment.other",
        "payment.service",
        "payment.amount",
    ]
    assert paying.credited(anna.account) == 100


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_in_bulk_is_as_one_by_one(db: Database, data: st.DataObject) -> None:
    """The same entries whichever way the same payments come in."""
    owed = data.draw(
        st.lists(st.tuples(st.integers(-5_000, 90_000), st.integers(-5_000, 90_000)), min_size=2, max_size=3)
    )
    sums = data.draw(
        st.lists(st.tuples(st.integers(0, len(owed) - 1), st.integers(1, 150_000)), min_size=1, max_size=6)
    )

    def played(take: Callable[[list[Incoming]], Any]) -> list[Any]:
        for table in (Entry, Balance, Payment, cast.Account):
            table.delete().execute()
        accounts = [cast.account(i, services="electricity,repair") for i in range(len(owed))]
        for account, (electricity, repair) in zip(accounts, owed, strict=True):
            for service, amount in (("electricity", electricity), ("repair", repair)):
                if amount:
                    paying.owe(account, amount, service)
        take([report(accounts[i].id, amount, str(doc)) for doc, (i, amount) in enumerate(sums)])
        numbers = {account.id: account.number for account in accounts}
        return sorted(
            (numbers[one.account_id], one.service, one.kind, one.amount, str(one.day)) for one in Entry.select()
        )

    def one_by_one(incoming: list[Incoming]) -> None:
        for one in incoming:
            payments.take_external(one.account, one.amount, channel=one.channel, document=one.document, day=one.day)

    assert played(registers.take_all) == played(one_by_one)


@pytest.mark.postgres
def test_two_files_with_the_same_documents_at_once(db: Database) -> None:
    accounts = [cast.account(i) for i in range(40)]
    incoming = [report(account.id, 100 + i, str(i)) for i, account in enumerate(accounts)]
    barrier, counted = threading.Barrier(3), []

    def take() -> None:
        with base.connection():
            barrier.wait()
            counted.append(sum(outcome is True for outcome in registers.take_all(incoming)))

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(counted) == [0, 0, 40]
    assert doctor.complaints() == []


def test_giving_back_frees_the_documents(db: Database) -> None:
    anna = cast.anna()
    paying.owe(anna.account)
    registers.take_all([report(anna.account.id, 100_000, "1"), report(anna.account.id, 50, "2")], loaded_by=7)
    registers.take_all([report(anna.account.id, 11, "other")], loaded_by=8)
    assert registers.give_back_all(7, "отменён файл № 7") == (2, 100_050)
    assert ledger.balance(anna.account.id) == paying.DEBT - 11
    assert doctor.complaints() == []
    assert registers.take_all([report(anna.account.id, 100_000, "1")], loaded_by=9) == [True]
    assert registers.give_back_all(7, "ещё раз") == (0, 0)
    assert doctor.complaints() == []


# ---- registers


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8-sig"])
def test_a_register_is_loaded(load: Load, encoding: str) -> None:
    anna = cast.anna()
    counts = load(
        texts(line(anna.account.number, "1000,00"), line(anna.account.number, "15,50", "1002")), encoding=encoding
    )
    assert (counts.new, counts.bad, counts.kopecks) == (2, 0, 101_550)
    paid = Payment.get(Payment.document == "1001")
    assert (paid.channel, paid.paid_on, paid.period, paid.amount) == ("sberbank", DAY, "2026-10", 100_000)
    assert paying.credited(anna.account) == 101_550


def test_the_same_register_again_changes_nothing(load: Load) -> None:
    anna = cast.anna()
    text = texts(line(anna.account.number, "1000,00"))
    load(text)
    counts = load(text)
    assert (counts.new, counts.same, counts.bad) == (0, 1, 0)
    assert paying.credited(anna.account) == 100_000


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("=2;", "=3;"), "в итоге строк 3, в файле 2"),
        (lambda text: text.replace("=2;1010,00", "=2;1010,01"), "принято в итоге 1010,01"),
        (lambda text: text.replace(";0,00;311", ";7,00;311"), "комиссия в итоге 7,00"),
        (lambda text: text.partition("=")[0], "нет итоговой строки"),
        (lambda text: text + text, "после итоговой строки"),
        (lambda text: text.replace(";1000,00;1000,00;", ";1000,00;тысяча;"), "«тысяча»: нужна сумма"),
        (lambda text: text.replace(";1000,00;1000,00;", ";0,00;1000,00;"), "нужно число от 0,01"),
        (lambda text: text.replace("18-11-2026;12-34-56", "18.11.2026;12-34-56"), "нужна дата, например 20-11-2026"),
        (lambda text: text.replace("18-11-2026;12-34-56", "18-12-2026;12-34-56"), "этот день ещё не наступил"),
        (lambda text: text.replace(";1002;", ";1001;"), "документ 1001 уже есть в строке 1"),
        (lambda text: text.replace(";1002;", ";;"), "пусто"),
        (lambda text: text.replace("18-11-2026;12-34-56;8622;", "8622;", 1), "в строке 10 значений"),
    ],
)
def test_a_register_that_does_not_agree_is_refused_whole(load: Load, spoil: Callable[[str], str], said: str) -> None:
    anna = cast.anna()
    counts = load(spoil(texts(line(anna.account.number, "1000,00"), line(anna.account.number, "10,00", "1002"))))
    assert said in " | ".join(fault.reason for fault in counts.faults)
    assert Payment.select().count() == 0


def test_an_unknown_account_stops_the_whole_and_a_right_one_lets_it_in(load: Load) -> None:
    anna = cast.anna()
    text = texts(line(anna.account.number, "10,00"), line("999999999999", "20,00", "1002"))
    assert [(fault.line, fault.column) for fault in load(text).faults] == [(2, "account")]
    assert Payment.select().count() == 0
    assert load(text, mended={"2": anna.account.number}).new == 2
    assert paying.credited(anna.account) == 3_000


def test_money_for_a_closed_account_is_asked_about_once(load: Load) -> None:
    gone = cast.account(9, closed=date(2026, 2, 1))
    text = texts(line(gone.number, "10,00"))
    counts = load(text)
    assert "закрыт 1\u00a0февраля\u00a02026" in counts.faults[0].reason
    assert load(text, mended={"1": gone.number}).new == 1


def test_a_payers_quotation_marks_break_nothing(load: Load) -> None:
    anna = cast.anna()
    odd = line(anna.account.number, "10,00").replace("Иванова А. С.", 'ООО "Ромашка')
    assert load(texts(odd, line(anna.account.number, "20,00", "1002"))).new == 2


def test_what_the_register_says_of_itself(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_bytes(texts(line("241010000054", "10,00")).encode("cp1251"))
    rule = company.registers["sberbank"]
    assert register.said(path, rule) == {
        "rows": "1", "amount": "10,00", "transferred": "10,00", "fee": "0,00", "order": "311", "day": "18-11-2026"
    }  # fmt: skip
    assert register.details(path, rule, [1])[0]["name"] == "Иванова А. С."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_no_file_breaks_the_reading(company: Company, at: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.txt"
    path.write_bytes(content)
    try:
        found = list(register.lines(path, company.registers["sberbank"]))
    except BadFile:
        return
    assert any(isinstance(values, list) for _, values in found)
