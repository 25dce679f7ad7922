"""Leaving the cabinet: what stops at once, thirty days to come back, and nothing of the person left after them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models import audit, clock, consents, doctor, outbox, tokens
from models.audit import AuditRow
from models.base import Refusal
from models.billing import delivery
from models.consents import Consent
from models.entrance import agreeing, leaving, profile, sign_in, sign_up
from models.entrance.agreeing import Agreement
from models.metering import finding
from models.metering.accounts import Account, Holding
from models.metering.readings import Reading
from models.outbox import Message
from models.outbox.addresses import Suspension
from models.people import customers, sessions
from models.people.customers import Customer
from tests import cast
from tests.crowd import at_once

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.feature("S13")]


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    return cast.anna()


def leave(person: cast.Person, **how: Any) -> None:
    with audit.acting(person.customer.subject):
        agreeing.withdraw_own(
            person.id, "personal-data", "", **{"password": cast.PASSWORD, "understood": True, "session_id": None, **how}
        )


def gone(at: Any, person: cast.Person) -> bool:
    at("2026-12-20T10:00")
    assert leaving.due() == [person.id]
    return leaving.close(person.id)


@pytest.mark.parametrize(
    ("how", "field"), [({"password": "wrong"}, "password"), ({"password": ""}, "password"), ({"understood": False}, "understood")]
)  # fmt: skip
def test_leaving_wants_the_password_and_a_tick(anna, how, field):
    with pytest.raises(Refusal) as caught:
        leave(anna, **how)
    assert caught.value.problems[0].field == field
    assert Customer.get_by_id(anna.id).closes_at is None


def test_at_once_other_devices_are_out_and_this_one_stays(anna):
    secrets = [sessions.Session.open(anna.customer, "phone") for _ in range(3)]
    here = sessions.find(secrets[0])
    leave(anna, session_id=here.id)
    assert [sessions.find(secret) is not None for secret in secrets] == [True, False, False]


def test_at_once_bills_come_on_paper_and_nothing_is_written_that_was_not_asked_for(anna):
    delivery.choose(anna.id, anna.account, "email", "web")
    assert delivery.receivers([anna.account.id])
    leave(anna)
    assert delivery.receivers([anna.account.id]) == {}
    assert delivery.current(anna.account.id).way == "paper"
    assert customers.leaving([anna.id]) == {anna.id}


def test_links_that_were_asked_for_before_open_nothing(anna):
    issued = tokens.issue("recover", anna.customer.subject, sign_up.LIVES)
    leave(anna)
    assert tokens.find("recover", issued.secret) is None


def test_the_cabinet_is_still_open_for_thirty_days(anna, at):
    leave(anna)
    at("2026-12-20T09:59")
    assert leaving.due() == [] and not leaving.close(anna.id)
    assert sign_in.sign_in("anna@example.ru", cast.PASSWORD).customer.id == anna.id


def test_who_agrees_again_in_time_stays(anna, at):
    leave(anna)
    at("2026-12-19T10:00")
    given = agreeing.agree(anna.id, "personal-data", Agreement(ticked=True), key="again")
    at("2027-01-20T10:00")
    assert leaving.due() == [] and not leaving.close(anna.id)
    assert consents.standing_for("personal-data", [anna.customer.subject]) == {anna.customer.subject: given}
    assert customers.leaving([anna.id]) == set()


def test_the_withdrawn_consent_stays_in_the_register_beside_the_new_one(anna):
    leave(anna)
    agreeing.agree(anna.id, "personal-data", Agreement(ticked=True), key="again")
    states = [consents.state(one) for one in Consent.select().order_by(Consent.id)]
    assert states == [consents.ENDED, consents.IN_FORCE]
    assert Consent.select().order_by(Consent.id).first().withdrawal_channel == "web"


def test_after_thirty_days_nothing_of_the_person_is_left(anna, at):
    sessions.Session.open(anna.customer, "Mozilla/5.0 of Anna")
    tokens.issue("email", anna.customer.subject, sign_up.LIVES, email="anna.new@example.ru")
    outbox.post("cheque", "anna@example.ru", {"name": "Анна"}, subject=anna.customer.subject)
    outbox.post("news", "anna@example.ru", {"title": "", "text": ""}, due_at=clock.now() + sign_up.LIVES * 30)
    Suspension.create(address="anna@example.ru", reason="full")
    leave(anna)
    assert gone(at, anna)
    customer = Customer.get_by_id(anna.id)
    assert (customer.phone, customer.name, customer.password_hash, customer.closed_at) == ("", "", "", clock.now())
    assert customer.email == f"closed-{anna.id}@closed.invalid"
    assert not sessions.Session.select().exists() and not tokens.Token.select().exists()
    assert not Suspension.select().exists()
    for message in Message.select():
        assert (message.to, message.domain, message.data, message.secrets) == ("", "", {}, {}), message.letter
        assert message.state == outbox.CANCELLED


def test_what_the_law_keeps_stays(anna, at):
    readings = Reading.select().count()
    leave(anna)
    gone(at, anna)
    assert Reading.select().count() == readings
    assert Account.get_by_id(anna.account.id).last_name == "Иванова"
    assert [consents.state(one) for one in Consent.select()] == [consents.ENDED]
    assert (
        AuditRow.select()
        .where(AuditRow.subject == anna.customer.subject, AuditRow.deed == "consent.withdrawn")
        .exists()
    )


def test_the_account_is_nobodys_and_cannot_be_found_by_the_address(anna, at):
    leave(anna)
    assert finding.find("anna@example.ru").rows
    gone(at, anna)
    assert not Holding.select().where(Holding.until.is_null()).exists()
    assert not finding.find("anna@example.ru").rows


def test_nobody_can_sign_in_any_more(anna, at):
    leave(anna)
    gone(at, anna)
    for login in ("anna@example.ru", f"closed-{anna.id}@closed.invalid", anna.account.number):
        for password in (cast.PASSWORD, ""):
            with pytest.raises(Refusal):
                sign_in.sign_in(login, password)


def test_the_act_of_destruction_is_in_the_audit_log(anna, at, company):
    leave(anna)
    gone(at, anna)
    act = AuditRow.get(AuditRow.deed == "customer.destroyed")
    assert act.subject == anna.customer.subject and act.detail["operator"] == company.legal_name
    for name in ("why", "how", "day", "erased", "kept", "letters", "sessions"):
        assert name in act.detail
    assert "anna@example.ru" not in repr(act.detail)


def test_the_address_is_free_for_a_new_cabinet(anna, at):
    leave(anna)
    gone(at, anna)
    again = cast.customer("anna@example.ru", "Анна", anna.account)
    assert again.id != anna.id and sign_in.sign_in("anna@example.ru", cast.PASSWORD).customer.id == again.id


def test_other_consents_of_the_cabinet_end_with_it_and_papers_do_not(anna, at, company):
    mine = agreeing.agree(
        anna.id, "official-papers", Agreement(ticked=True, account=anna.account.number, way="email"), key="p"
    )
    paper = consents.give(
        f"account:{anna.account.number}", company.consents["recording"], channel="office", account=anna.account.number
    )  # fmt: skip
    leave(anna)
    assert consents.state(Consent.get_by_id(mine.id)) == consents.IN_FORCE
    gone(at, anna)
    assert consents.state(Consent.get_by_id(mine.id)) == consents.ENDED
    assert consents.stands("recording", anna.account.number) == paper


def test_closing_twice_destroys_once(anna, at):
    leave(anna)
    assert gone(at, anna)
    assert not leaving.close(anna.id)
    assert AuditRow.select().where(AuditRow.deed == "customer.destroyed").count() == 1


def test_who_presses_just_too_late_is_told_and_agrees_to_nothing(anna, at):
    leave(anna)
    gone(at, anna)
    for kind in ("personal-data", "recording"):
        with pytest.raises(Refusal, match="не дают"):
            agreeing.agree(anna.id, kind, Agreement(ticked=True), key="late")
    assert not Consent.select().where(Consent.withdrawn_at.is_null()).exists()


def test_staying_and_closing_at_once_end_in_one_of_both(anna, at):
    leave(anna)
    at("2026-12-20T10:00")

    def press(i):
        return (
            leaving.close(anna.id) if i else agreeing.agree(anna.id, "personal-data", Agreement(ticked=True), key="now")
        )

    stayed, closed = at_once(2, press)
    customer = Customer.get_by_id(anna.id)
    stands = bool(consents.standing_for("personal-data", [anna.customer.subject]))
    assert closed in (True, False) and isinstance(stayed, Refusal if closed else Consent)
    assert (customer.closed_at is None, customer.closes_at is None, stands) == ((not closed,) * 3)


def test_two_workers_at_once_destroy_once(anna, at):
    leave(anna)
    at("2026-12-20T10:00")
    assert sorted(at_once(2, lambda _: leaving.close(anna.id)), key=str) == [False, True]


def test_a_letter_on_its_way_is_waited_for(anna, at):
    outbox.post("cheque", "anna@example.ru", {}, subject=anna.customer.subject)
    leave(anna)
    Message.update(state=outbox.SENDING).where(Message.letter == "cheque").execute()
    assert not gone(at, anna)
    Message.update(state=outbox.SENT).where(Message.letter == "cheque").execute()
    assert leaving.close(anna.id)


def test_a_relatives_cabinet_and_letters_are_untouched(anna, at):
    boris = cast.boris(anna)
    outbox.post("cheque", "boris@example.ru", {"name": "Борис"}, subject=boris.customer.subject)
    leave(anna)
    gone(at, anna)
    assert Customer.get_by_id(boris.id).email == "boris@example.ru"
    assert Message.select().where(Message.to == "boris@example.ru", Message.letter == "cheque").exists()
    assert Account.of(boris.id).count() == 2


def test_settlements_that_are_done_take_nobodys_thirty_days_away(anna, at):
    leave(anna)
    with pytest.raises(Refusal) as caught:
        consents.settle(Consent.get().id, by="staff:1")
    assert caught.value.problems[0].rule == "consent.not_settled"
    at("2026-12-20T09:59")
    assert leaving.due() == []


def test_a_paper_that_lay_about_leaves_thirty_days_from_its_registration_too(anna, at):
    at("2027-03-01T10:00")
    agreeing.withdraw(Consent.get().id, channel="post", by="staff:1", on=date(2026, 12, 1))
    assert Customer.get_by_id(anna.id).closes_at == clock.now() + consents.ENDS_IN
    assert Consent.get().ends_at == clock.now() + consents.ENDS_IN
    at("2027-03-31T09:59")
    assert leaving.due() == [] and not leaving.close(anna.id)


def test_letters_to_an_address_that_the_customer_had_before_are_wiped_too(anna, at):
    outbox.post("activate", "anna@example.ru", {"account": anna.account.number})  # of before there was a customer
    profile.ask_for_email(anna.id, cast.PASSWORD, "anna.new@example.ru")
    profile.confirm_email(tokens.Token.get())
    Suspension.create(address="anna@example.ru", reason="full")
    profile.change_password(anna.id, cast.PASSWORD, "другой длинный пароль", "другой длинный пароль", 0)
    with audit.acting(anna.customer.subject):
        agreeing.withdraw_own(anna.id, "personal-data", "", password="другой длинный пароль")
    assert gone(at, anna)
    assert {message.letter for message in Message.select()} >= {"activate", "confirm_email", "email_changed"}
    for message in Message.select():
        assert (message.to, message.data) == ("", {}), message.letter
    assert not Suspension.select().exists()


def test_a_withdrawal_on_paper_signs_every_device_out(anna):
    secret = sessions.Session.open(anna.customer, "phone")
    agreeing.withdraw(Consent.get().id, channel="office", by="staff:1")
    assert sessions.find(secret) is None
    assert Customer.get_by_id(anna.id).closes_at is not None


def test_a_cabinet_that_should_be_closed_by_now_is_told_to_the_administrator(anna, at):
    leave(anna)
    at("2026-12-22T10:00")
    assert [said for said in doctor.complaints() if said.startswith("customers: 1 withdrew")]
