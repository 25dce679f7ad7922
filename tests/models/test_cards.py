"""The customer's card: who may see it, for how long, what stands on it."""

from __future__ import annotations

from datetime import date

import pytest

from models import audit, clock
from models.audit import AuditRow
from models.base import Refusal
from models.billing import payments
from models.office import cards
from models.office.cards import Opening
from models.outbox import post
from tests import cast, paying

pytestmark = pytest.mark.usefixtures("db")
NUMBER = "241010000054"


@pytest.fixture
def anna() -> cast.Person:
    return cast.anna()


@pytest.fixture
def oleg(anna):
    employee = cast.employee("operator", email="oleg@example.ru", name="Олег")
    with audit.acting(employee.subject):
        yield employee


def refused(*given: object) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        cards.open_card(*given)
    return [problem.rule for problem in refusal.value.problems]


def test_opening_is_a_row_and_an_audit_row_with_the_reason(oleg) -> None:
    cards.open_card(oleg.id, NUMBER, "call")
    cards.open_card(oleg.id, NUMBER, "other", "  сверка \n квитанции ")
    assert [(one.reason, one.note) for one in Opening.select()] == [("call", ""), ("other", "сверка квитанции")]
    rows = AuditRow.select().where(AuditRow.deed == "card.opened").order_by(AuditRow.id)
    assert [(row.who, row.subject, row.detail["reason"]) for row in rows] == [
        (oleg.subject, f"account:{NUMBER}", "звонок"),
        (oleg.subject, f"account:{NUMBER}", "другое: сверка квитанции"),
    ]


@pytest.mark.parametrize(
    ("number", "reason", "note", "rules"),
    [
        ("999", "call", "", ["card.account"]),
        ("\0", "call", "", ["card.account"]),
        (NUMBER, "", "", ["card.reason"]),
        (NUMBER, "скука", "", ["card.reason"]),
        (NUMBER, "other", " . ", ["card.note"]),
        (NUMBER, "call", "а" * 201, ["card.note"]),
        ("", "", "", ["card.account", "card.reason"]),
    ],
)
def test_a_card_is_not_opened(oleg, number: str, reason: str, note: str, rules: list[str]) -> None:
    assert refused(oleg.id, number, reason, note) == rules
    assert not Opening.select().exists() and not AuditRow.select().where(AuditRow.deed == "card.opened").exists()


def test_a_card_stays_open_half_an_hour_for_whoever_opened_it(oleg, at) -> None:
    galina = cast.employee("clerk", email="galina@example.ru")
    assert cards.present(oleg.id, NUMBER) is None
    cards.open_card(oleg.id, NUMBER, "visit")
    assert cards.present(oleg.id, NUMBER).number == NUMBER
    assert cards.why(cards.present(oleg.id, NUMBER)) == "визит"
    assert cards.present(galina.id, NUMBER) is None
    assert cards.present(oleg.id, "241010000127") is None
    assert cards.present(oleg.id, "\0") is None
    at("2026-11-20T10:29")
    assert cards.present(oleg.id, NUMBER)
    at("2026-11-20T10:30")
    assert cards.present(oleg.id, NUMBER) is None


def test_the_reason_given_last_is_kept_but_not_other(oleg) -> None:
    assert cards.last_reason(oleg.id) == ""
    cards.open_card(oleg.id, NUMBER, "debt")
    assert cards.last_reason(oleg.id) == "debt"
    cards.open_card(oleg.id, NUMBER, "other", "сверка")
    assert cards.last_reason(oleg.id) == ""


def test_so_many_openings_and_searches_an_hour(oleg, monkeypatch) -> None:
    monkeypatch.setattr(cards, "MOST_OPENINGS", 2)
    monkeypatch.setattr(cards, "MOST_SEARCHES", 1)
    cards.open_card(oleg.id, NUMBER, "call")
    cards.open_card(oleg.id, NUMBER, "call")
    assert refused(oleg.id, NUMBER, "call") == ["limit.staff.card"]
    cards.count_search(oleg.id)
    with pytest.raises(Refusal):
        cards.count_search(oleg.id)
    cards.count_search(oleg.id + 1)


def test_many_searches_in_an_hour_are_noted_once(oleg, monkeypatch) -> None:
    monkeypatch.setattr(cards, "NOTED_SEARCHES", 3)
    for _ in range(5):
        cards.count_search(oleg.id)
    rows = AuditRow.select().where(AuditRow.deed == "customers.searched_much")
    assert [row.subject for row in rows] == [oleg.subject]


def card(employee) -> cards.Card:
    cards.open_card(employee.id, NUMBER, "call")
    return cards.load(cards.present(employee.id, NUMBER), clock.today())


def test_the_card_has_the_account_its_meters_and_readings(oleg, anna) -> None:
    cast.read(anna.meter, "2026-11-18", 16440, 2720, state="held", reason="в 80 раз больше")
    shown = card(oleg)
    assert (shown.account.last_name, shown.account.office_name) == ("Иванова", None)
    assert [standing.meter.serial for standing in shown.standings] == ["87749621"]
    assert [line.values for line in shown.held] == [(16440, 2720)]
    assert [line.reading.taken for line in shown.lines][:2] == [date(2026, 11, 18), date(2026, 10, 20)]
    assert len(shown.lines) == 12  # a year, no more


def test_the_card_has_what_is_owed_and_paid(oleg, anna) -> None:
    paying.owe(anna.account)
    begun = payments.start(
        anna.account, {"electricity": 100_00}, customer_id=anna.id, email="anna@example.ru", key="key", consented=True
    )
    shown = card(oleg)
    assert shown.owed.due == paying.DEBT
    assert [one.number for one in shown.unsettled] == [begun.number]


def test_the_card_has_holders_consents_and_letters_without_secrets(oleg, anna) -> None:
    boris = cast.boris(anna)
    post("recover", "anna@example.ru", {}, {"token": "t" * 43, "code": "123456"})
    post("known", "vera@example.ru", {})
    shown = card(oleg)
    assert [one.email for one in shown.holders] == ["anna@example.ru", "boris@example.ru"]
    assert {one.subject for one in shown.consents} == {anna.customer.subject, boris.customer.subject}
    assert {one.letter for one in shown.letters} == {"recover", "one_more_holder"}
    assert not any(hasattr(one, "secrets") for one in shown.letters)


def test_the_card_has_the_audit_log_of_the_account_in_words(oleg, anna) -> None:
    shown = card(oleg)
    newest = shown.deeds[0]
    assert (newest.who, newest.title, newest.detail) == ("Олег", "Карточка абонента открыта", [("причина", "звонок")])
    assert "Лицевой счёт привязан" in {deed.title for deed in shown.deeds}
    assert not any("хеш" in dict(deed.detail) for deed in shown.deeds)


def test_another_accounts_facts_stay_out(oleg, anna) -> None:
    cast.vera()
    post("known", "vera@example.ru", {})
    with audit.acting("customer:99"):
        audit.record("account.made_primary", "account:241010000171")
    shown = card(oleg)
    told = repr((shown.holders, shown.consents, shown.letters, shown.deeds, shown.lines))
    assert "vera" not in told and "Вера" not in told and "основным" not in told


def test_a_closed_account_without_anything_has_a_card(oleg) -> None:
    flat = cast.account(9, closed=date(2026, 1, 31))
    cards.open_card(oleg.id, flat.number, "call")
    shown = cards.load(cards.present(oleg.id, flat.number), clock.today())
    assert (shown.standings, shown.holders, shown.payments, shown.letters) == ([], [], [], [])
