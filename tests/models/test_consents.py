"""Consents: given once, ending once, asked about by what rests on them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from peewee import IntegrityError

from models import audit, clock, consents
from models.audit import AuditRow
from models.base import Refusal, database
from models.company_consents import KINDS
from models.consents import Consent, ConsentText
from tests import cast

pytestmark = [pytest.mark.feature("S13"), pytest.mark.usefixtures("db")]


def give(company: Any, kind: str = "official-papers", subject: str = "customer:1", **facts: Any) -> Consent:
    usual = {"channel": "web", "account": "241010000054", "contact": {"way": "email", "email": "anna@example.ru"}}
    with database.atomic():
        return consents.give(subject, company.consents[kind], **{**usual, **facts})


def test_who_agreed_when_to_which_words_from_where_is_kept(company):
    with audit.acting("customer:1", "198.51.100.7"):
        given = give(company)
    document = company.consents["official-papers"]
    assert (given.text.hash, given.text.text, given.text.title) == (document.hash, document.text, document.title)
    assert (given.ip, given.given_at, given.kind) == ("198.51.100.7", clock.now(), "official-papers")
    row = AuditRow.get(AuditRow.deed == "consent.given")
    assert row.detail["hash"] == document.hash and row.detail["consent"] == given.id


def test_one_that_stands_is_found_by_its_account_and_by_its_giver(company):
    given = give(company)
    assert consents.stands("official-papers", "241010000054") == given
    assert consents.standing("official-papers", ["241010000054", "241010000127"]) == {"241010000054": given}
    assert consents.standing_for("official-papers", ["customer:1", "customer:2"]) == {"customer:1": given}
    assert consents.stands("recording", "241010000054") is None
    assert consents.standing("official-papers", []) == {}


def test_the_same_words_with_the_same_contact_are_the_same_consent(company):
    assert give(company) == give(company)
    assert Consent.select().count() == 1


def test_a_key_gives_the_first_answer_even_after_a_withdrawal(company):
    first = give(company, key="form-1")
    consents.withdraw(first.id, channel="web", by="customer:1")
    assert give(company, key="form-1") == first
    assert consents.stands("official-papers", "241010000054") is None


def test_another_contact_replaces_the_one_that_stood(company):
    first = give(company)
    second = give(company, contact={"way": "sms", "phone": "+79135550123"})
    assert consents.stands("official-papers", "241010000054") == second
    assert consents.state(Consent.get_by_id(first.id)) == consents.REPLACED


def test_two_for_one_person_and_account_cannot_stand_whatever_the_code_does(company):
    given = give(company)
    with pytest.raises(IntegrityError), database.atomic():
        Consent.create(
            subject=given.subject, kind=given.kind, text=given.text_id, given_at=clock.now(), channel="web", account=given.account
        )  # fmt: skip


def test_every_payment_has_a_consent_of_its_own(company):
    give(company, "payment", contact={})
    give(company, "payment", contact={})
    assert Consent.select().count() == 2


def test_what_rests_on_a_withdrawn_consent_has_nothing_to_rest_on_at_once(company):
    given = give(company)
    withdrawn = consents.withdraw(given.id, channel="web", by="customer:1")
    assert consents.stands("official-papers", "241010000054") is None
    assert consents.state(withdrawn) == consents.WITHDRAWN
    assert withdrawn.ends_at == clock.now() + timedelta(days=30)


def test_processing_ends_thirty_days_after_a_withdrawal(company, at):
    given = give(company)
    withdrawn = consents.withdraw(given.id, channel="web", by="customer:1")
    at("2026-12-20T09:59")
    assert consents.state(withdrawn) == consents.WITHDRAWN
    at("2026-12-20T10:00")
    assert consents.state(withdrawn) == consents.ENDED


def test_a_second_withdrawal_is_refused_and_changes_nothing(company, at):
    given = give(company)
    first = consents.withdraw(given.id, channel="web", by="customer:1")
    at("2026-11-21T10:00")
    with pytest.raises(Refusal, match="уже отозвано"):
        consents.withdraw(given.id, channel="office", by="staff:1")
    assert Consent.get_by_id(given.id).withdrawn_at == first.withdrawn_at


def test_a_paper_counts_from_the_day_it_came(company, at):
    given = give(company)
    at("2026-11-25T15:00")
    withdrawn = consents.withdraw(given.id, channel="post", by="staff:1", on=date(2026, 11, 23))
    assert clock.local(withdrawn.ends_at).date() == date(2026, 12, 23)


@pytest.mark.parametrize("day", [date(2026, 11, 19), date(2026, 11, 21)])
def test_a_paper_of_a_day_that_cannot_be_is_refused(company, day):
    with pytest.raises(Refusal) as caught:
        consents.withdraw(give(company).id, channel="office", by="staff:1", on=day)
    assert caught.value.problems[0].field == "on"


def test_a_paper_of_the_very_day_of_the_consent_ends_it_no_sooner_than_it_was_given(company):
    given = give(company)
    withdrawn = consents.withdraw(given.id, channel="office", by="staff:1", on=clock.today())
    assert withdrawn.withdrawn_at == given.given_at


def test_settlements_that_are_done_end_processing_sooner_and_once(company):
    given = give(company)
    with pytest.raises(Refusal):
        consents.settle(given.id, by="staff:1")
    consents.withdraw(given.id, channel="web", by="customer:1")
    assert consents.state(consents.settle(given.id, by="staff:1")) == consents.ENDED
    with pytest.raises(Refusal):
        consents.settle(given.id, by="staff:1")


def test_a_consent_to_recording_stands_for_a_year(company, at):
    given = give(company, "recording", account="", contact={})
    assert given.term_until == date(2027, 11, 20)
    at("2027-11-20T23:00")
    assert consents.standing_for("recording", ["customer:1"]) == {"customer:1": given}
    at("2027-11-21T00:01")
    assert consents.standing_for("recording", ["customer:1"]) == {}
    assert consents.state(given) == consents.EXPIRED


def test_one_that_has_expired_can_be_given_again(company, at):
    first = give(company, "recording", account="", contact={})
    at("2028-01-10T10:00")
    second = give(company, "recording", account="", contact={})
    assert second != first and consents.standing_for("recording", ["customer:1"]) == {"customer:1": second}


def test_a_year_from_the_29th_of_february_is_the_28th(company, at):
    at("2028-02-29T10:00")
    assert give(company, "recording", account="", contact={}).term_until == date(2029, 2, 28)


def test_leaving_an_account_ends_what_was_agreed_to_for_it_in_the_cabinet_alone(company):
    mine = give(company)
    paper = give(company, "recording", "account:241010000054", channel="office", contact={}, paper_number="С-000001-7")
    other = give(company, account="241010000127")
    cabinet = give(company, "personal-data", contact={})
    assert consents.leave("customer:1", "241010000054") == 1
    assert consents.state(Consent.get_by_id(mine.id)) == consents.ENDED
    for one in (paper, other, cabinet):
        assert consents.state(Consent.get_by_id(one.id)) == consents.IN_FORCE
    assert consents.stands("recording", "241010000054") == paper


def test_of_several_that_stand_for_an_account_the_newest_counts(company, at):
    give(company)
    at("2026-11-21T10:00")
    second = give(company, subject="customer:2", contact={"way": "email", "email": "boris@example.ru"})
    assert consents.stands("official-papers", "241010000054") == second


def test_the_words_are_kept_once_however_many_agree(company):
    for i in range(3):
        give(company, subject=f"customer:{i}")
    assert ConsentText.select().count() == 1


def test_every_kind_of_the_cast_is_in_the_table(company):
    anna = cast.anna(history=False)
    given = consents.standing_for("personal-data", [anna.customer.subject])
    assert set(given) == {anna.customer.subject} and given[anna.customer.subject].kind in KINDS
