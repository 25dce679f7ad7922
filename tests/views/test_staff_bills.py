"""The office's page of bills that wait: found, looked at, proposed to be issued or worked out anew by two people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import clock, words
from models.billing import ledger, run
from models.billing.bills import Bill
from models.billing.tariffs import Tariff
from models.metering.readings import Reading
from models.office import held_bills, proposal_kinds
from models.office.proposals import Proposal
from tests import cast, prices
from tests.cast import Person
from tests.page import Client, Page

NOVEMBER = "2026-11"
WHY = "Позвонили: расход верный"


@pytest.fixture
def held(anna: Person, at: Callable[[str], Any]) -> Person:
    """Anna's November bill is held for its twenty thousand kilowatt-hours."""
    prices.load()
    for month in ("2026-08", "2026-09", "2026-10"):
        run.bill(month)
    cast.read(anna.meter, "2026-11-20", 6320 + 20_000, 2660)
    at("2026-12-03T10:00")
    assert run.bill(NOVEMBER).held_count == 1
    return anna


@pytest.fixture
def oleg(held: Person, oleg: Client) -> Client:
    return oleg


@pytest.fixture
def irina(held: Person, irina: Client) -> Client:
    return irina


def bill_of(person: Person) -> Bill:
    return Bill.get(Bill.account == person.account, Bill.period == NOVEMBER)


def chosen(page: Page, *accounts: str, button: str = "Предложить выставить", **more: str) -> Page:
    """The list with these accounts ticked and sent."""
    return page.submit({"account": list(accounts), "reason": WHY, **more}, button=button)


def last() -> Proposal:
    return Proposal.select().order_by(Proposal.id.desc()).get()


def many(count: int, first: int = 400) -> list[str]:
    """Held bills of so many accounts."""
    numbers = []
    for n in range(first, first + count):
        account = cast.account(n)
        numbers.append(account.number)
        Bill.create(
            account=account, period=NOVEMBER, number=f"2611-{account.number}", state="held", reason=f"больше обычного в {n} раз",
            due_on=clock.today(), charged=100, total=100, carry={"usual": [10, 20, 100]},
        )  # fmt: skip
    return numbers


# ---- looking


def test_held_bill_is_listed_with_reason_sum_and_what_is_usual(oleg: Client, held: Person) -> None:
    page = oleg.get("staff_bills.index")
    assert page.h1 == "Счета за ноябрь\u00a02026"
    row = page.soup.select_one("tbody tr").get_text(" ")
    bill = bill_of(held)
    assert held.account.number in row and bill.reason in row
    assert words.rubles(bill.charged + bill.penalty) in row and "720,00\u00a0₽" in row
    assert "Иванова" not in page.markup


def test_failed_bill_is_listed_with_its_reason(oleg: Client, held: Person) -> None:
    vera = cast.vera()
    Tariff.delete().where(Tariff.plan == 1).execute()
    run.bill(NOVEMBER)
    page = oleg.get("staff_bills.index", period=NOVEMBER, state="failed")
    assert [one.get_text() for one in page.soup.select("tbody th")] == [vera.account.number]
    assert "Нет тарифа" in page.text and "1 счёт" in page.text.replace("\u00a0", " ")
    assert "1 задержано, 1 не рассчитано" in oleg.get("staff_bills.index").text


def test_bill_is_opened_with_lines_and_how_they_were_worked_out(oleg: Client, held: Person) -> None:
    page = oleg.get("staff_bills.show", number=bill_of(held).number)
    assert "20\u202f000" in page.text and "Как посчитано" in page.text and "Прошлые счета" in page.text
    assert "окт\u00a02026" in page.text
    for secret in ("Иванова", "Садовая"):
        assert secret not in page.markup


@pytest.mark.parametrize("number", ["2611-000", "%00", "'", "propose"])
def test_bill_that_does_not_exist(oleg: Client, number: str) -> None:
    assert oleg.get(f"/staff/bills/{number}").status == 404


def test_nothing_waits(oleg: Client, held: Person) -> None:
    run.issue_held(NOVEMBER)
    page = oleg.get("staff_bills.index")
    assert "ничего не ждёт решения" in page.text and page.h1 == "Счета за ноябрь\u00a02026"


def test_clerk_sees_no_bills(held: Person, galina: Client) -> None:
    assert galina.get("staff_bills.index").status == 403
    assert galina.get("staff_bills.show", number=bill_of(held).number).status == 403


def test_list_is_filtered_by_reason_and_number(oleg: Client, held: Person) -> None:
    numbers = many(3)
    page = oleg.get("staff_bills.index", q=numbers[1][:-1])
    assert len(page.soup.select("tbody tr")) == 3
    page = oleg.get("staff_bills.index", reason="БОЛЬШЕ ОБЫЧНОГО В 401")
    assert [one.get_text() for one in page.soup.select("tbody th")] == [numbers[1]]
    assert oleg.get("staff_bills.index", reason="100%").soup.select("tbody tr") == []
    assert held_bills.reasons(NOVEMBER) == [("больше обычного в", 4)]


@pytest.mark.parametrize("odd", ["2026-13", "x", "²", "\x00", "9" * 400])
def test_odd_filters_are_no_error(oleg: Client, held: Person, odd: str) -> None:
    for name in ("period", "state", "reason", "q", "page"):
        assert oleg.get("staff_bills.index", **{name: odd}).status == 200


def test_long_list_has_pages(oleg: Client, held: Person) -> None:
    many(120)
    page = oleg.get("staff_bills.index")
    assert len(page.soup.select("tbody tr")) == 50 and "121" in page.text
    page = oleg.get("staff_bills.index", page="3")
    assert len(page.soup.select("tbody tr")) == 21 and "дальше →" not in page.text
    assert len(oleg.get("staff_bills.index", page="99").soup.select("tbody tr")) == 21


# ---- proposing


def test_held_bill_is_issued_by_two_people(oleg: Client, irina: Client, held: Person) -> None:
    page = chosen(oleg.get("staff_bills.index"), held.account.number).follow()
    assert "Предложение записано" in page.text and bill_of(held).state == "held"
    page = irina.get("approvals.show", proposal_id=last().id)
    assert "Абоненты получат 1\u00a0счёт" in page.text and held.account.number in page.text
    (button,) = [one.get_text() for one in page.soup.select("button") if one.get_text().startswith("Утвердить: ")]
    page = page.submit(button=button).follow()
    assert "выставлено 1" in page.text and bill_of(held).state == "issued"
    assert ledger.balance(held.account.id) == bill_of(held).total


def test_bill_is_worked_out_anew_from_its_own_page(oleg: Client, irina: Client, held: Person) -> None:
    page = oleg.get("staff_bills.show", number=bill_of(held).number)
    page = page.submit({"reason": WHY}, button="Предложить пересчитать").follow()
    Reading.update(t1=6320 + 120, t2=2660 + 60).where(Reading.period == NOVEMBER).execute()
    page = irina.get("approvals.show", proposal_id=last().id)
    (button,) = [one.get_text() for one in page.soup.select("button") if one.get_text().startswith("Утвердить: ")]
    assert "выставлено 1, снова задержано 0" in page.submit(button=button).follow().text
    assert bill_of(held).charged == 72_000


def test_several_are_proposed_together_and_marked(oleg: Client, held: Person) -> None:
    numbers = many(3)
    assert chosen(oleg.get("staff_bills.index"), *numbers[:2]).status == 303
    assert last().data == {"period": NOVEMBER, "accounts": numbers[:2]}
    page = oleg.get("staff_bills.index")
    assert page.text.count(f"предложение № {last().id}") == 2
    assert len(page.soup.select("tbody input[type=checkbox]")) == 2
    page = oleg.get("staff_bills.show", number=f"2611-{numbers[0]}")
    assert "оно ещё не исполнено" in page.text and not page.soup.select("#reason")


def test_all_that_were_found_are_proposed_together(oleg: Client, held: Person) -> None:
    numbers = many(60)
    page = oleg.get("staff_bills.index", q=numbers[0][:-2])
    assert chosen(page, everything="y").status == 303
    assert last().data["accounts"] == numbers  # Anna's stands outside the filter


def test_too_many_at_once_are_refused(oleg: Client, held: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    many(5)
    monkeypatch.setattr(proposal_kinds, "MOST_BILLS", 4)
    page = chosen(oleg.get("staff_bills.index"), everything="y")
    assert page.status == 422 and any("За один раз" in error for error in page.errors)


def test_nothing_ticked_is_refused_and_what_was_ticked_stays(oleg: Client, held: Person) -> None:
    page = oleg.get("staff_bills.index")
    assert page.submit({"reason": WHY}, button="Предложить выставить").status == 422
    page = page.submit({"account": [held.account.number]}, button="Предложить выставить")
    assert page.status == 422 and any("Напишите, почему" in error for error in page.errors)
    assert page.soup.select_one("tbody input")["value"] == held.account.number
    assert page.soup.select_one("tbody input").has_attr("checked")


def test_a_list_that_others_have_emptied_meanwhile_says_so(oleg: Client, held: Person) -> None:
    page = oleg.get("staff_bills.index", period=NOVEMBER)
    Bill.update(state="issued").where(Bill.period == NOVEMBER).execute()
    page = page.submit(reason="", button="Предложить выставить")
    assert page.status == 303
    assert "решили без вас" in page.follow().text and Proposal.select().count() == 0


def test_failed_bill_cannot_be_proposed_to_be_issued(oleg: Client, held: Person) -> None:
    Bill.update(state="failed", reason="Нет тарифа").where(Bill.period == NOVEMBER).execute()
    page = chosen(oleg.get("staff_bills.index"), held.account.number)
    assert page.status == 422 and any("можно только пересчитать" in error for error in page.errors)
    assert not oleg.get("staff_bills.show", number=bill_of(held).number).soup.select('button[value="bills.issue"]')


@pytest.mark.parametrize("account", ["нет", "", "\x00", "9" * 300])
def test_accounts_made_up_are_refused(oleg: Client, held: Person, account: str) -> None:
    page = chosen(oleg.get("staff_bills.index"), account)
    assert page.status == 422 and not Proposal.select().exists()


@pytest.mark.parametrize("kind", ["", "payment.refund", "nonsense"])
def test_kind_made_up_is_refused(oleg: Client, held: Person, kind: str) -> None:
    page = oleg.get("staff_bills.index")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    sent = {"csrf_token": token, "reason": WHY, "account": held.account.number, "kind": kind}
    page = oleg.post("staff_bills.propose", sent)
    assert page.status == 422 and not Proposal.select().exists()
