"""How bills come: dated choices, who may make them, what turns paper on again."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from models import audit, base, clock
from models.base import Refusal
from models.billing import delivery
from models.billing.delivery import BOTH, EMAIL, PAPER, STAFF, WEB, DeliveryChoice
from models.entrance import linking
from models.metering.accounts import Account
from models.outbox import Message, addresses
from models.people.customers import Customer, subject
from tests import cast
from tests.crowd import at_once


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    return cast.anna(history=False)


@pytest.fixture
def boris(anna: cast.Person) -> cast.Person:
    return cast.boris(anna)


def choose(person: cast.Person, way: str, account: Any = None, key: str | None = None) -> bool:
    with audit.acting(subject(person.id)):
        return delivery.choose(person.id, account or person.account, way, WEB, key)


def ways(account: Any) -> list[str]:
    return [row.way for row in delivery.history(account=account.id)]


def told() -> list[tuple[str, str, str]]:
    query = Message.select().where(Message.letter == "delivery_changed").order_by(Message.id)
    return [(one.to, one.data["way"], one.data["who"]) for one in query]


def test_who_has_chosen_nothing_gets_paper(anna: cast.Person) -> None:
    now = delivery.current(anna.account.id)
    assert (now.way, now.since, now.is_on_paper, now.is_by_email) == (PAPER, None, True, False)
    assert delivery.receivers([anna.account.id]) == {}


@pytest.mark.feature("S31", "S32")
def test_choosing_e_mail_refuses_paper(anna: cast.Person) -> None:
    assert choose(anna, EMAIL)
    now = delivery.current(anna.account.id)
    assert (now.way, now.customer_id, now.is_by_email, now.is_on_paper) == (EMAIL, anna.id, True, False)
    assert delivery.receivers([anna.account.id]) == {anna.account.id: (anna.id, "anna@example.ru", anna.account.number)}


@pytest.mark.feature("S31")
def test_each_choice_is_a_row_with_its_moment_and_who_made_it(anna: cast.Person, at: Any) -> None:
    choose(anna, EMAIL)
    at("2026-11-24T09:00")
    choose(anna, PAPER)
    rows = delivery.history(account=anna.account.id)
    assert [(row.way, row.customer, row.by, row.channel) for row in rows] == [
        (PAPER, None, f"customer:{anna.id}", WEB),
        (EMAIL, anna.id, f"customer:{anna.id}", WEB),
    ]
    assert (rows[0].since - rows[1].since).days == 3
    deeds = [row.deed for row in audit.AuditRow.select().where(audit.AuditRow.deed == "delivery.chosen")]
    assert len(deeds) == 2


def test_the_same_choice_makes_no_second_row(anna: cast.Person) -> None:
    assert choose(anna, EMAIL)
    assert not choose(anna, EMAIL)
    assert ways(anna.account) == [EMAIL]


def test_a_form_sent_again_after_another_choice_changes_nothing(anna: cast.Person) -> None:
    choose(anna, EMAIL, key="form")
    choose(anna, PAPER, key="other")
    assert not choose(anna, EMAIL, key="form")
    assert delivery.current(anna.account.id).way == PAPER


@pytest.mark.company("kaluga")
def test_both_is_there_only_where_the_company_has_it(anna: cast.Person) -> None:
    assert choose(anna, BOTH)
    now = delivery.current(anna.account.id)
    assert now.is_by_email and now.is_on_paper


@pytest.mark.parametrize("way", [BOTH, "pigeon", ""])
def test_a_way_that_the_company_does_not_have_is_refused(anna: cast.Person, way: str) -> None:
    with pytest.raises(Refusal) as refused:
        choose(anna, way)
    assert refused.value.problems[0].rule == "delivery.way"


@pytest.mark.company("kaluga")
@pytest.mark.feature("S31")
def test_in_kaluga_e_mail_is_for_the_primary_account_alone(boris: cast.Person, anna: cast.Person, at: Any) -> None:
    with pytest.raises(Refusal) as refused:
        choose(boris, EMAIL, anna.account)
    assert refused.value.problems[0].rule == "delivery.primary"
    at("2026-11-20T11:00")
    assert not linking.make_primary(boris.id, anna.account)
    assert choose(boris, EMAIL, anna.account)
    at("2026-11-20T12:00")
    assert linking.make_primary(boris.id, boris.account)
    assert delivery.current(anna.account.id).way == PAPER, "another account's bills come on paper again"
    assert told()[-1] == (anna.customer.email, PAPER, "у другого владельца счёта основным стал другой счёт")
    assert not choose(boris, PAPER, anna.account), "paper may be had for any account"


def test_an_account_that_is_not_held_is_refused(anna: cast.Person) -> None:
    vera = cast.vera()
    with pytest.raises(Refusal) as refused:
        choose(vera, EMAIL, anna.account)
    assert refused.value.problems[0].rule == "delivery.not_held"
    assert ways(anna.account) == []


def test_an_address_that_takes_no_mail_is_refused_with_what_to_do(anna: cast.Person) -> None:
    addresses.suspend("anna@example.ru", "no such user")
    with pytest.raises(Refusal, match="Укажите в настройках другую почту"):
        choose(anna, EMAIL)


def test_bills_do_not_go_to_an_address_that_was_suspended_later(anna: cast.Person) -> None:
    choose(anna, EMAIL)
    addresses.suspend("anna@example.ru", "mailbox full")
    assert delivery.receivers([anna.account.id]) == {}


def test_who_is_leaving_gets_paper_and_cannot_choose_e_mail(anna: cast.Person) -> None:
    choose(anna, EMAIL)
    Customer.update(closes_at=clock.now()).execute()
    assert delivery.receivers([anna.account.id]) == {}
    choose(anna, PAPER)
    with pytest.raises(Refusal, match="Кабинет закрывается"):
        choose(anna, EMAIL)


# ---- a family


@pytest.mark.feature("S31")
def test_the_other_holder_is_told_and_the_one_who_chose_is_not(anna: cast.Person, boris: cast.Person) -> None:
    choose(boris, EMAIL, anna.account)
    assert told() == [("anna@example.ru", EMAIL, "другой владелец счёта")]


def test_the_e_mail_goes_to_whoever_chose_it_last(anna: cast.Person, boris: cast.Person) -> None:
    choose(anna, EMAIL)
    assert choose(boris, EMAIL, anna.account)
    assert delivery.receivers([anna.account.id])[anna.account.id].customer_id == boris.id
    assert delivery.read_by(anna.id) == [] and delivery.read_by(boris.id) == [anna.account.id]


@pytest.mark.parametrize("round_", range(3))
def test_two_holders_at_once_leave_one_order_of_choices(anna: cast.Person, boris: cast.Person, round_: int) -> None:
    people = (anna, boris)
    done = at_once(6, lambda i: choose(people[i % 2], EMAIL, anna.account, key=f"{round_}-{i}"))
    assert not [one for one in done if isinstance(one, Exception)]
    rows = delivery.history(account=anna.account.id)
    assert len(rows) == sum(done)
    assert all(one.customer != two.customer for one, two in pairwise(rows)), "no choice of what held"


def test_the_same_form_six_times_at_once_makes_one_row(anna: cast.Person) -> None:
    done = at_once(6, lambda _: choose(anna, EMAIL, key="form"))
    assert sorted(done) == [False] * 5 + [True]
    assert ways(anna.account) == [EMAIL]


# ---- back to paper


@pytest.mark.feature("S31")
def test_unlinking_brings_paper_back_with_a_row_and_tells_the_others(anna: cast.Person, boris: cast.Person) -> None:
    choose(boris, EMAIL, anna.account)
    Message.delete().execute()
    with audit.acting(subject(boris.id)):
        linking.unlink(boris.id, anna.account)
    rows = delivery.history(account=anna.account.id)
    assert (rows[0].way, rows[0].channel) == (PAPER, delivery.UNLINKED) and rows[0].note
    assert told() == [("anna@example.ru", PAPER, "другой владелец счёта, он отвязал счёт")]


def test_unlinking_by_who_does_not_get_the_bills_leaves_the_choice(anna: cast.Person, boris: cast.Person) -> None:
    choose(anna, EMAIL)
    linking.unlink(boris.id, anna.account)
    assert ways(anna.account) == [EMAIL]


def test_choosing_while_another_browser_unlinks_never_leaves_e_mail_without_a_holder(anna: cast.Person) -> None:
    def work(i: int) -> None:
        if i % 2:
            linking.unlink(anna.id, anna.account)
        else:
            choose(anna, EMAIL)

    done = at_once(4, work)
    assert all(one is None or isinstance(one, Refusal) for one in done)
    assert not delivery.current(anna.account.id).is_by_email


def test_a_bounced_address_brings_paper_back_for_all_its_accounts(anna: cast.Person, boris: cast.Person) -> None:
    choose(boris, EMAIL, anna.account)
    choose(boris, EMAIL)
    with base.database.atomic():
        assert delivery.all_to_paper(boris.id, "письма не доходят", delivery.BOUNCED) == 2
        assert delivery.all_to_paper(boris.id, "письма не доходят", delivery.BOUNCED) == 0
    assert delivery.read_by(boris.id) == []
    assert told()[-1] == ("anna@example.ru", PAPER, "письма перестали доходить")


def test_what_is_on_paper_stays_as_it_is(anna: cast.Person) -> None:
    with base.database.atomic():
        assert not delivery.to_paper(anna.account.id, "незачем", STAFF)
    assert ways(anna.account) == []


# ---- words


def test_who_chose_is_told_in_words(anna: cast.Person, boris: cast.Person) -> None:
    choose(anna, EMAIL)
    with audit.acting("staff:3"):
        delivery.choose(anna.id, anna.account, PAPER, STAFF)
    staff, own = delivery.history(account=anna.account.id)
    assert delivery.chosen_by(own, subject(anna.id)) == "вы, в кабинете"
    assert delivery.chosen_by(own, subject(boris.id)) == "другой владелец счёта, в кабинете"
    assert delivery.chosen_by(staff, subject(anna.id)) == "сотрудник"


def test_ways_of_all_accounts_of_a_customer(anna: cast.Person, boris: cast.Person) -> None:
    choose(anna, EMAIL)
    assert delivery.ways_of(boris.id) == {
        anna.account.number: "на почту, без бумаги",
        boris.account.number: "на бумаге",
    }


def test_moments_are_kept_as_they_were(anna: cast.Person, at: Any) -> None:
    choose(anna, EMAIL)
    assert delivery.current(anna.account.id).since == datetime(2026, 11, 20, 3)
    assert DeliveryChoice.select().count() == 1


def test_an_account_that_is_chosen_for_too_often_makes_no_more_letters(
    anna: cast.Person, boris: cast.Person, at: Any
) -> None:
    for way in (EMAIL, PAPER) * 5:
        assert choose(anna, way)
    with pytest.raises(Refusal) as caught:
        choose(anna, EMAIL)
    assert caught.value.problems[0].rule == "limit.delivery.choose"
    assert [to for to, _, _ in told()] == ["boris@example.ru"] * 10
    assert choose(boris, EMAIL, anna.account), "nobody is kept out by somebody else"
    with audit.acting("staff:1"):
        assert delivery.choose(anna.id, anna.account, EMAIL, STAFF)
    at("2026-11-20T11:00")
    assert choose(anna, PAPER)


def test_choices_that_change_nothing_are_not_counted(anna: cast.Person) -> None:
    for _ in range(20):
        assert not choose(anna, PAPER)
    assert choose(anna, EMAIL)


def test_whose_mail_it_is_now_is_told_to_the_others_and_to_the_accounts_own_address(
    anna: cast.Person, boris: cast.Person
) -> None:
    Account.update(email="owner@example.ru").where(Account.id == anna.account.id).execute()
    account = Account.get_by_id(anna.account.id)
    choose(anna, EMAIL, account)
    with audit.acting("staff:1"):
        delivery.choose(boris.id, account, EMAIL, STAFF)
    query = Message.select().where(Message.letter == "delivery_changed").order_by(Message.id)
    assert [(one.to, one.data["way"], one.data["whose"]) for one in query] == [
        ("boris@example.ru", EMAIL, "other"),
        ("owner@example.ru", EMAIL, "other"),
        ("anna@example.ru", EMAIL, "other"),
        ("boris@example.ru", EMAIL, "you"),
        ("owner@example.ru", EMAIL, "other"),
    ]
