"""Agreeing and taking back in the cabinet: who may, where letters go, what a withdrawal stops."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from models import audit, consents
from models import company as companies
from models.base import Refusal
from models.consents import Consent, ConsentText
from models.entrance import agreeing, linking
from models.entrance.agreeing import Agreement
from models.metering.accounts import link
from models.outbox import Message
from models.outbox.addresses import suspend
from models.people.customers import Customer
from tests import cast
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("db")
PAPERS = "official-papers"


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    return cast.anna(history=False)


def agree(person: cast.Person, kind: str = PAPERS, *, key: str = "form", **filled: Any) -> Consent:
    usual = {"ticked": True, "account": person.account.number, "way": "email"} if kind == PAPERS else {"ticked": True}
    return agreeing.agree(person.id, kind, Agreement(**{**usual, **filled}), key=key)


def refused(call: Any) -> tuple[str | None, str]:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.problems[0].field, caught.value.problems[0].rule


@pytest.mark.feature("S33")
def test_notices_go_where_the_form_says_once_it_is_given(anna):
    given = agree(anna)
    assert consents.stands(PAPERS, anna.account.number) == given
    assert given.contact == {"way": "email", "email": "anna@example.ru"} and given.channel == "web"


def test_by_sms_to_the_phone_of_the_profile(anna):
    assert agree(anna, way="sms").contact == {"way": "sms", "phone": "+79135550123"}


def test_a_letter_tells_what_was_agreed_to_once_however_often_the_button_was_pressed(anna, company):
    assert agree(anna) == agree(anna) == agree(anna, key="another page")
    (letter,) = Message.select().where(Message.letter == "consent_given")
    assert letter.data == {
        "title": company.consents[PAPERS].title, "account": anna.account.number, "day": "2026-11-20", "where": "anna@example.ru"
    }  # fmt: skip
    assert (letter.to, letter.subject) == ("anna@example.ru", anna.customer.subject)


def test_pressed_five_times_at_once_it_is_one_consent(anna):
    done = at_once(5, lambda i: agree(anna, key=f"tab-{i}").id)
    assert len(set(done)) == 1 and isinstance(done[0], int), done
    assert Message.select().where(Message.letter == "consent_given").count() == 1


@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({"ticked": False}, "consent"),
        ({"account": ""}, "account"),
        ({"account": "241010000171"}, "account"),
        ({"account": "\0"}, "account"),
        ({"way": ""}, "way"),
        ({"way": "pigeon"}, "way"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_stored(anna, filled, field):
    cast.vera()
    assert refused(lambda: agree(anna, **filled))[0] == field
    assert not Consent.select().where(Consent.kind == PAPERS).exists()


def test_an_address_that_takes_no_mail_is_refused(anna):
    suspend("anna@example.ru", "550 no such user")
    assert refused(lambda: agree(anna)) == ("way", "consent.suspended")


def test_sms_without_a_phone_is_refused(anna):
    Customer.update(phone="").execute()
    assert refused(lambda: agree(anna, way="sms")) == ("way", "consent.phone")


def test_one_to_personal_data_is_not_asked_for_while_it_stands(anna):
    assert refused(lambda: agree(anna, "personal-data")) == (None, "consent.not_asked")


def test_one_to_payments_is_given_with_payments_only(anna):
    assert refused(lambda: agree(anna, "payment")) == (None, "consent.not_asked")


@pytest.mark.feature("S14")
def test_being_told_of_charges_is_asked_where_the_company_has_the_document(anna):
    assert refused(lambda: agree(anna, "charges-news")) == (None, "consent.not_asked")


@pytest.mark.feature("S14")
@pytest.mark.company("koryak")
def test_being_told_of_charges_is_agreed_to_apart_from_personal_data(anna):
    assert consents.standing_for("charges-news", [anna.customer.subject]) == {}
    given = agree(anna, "charges-news")
    assert consents.standing_for("charges-news", [anna.customer.subject]) == {anna.customer.subject: given}
    agreeing.withdraw_own(anna.id, "charges-news", "")
    assert consents.standing_for("charges-news", [anna.customer.subject]) == {}
    assert consents.standing_for("personal-data", [anna.customer.subject])


@pytest.mark.feature("S33")
def test_withdrawn_it_stops_at_once_and_a_letter_says_until_when_data_are_processed(anna):
    given = agree(anna)
    with audit.acting(anna.customer.subject):
        agreeing.withdraw_own(anna.id, PAPERS, anna.account.number)
    assert consents.stands(PAPERS, anna.account.number) is None
    (letter,) = Message.select().where(Message.letter == "consent_withdrawn")
    assert (letter.data["day"], letter.data["ends"]) == ("2026-11-20", "2026-12-20")
    assert Consent.get_by_id(given.id).withdrawn_by == anna.customer.subject


def test_a_withdrawal_leaves_the_cabinet_and_other_accounts_alone(anna):
    other = cast.account(127, last_name="Орлов", first_name="Борис")
    link(anna.id, other)
    agree(anna)
    second = agree(anna, account=other.number, key="other")
    agreeing.withdraw_own(anna.id, PAPERS, anna.account.number)
    assert consents.standing(PAPERS, [anna.account.number, other.number]) == {other.number: second}
    assert Customer.get_by_id(anna.id).closes_at is None


def test_nobody_withdraws_what_somebody_else_has_given(anna):
    given = agree(anna)
    boris = cast.boris(anna)
    assert refused(lambda: agreeing.withdraw_own(boris.id, PAPERS, anna.account.number)) == (None, "consent.none")
    assert Consent.get_by_id(given.id).withdrawn_at is None


def test_twice_withdrawn_is_once(anna):
    agree(anna)
    agreeing.withdraw_own(anna.id, PAPERS, anna.account.number)
    assert refused(lambda: agreeing.withdraw_own(anna.id, PAPERS, anna.account.number)) == (None, "consent.none")
    assert Message.select().where(Message.letter == "consent_withdrawn").count() == 1


def test_consents_of_payments_are_withdrawn_together_for_an_account(anna, company):
    for _ in range(3):
        consents.give(anna.customer.subject, company.consents["payment"], channel="web", account=anna.account.number)
    assert [one.times for one in agreeing.of_payments(anna.id)] == [3]
    agreeing.withdraw_own(anna.id, "payment", anna.account.number)
    assert agreeing.of_payments(anna.id) == []
    assert Message.select().where(Message.letter == "consent_withdrawn").count() == 1


def test_unlinked_the_account_takes_its_consent_along(anna):
    agree(anna)
    linking.unlink(anna.id, anna.account)
    assert consents.stands(PAPERS, anna.account.number) is None


def test_a_paper_of_the_accounts_holder_is_shown_to_whoever_holds_the_account(anna, company):
    consents.give(
        f"account:{anna.account.number}", company.consents[PAPERS], channel="office", account=anna.account.number,
        contact={"way": "email", "email": "somebody@example.ru"}, paper_number="С-000001-7", registered_by=1,
    )  # fmt: skip
    shown = [one for one in agreeing.of_customer(anna.id, [anna.account.number]) if one.consent.kind == PAPERS]
    assert [(one.is_own, one.may_be_withdrawn, one.state) for one in shown] == [(False, True, consents.IN_FORCE)]
    assert not [one for one in agreeing.of_customer(cast.vera().id, []) if one.consent.kind == PAPERS]


def test_a_paper_withdrawal_of_somebody_without_a_cabinet_is_told_to_the_address_on_the_paper(anna, company):
    paper = consents.give(
        f"account:{anna.account.number}", company.consents[PAPERS], channel="post", account=anna.account.number,
        contact={"way": "email", "email": "somebody@example.ru"}, registered_by=1,
    )  # fmt: skip
    agreeing.withdraw(paper.id, channel="office", by="staff:1")
    told = Message.select().where(Message.letter == "consent_withdrawn").order_by(Message.to)
    assert [(one.to, one.subject) for one in told] == [
        ("anna@example.ru", anna.customer.subject),  # who holds the account learns of it too
        ("somebody@example.ru", ""),
    ]


def test_an_older_version_goes_on_standing_with_its_own_words(anna, company, monkeypatch):
    given = agree(anna, "recording")
    newer = replace(company.consents["recording"], version="2027-01", text="Согласие\n\nНовый текст", hash="0" * 64)
    changed = replace(company, consents=MappingProxyType({**company.consents, "recording": newer}))
    monkeypatch.setattr(companies, "_current", changed)
    (shown,) = [one for one in agreeing.of_customer(anna.id, []) if one.consent.kind == "recording"]
    assert shown.state == consents.IN_FORCE and shown.text.version == company.consents["recording"].version
    assert consents.standing_for("recording", [anna.customer.subject]) == {anna.customer.subject: given}


def test_words_changed_under_an_old_versions_name_are_noticed(anna, company, monkeypatch):
    agree(anna)
    assert list(agreeing.oddities()) == []
    document = company.consents[PAPERS]
    other = replace(document, text=document.text + "\nИ ещё.", hash="f" * 64)
    versions = MappingProxyType({**company.consent_versions, (PAPERS, document.version): other})
    monkeypatch.setattr(companies, "_current", replace(company, consent_versions=versions))
    (said,) = agreeing.oddities()
    assert said.startswith(f"consents: {PAPERS}.{document.version}.txt is not what customers agreed to")
    assert ConsentText.get_by_id(document.hash).text == document.text


def test_a_relatives_consent_takes_nobodys_papers_away_and_is_told_to_the_others(anna):
    boris = cast.boris(anna)
    first = agree(anna)
    second = agreeing.agree(boris.id, PAPERS, Agreement(True, anna.account.number, "sms"), key="boris")
    assert consents.standing_all(PAPERS, [anna.account.number]) == {anna.account.number: [first, second]}
    told = Message.select().where(Message.letter == "consent_given", Message.key.contains(f":{second.id}:"))
    phone = boris.customer.phone
    masked = f"СМС на\u00a0+7 *** {phone[-4:-2]}-{phone[-2:]}"
    assert sorted((one.to, one.data["where"]) for one in told) == [
        ("anna@example.ru", masked),
        ("boris@example.ru", masked),
    ]


def test_the_letter_of_leaving_says_when_the_cabinet_closes(anna):
    agreeing.withdraw_own(anna.id, "personal-data", "", password=cast.PASSWORD)
    assert Message.get(Message.letter == "consent_withdrawn").data["closes"] == "2026-12-20"


def test_whoever_holds_the_account_ends_its_paper_and_a_stranger_does_not(anna, company):
    number = anna.account.number
    paper = consents.give(
        f"account:{number}", company.consents[PAPERS], channel="office", account=number, paper_number="С-000001-7"
    )
    vera = cast.vera()
    assert refused(lambda: agreeing.withdraw_own(vera.id, PAPERS, number)) == (None, "consent.none")
    agreeing.withdraw_own(anna.id, PAPERS, number)
    ended = Consent.get_by_id(paper.id)
    assert (consents.state(ended), ended.withdrawn_by) == (consents.WITHDRAWN, anna.customer.subject)


def test_agreeing_and_being_unlinked_at_once_leave_nothing_for_who_holds_the_account_no_more(anna):
    def press(i):
        return linking.unlink(anna.id, anna.account) if i else agree(anna)

    at_once(2, press)
    assert consents.stands(PAPERS, anna.account.number) is None


def test_giving_again_and_again_writes_no_more_than_ten_letters_to_a_relative(anna):
    boris = cast.boris(anna)
    for n in range(10):
        agreeing.agree(boris.id, PAPERS, Agreement(True, anna.account.number, "sms" if n % 2 else "email"), key=str(n))
    again = Agreement(True, anna.account.number, "email")
    assert refused(lambda: agreeing.agree(boris.id, PAPERS, again, key="10")) == (None, "limit.consent.give")
    assert Message.select().where(Message.letter == "consent_given", Message.to == "anna@example.ru").count() == 10
