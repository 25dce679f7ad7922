"""The page of approvals: what waits for whom, what will happen, and a payment with what may be proposed about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from models import audit
from models.base import database
from models.billing import acquiring, ledger, payments
from models.billing.payments import Payment
from models.office.proposals import Proposal
from models.people import employment
from models.people.staff import Employee
from tasks import approvals as work
from tasks import payments as desk
from tasks import queue
from tests import paying
from tests.cast import Person
from tests.page import Client, Page
from tests.paying import DEBT, again, credited, ordered
from tests.standins import StandIn

WHY = "Абонент заплатил дважды"


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with paying.open_desk(monkeypatch) as standing:
        yield standing


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The proposals that the background was rung for."""
    heard: list[int] = []
    monkeypatch.setitem(queue._bells, "carry_out_proposal", heard.append)
    return heard


@pytest.fixture
def paid(anna: Person, bank: StandIn) -> Payment:
    paying.owe(anna.account)
    with audit.acting(anna.customer.subject):
        payment = ordered(anna)
    bank.pay(payment.form_url)
    desk.check(payment.id)
    return again(payment)


@pytest.fixture
def disputed(anna: Person) -> Payment:
    made = payments.start(
        anna.account, {"electricity": DEBT}, customer_id=anna.id, email="anna@example.ru", key="k", consented=True
    )
    acquiring.registered(made.id, "order-1", "https://bank.example/pay")
    acquiring.learn(made.id, acquiring.Word(made.number, "order-1", "paid", DEBT, deposited=DEBT - 100))
    assert again(made).state == "disputed"
    return again(made)


def propose(client: Client, payment: Payment, amount: str = "1000", button: str = "Предложить возврат") -> Page:
    page = client.get("approvals.payment", number=payment.number)
    return page.submit({"amount": amount, "reason": WHY}, button=button)


def last() -> Proposal:
    return Proposal.select().order_by(Proposal.id.desc()).get()


# ---- the payment


def test_payment_tells_sums_and_hides_whose_it_is(oleg: Client, paid: Payment) -> None:
    page = oleg.get("approvals.payment", number=paid.number)
    assert page.h1 == f"Оплата {paid.number}"
    assert "2\u202f642,85\u00a0₽" in page.text and paid.card in page.text
    assert "И*** Анна Сергеевна" in page.text
    for secret in ("Иванова", "anna@example.ru", "Садовая", "+7913"):
        assert secret not in page.markup
    assert "Оплата прошла" in page.text and "абонент" in page.text


def test_sum_proposed_is_all_that_is_left(oleg: Client, paid: Payment) -> None:
    page = oleg.get("approvals.payment", number=paid.number)
    assert page.soup.select_one("#amount")["value"] == "2642,85"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Напишите сумму"),
        ("сто", "Напишите сумму цифрами"),
        ("2642,86", "Вернуть можно от копейки до"),
        ("0", "Вернуть можно от копейки до"),
        ("-5", "не может быть меньше нуля"),
    ],
)
def test_sum_that_cannot_be_given_back(oleg: Client, paid: Payment, typed: str, told: str) -> None:
    page = propose(oleg, paid, typed)
    assert page.status == 422 and any(told in error for error in page.errors)
    assert page.soup.select_one("#reason")["value"] == WHY and not Proposal.select().exists()


def test_reason_is_asked_for(oleg: Client, paid: Payment) -> None:
    page = oleg.get("approvals.payment", number=paid.number).submit({"amount": "5"}, button="Предложить возврат")
    assert page.status == 422 and not Proposal.select().exists()


@pytest.mark.parametrize("number", ["2611-NONESUCH", "нет такого", "'; --", "x" * 200])
def test_payment_that_does_not_exist(oleg: Client, number: str) -> None:
    assert oleg.get("approvals.payment", number=number).status == 404


def test_disputed_payments_are_listed(oleg: Client, disputed: Payment) -> None:
    page = oleg.get("approvals.index")
    assert "Оплаты на выяснении" in page.text and "банк списал другую сумму" in page.text
    assert page.click(disputed.number).h1 == f"Оплата {disputed.number}"


def test_payment_is_found_by_the_number_as_it_is_typed(oleg: Client, paid: Payment) -> None:
    page = oleg.get("approvals.index").submit({"number": f" {paid.number.lower()} "}, button="Открыть оплату")
    assert page.follow().h1 == f"Оплата {paid.number}"


def test_clerk_sees_no_payments(galina: Client, paid: Payment) -> None:
    for page in (galina.get("approvals.payment", number=paid.number), galina.get("approvals.index")):
        assert page.status == 403


def test_double_click_is_one_proposal(oleg: Client, paid: Payment) -> None:
    page = oleg.get("approvals.payment", number=paid.number)
    first, second = (page.submit({"reason": WHY}, button="Предложить возврат") for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] and Proposal.select().count() == 1


def test_payment_with_a_live_proposal_offers_no_other(oleg: Client, paid: Payment) -> None:
    propose(oleg, paid)
    page = oleg.get("approvals.payment", number=paid.number)
    assert f"предложение № {last().id}" in page.text and not page.soup.select("#amount")


# ---- deciding


def test_refund_by_two_people(oleg: Client, irina: Client, paid: Payment, anna: Person, rung: list[int]) -> None:
    page = propose(oleg, paid).follow()
    assert "Утвердить или отклонить это должен другой сотрудник" in page.text and "Утвердить: " not in page.text
    proposal = last()
    waiting = irina.get("approvals.index")
    assert WHY in waiting.text and "1\u202f000,00\u00a0₽" in waiting.text and "Oleg" in waiting.text
    page = irina.get("approvals.show", proposal_id=proposal.id)
    assert "Банк вернёт 1\u202f000,00\u00a0₽ на карту" in page.text
    assert "Останется после возврата 1\u202f642,85\u00a0₽" in page.text
    page = page.submit({"note": "Сверила с выпиской"}, button=_button(page)).follow()
    assert "Портал передаёт это банку" in page.text and rung == [proposal.id]
    assert credited(anna.account) == DEBT
    work.carry_out(proposal.id)
    page = irina.get("approvals.show", proposal_id=proposal.id)
    assert "исполнено" in page.text and "банк вернул 1\u202f000,00\u00a0₽" in page.text
    assert "Сверила с выпиской" in page.text and "Irina" in page.text
    assert credited(anna.account) == DEBT - 100_000


def _button(page: Page) -> str:
    (found,) = [one.get_text() for one in page.soup.select("button") if one.get_text().startswith("Утвердить: ")]
    return str(found)


def test_dispute_by_two_people(oleg: Client, irina: Client, disputed: Payment, anna: Person) -> None:
    propose(oleg, disputed, "2641,85", "Предложить решение")
    page = irina.get("approvals.show", proposal_id=last().id)
    assert "Платёж засчитают на 2\u202f641,85\u00a0₽" in page.text
    page = page.submit(button=_button(page)).follow()
    assert "Утверждено и исполнено: засчитано" in page.text
    assert (again(disputed).state, ledger.balance(anna.account.id)) == ("paid", -(DEBT - 100))


def test_dispute_in_which_the_bank_took_nothing(oleg: Client, irina: Client, disputed: Payment) -> None:
    propose(oleg, disputed, "0", "Предложить решение")
    page = irina.get("approvals.show", proposal_id=last().id)
    assert "не поступит ничего" in page.text
    page.submit(button=_button(page))
    assert again(disputed).state == "failed"


def test_empty_sum_of_a_dispute_is_not_taken_for_nothing(oleg: Client, disputed: Payment) -> None:
    page = propose(oleg, disputed, "", "Предложить решение")
    assert page.status == 422 and not Proposal.select().exists()


def test_own_proposal_cannot_be_approved_even_by_hand(irina: Client, marta: Client, disputed: Payment) -> None:
    propose(irina, disputed, "1", "Предложить решение")
    page = irina.get("approvals.show", proposal_id=last().id)
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    answer = irina.post("approvals.approve", {"csrf_token": token}, proposal_id=last().id)
    assert answer.status == 422 and "Своё предложение утверждает другой" in answer.text
    assert last().state == "waiting"
    page = marta.get("approvals.show", proposal_id=last().id)
    assert page.submit(button=_button(page)).status == 303 and last().state == "done"


def test_operator_cannot_approve_even_by_hand(oleg: Client, irina: Client, disputed: Payment) -> None:
    propose(irina, disputed, "1", "Предложить решение")
    page = oleg.get("approvals.show", proposal_id=last().id)
    assert "Утвердить" not in page.text
    token = oleg.get("approvals.payment", number=disputed.number).soup.select_one("meta[name=csrf-token]")["content"]
    for endpoint in ("approvals.approve", "approvals.refuse"):
        assert oleg.post(endpoint, {"csrf_token": token}, proposal_id=last().id).status == 403
    assert last().state == "waiting"


def test_administrator_who_lost_the_role_cannot_approve(
    oleg: Client, irina: Client, marta: Client, disputed: Payment
) -> None:
    propose(oleg, disputed, "1", "Предложить решение")
    page = irina.get("approvals.show", proposal_id=last().id)
    her = Employee.by_email("irina@example.ru")
    employment.change(her.id, "operator", her.name, "")
    assert page.submit(button=_button(page)).status == 403 and last().state == "waiting"


def test_refusal_tells_the_proposer_why(oleg: Client, irina: Client, disputed: Payment) -> None:
    propose(oleg, disputed, "1", "Предложить решение")
    page = irina.get("approvals.show", proposal_id=last().id)
    missing = page.submit(button="Отклонить")
    assert missing.status == 422 and any("Напишите, почему" in error for error in missing.errors)
    page.submit({"note": "Нет выписки"}, button="Отклонить")
    page = oleg.get("approvals.index")
    assert "Нет выписки" in page.text and "отклонено" in page.text
    assert oleg.get("approvals.payment", number=disputed.number).soup.select("#amount")  # it may be proposed anew


def test_proposer_withdraws(oleg: Client, irina: Client, disputed: Payment) -> None:
    propose(oleg, disputed, "1", "Предложить решение")
    late = irina.get("approvals.show", proposal_id=last().id)
    page = oleg.get("approvals.show", proposal_id=last().id).submit(button="Отозвать").follow()
    assert "Предложение отозвано" in page.text and last().state == "withdrawn"
    answer = late.submit(button=_button(late)).follow()
    assert "уже решено" in answer.text and "отозвано" in answer.text


def test_button_pressed_twice_decides_once(oleg: Client, irina: Client, disputed: Payment, anna: Person) -> None:
    propose(oleg, disputed, "10", "Предложить решение")
    page = irina.get("approvals.show", proposal_id=last().id)
    first, second = (page.submit(button=_button(page)) for _ in range(2))
    assert first.location == second.location and "исполнено" in second.follow().text
    assert ledger.balance(anna.account.id) == -1_000


def test_facts_that_changed_meanwhile_are_told_and_cannot_be_approved(
    oleg: Client, irina: Client, disputed: Payment
) -> None:
    propose(oleg, disputed, "1", "Предложить решение")
    early = irina.get("approvals.show", proposal_id=last().id)
    acquiring.settle_by_hand(disputed.id, 0, "по телефону")
    assert early.submit(button=_button(early)).status == 422
    page = irina.get("approvals.show", proposal_id=last().id)
    assert "не на выяснении" in page.text and "Утвердить: " not in page.text
    assert page.submit({"note": "Решили иначе"}, button="Отклонить").status == 303


def test_failure_at_the_bank_is_told_in_its_words(
    oleg: Client, irina: Client, paid: Payment, bank: StandIn, rung: list[int]
) -> None:
    propose(oleg, paid)
    page = irina.get("approvals.show", proposal_id=last().id)
    page.submit(button=_button(page))
    (order,) = bank.orders()
    bank.put(order["id"], refunded=DEBT - 1)
    work.carry_out(last().id)
    page = irina.get("approvals.show", proposal_id=last().id)
    assert "не исполнилось" in page.text and "Почему не исполнилось" in page.text


def test_proposal_that_does_not_exist(irina: Client) -> None:
    for number in (987_654, 2**40):
        assert irina.get("approvals.show", proposal_id=number).status == 404


def test_old_decisions_have_pages(irina: Client, oleg: Client, disputed: Payment) -> None:
    propose(oleg, disputed, "1", "Предложить решение")
    one = last()
    facts = {"kind": one.kind, "data": one.data, "facts": one.facts, "reason": "x", "proposed_by": one.proposed_by_id}
    Proposal.insert_many(
        [{**facts, "subject": f"payment:{n}", "state": "withdrawn", "decided_at": one.proposed_at} for n in range(70)]
    ).execute()
    page = irina.get("approvals.index")
    assert "раньше →" in page.text
    page = irina.get("approvals.index", page="2")
    assert "← позже" in page.text and len(page.soup.select("ul.rows li")) == 1 + 1 + 20
    for odd in ("0", "-1", "x", "999999999", "²"):
        assert irina.get("approvals.index", page=odd).status == 200


@pytest.mark.parametrize("reason", ["<script>alert(1)</script>", "=1+1", "«Да» & нет 😀"])
def test_reason_is_shown_as_it_was_typed(oleg: Client, irina: Client, disputed: Payment, reason: str) -> None:
    page = oleg.get("approvals.payment", number=disputed.number)
    page.submit({"amount": "1", "reason": reason}, button="Предложить решение")
    assert reason in irina.get("approvals.show", proposal_id=last().id).text
    assert "<script>alert" not in irina.get("approvals.index").markup


def test_page_of_waiting_asks_the_database_little(
    irina: Client, oleg: Client, disputed: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(oleg, disputed, "1", "Предложить решение")
    one = last()
    facts = {"kind": one.kind, "data": one.data, "facts": one.facts, "reason": "x", "proposed_by": one.proposed_by_id}
    Proposal.insert_many([{**facts, "subject": f"payment:{n}"} for n in range(40)]).execute()
    assert _queries(monkeypatch, lambda: irina.get("approvals.index")) <= 8
    assert _queries(monkeypatch, lambda: irina.get("approvals.show", proposal_id=one.id)) <= 8
    assert _queries(monkeypatch, lambda: irina.get("approvals.payment", number=disputed.number)) <= 9


def _queries(monkeypatch: pytest.MonkeyPatch, look: Any) -> int:
    asked: list[str] = []
    with monkeypatch.context() as patch:
        execute = database.obj.execute_sql

        def counting(sql: str, *rest: Any, **more: Any) -> Any:
            if sql.startswith(("SELECT", "WITH")):
                asked.append(sql)
            return execute(sql, *rest, **more)

        patch.setattr(database.obj, "execute_sql", counting)
        look()
    return len(asked)
