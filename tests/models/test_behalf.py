"""What an employee does in a card for the customer: the customer's own verbs and refusals, marked, told, and for this account alone."""

from __future__ import annotations

from datetime import date

import pytest

from models import audit
from models.audit import AuditRow
from models.base import Refusal
from models.metering import finding
from models.metering.accounts import Account, Holding
from models.metering.intake import Unconfirmed
from models.metering.readings import Reading
from models.office import behalf, cards
from models.outbox import Message
from models.people.sessions import Session
from models.tokens import Token
from tests import cast

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def anna() -> cast.Person:
    return cast.anna()


@pytest.fixture
def card(anna):
    oleg = cast.employee("operator", email="oleg@example.ru")
    with audit.acting(oleg.subject):
        cards.open_card(oleg.id, anna.account.number, "call", "просит помочь")
        yield cards.present(oleg.id, anna.account.number)


def marked(deed: str) -> dict:
    row = AuditRow.get(AuditRow.deed == deed)
    assert row.who.startswith("staff:") and row.subject == "account:241010000054"
    assert row.detail.pop("on_behalf") is True
    assert row.detail.pop("reason") == "звонок: просит помочь"
    return row.detail


def letters() -> list[tuple[str, str]]:
    return sorted((one.letter, one.to) for one in Message.select() if one.letter != "one_more_holder")


def refused(deed, *given: object) -> str:
    with pytest.raises(Refusal) as refusal:
        deed(*given)
    return refusal.value.problems[0].rule


def typed(anna, *values: int) -> dict[int, tuple[str, ...]]:
    return {anna.meter.id: tuple(map(str, values))}


# ---- readings


def test_readings_count_as_received_by_staff(card, anna) -> None:
    received = behalf.pass_readings(card, typed(anna, *cast.USUAL), key="k", confirmed=False)
    reading = Reading.get(Reading.receipt == received.receipt_id)
    assert (reading.channel, reading.state, reading.t1) == ("staff", "accepted", 6440)
    assert marked("behalf.readings") == {"receipt": received.receipt_id}


def test_the_same_form_twice_is_one_reading(card, anna) -> None:
    for _ in range(2):
        received = behalf.pass_readings(card, typed(anna, *cast.USUAL), key="k", confirmed=False)
    assert not received.is_new
    assert AuditRow.select().where(AuditRow.deed == "behalf.readings").count() == 1


def test_an_unusual_reading_is_doubted_and_stored_only_when_confirmed(card, anna) -> None:
    with pytest.raises(Unconfirmed):
        behalf.pass_readings(card, typed(anna, 16440, 2720), key="k", confirmed=False)
    assert not Reading.select().where(Reading.channel == "staff").exists()
    assert not AuditRow.select().where(AuditRow.deed == "behalf.readings").exists()
    behalf.pass_readings(card, typed(anna, 16440, 2720), key="k", confirmed=True)
    assert Reading.get(Reading.channel == "staff").state == "held"


def test_a_reading_taken_earlier_keeps_its_day(card, anna) -> None:
    behalf.pass_readings(card, typed(anna, *cast.USUAL), key="k", confirmed=False, taken=date(2026, 11, 12))
    assert Reading.get(Reading.channel == "staff").taken == date(2026, 11, 12)


# ---- contacts


def test_a_changed_contact_is_found_and_told_at_both_addresses(card) -> None:
    Account.update(email="old@example.ru", phone="+79130000001").where(Account.id == card.id).execute()
    behalf.change_contact(card, " New@Example.ru ", "8 913 000-00-02")
    account = Account.get_by_id(card.id)
    assert (account.email, account.phone) == ("new@example.ru", "+79130000002")
    assert letters() == [("contact_changed", "new@example.ru"), ("contact_changed", "old@example.ru")]
    assert (
        finding.find("0000002").rows and finding.find("new@example.ru").rows and not finding.find("old@example.ru").rows
    )
    assert marked("behalf.contact_changed") == {"what": "почта и телефон"}


def test_contacts_may_be_taken_away(card) -> None:
    behalf.change_contact(card, "", "+7 913 000-00-02")
    behalf.change_contact(card, "", "")
    assert Account.get_by_id(card.id).phone == ""


def test_wrong_contacts_are_refused(card) -> None:
    assert refused(behalf.change_contact, card, "нет", "") == "email.shape"
    assert refused(behalf.change_contact, card, "", "123") == "phone.shape"
    assert refused(behalf.change_contact, card, "", "") == "contact.same"
    assert letters() == [] and not AuditRow.select().where(AuditRow.deed == "behalf.contact_changed").exists()


# ---- holders


def test_an_unlinked_holder_loses_this_account_alone_and_is_told_why(card, anna) -> None:
    boris = cast.boris(anna)
    behalf.unlink_holder(card, boris.id, "  квартира  продана ")
    assert [
        one.account_id for one in Holding.select().where(Holding.customer == boris.id, Holding.until.is_null())
    ] == [boris.account.id]
    assert letters() == [("unlinked", "boris@example.ru")]
    assert Message.get(Message.letter == "unlinked").data == {"account": card.number, "reason": "квартира продана"}
    assert marked("behalf.unlinked") == {"customer": boris.id, "note": "квартира продана"}
    assert refused(behalf.unlink_holder, card, boris.id, "ещё раз") == "holder.none"


def test_unlinking_wants_a_word_why(card, anna) -> None:
    assert refused(behalf.unlink_holder, card, anna.id, " . ") == "unlink.why"
    assert refused(behalf.unlink_holder, card, anna.id, "а" * 201) == "unlink.why"


def test_all_devices_of_a_holder_are_signed_out(card, anna) -> None:
    for device in ("Firefox", "Chrome"):
        Session.open(anna.customer, device)
    vera = cast.vera()
    Session.open(vera.customer, "Firefox")
    assert behalf.end_sessions(card, anna.id) == 2
    assert not Session.live(anna.id).exists() and Session.live(vera.id).exists()
    assert marked("behalf.sessions_ended") == {"customer": anna.id, "count": 2}


def test_the_recovery_letter_goes_to_the_confirmed_address(card, anna) -> None:
    assert behalf.send_recovery(card, anna.id) == "anna@example.ru"
    assert letters() == [("recover", "anna@example.ru")]
    assert Token.get().subject == anna.customer.subject
    told = str(marked("behalf.recovery_sent"))
    letter = Message.get(Message.letter == "recover")
    assert letter.secrets["code"] not in told and letter.secrets["token"] not in told


def test_so_many_recovery_letters_an_hour(card, anna) -> None:
    for _ in range(5):
        behalf.send_recovery(card, anna.id)
    assert refused(behalf.send_recovery, card, anna.id) == "limit.recover.login"
    assert len(letters()) == 5


@pytest.mark.parametrize(
    "deed", [behalf.end_sessions, behalf.send_recovery, lambda card, who: behalf.unlink_holder(card, who, "пора")]
)
def test_nobody_elses_log_in_can_be_touched_from_a_card(card, anna, deed) -> None:
    vera = cast.vera()
    Session.open(vera.customer, "Firefox")
    assert refused(deed, card, vera.id) == "holder.none"
    assert refused(deed, card, 10**9) == "holder.none"
    assert letters() == [] and Session.live(vera.id).count() == 1
    assert Holding.select().where(Holding.until.is_null(False)).count() == 0


def test_a_printed_paper_is_noted(card) -> None:
    behalf.printed(card, "bill", period="2026-10")
    behalf.printed(card, "statement")
    assert marked("behalf.bill_printed") == {"period": "2026-10"}
    assert marked("behalf.statement_printed") == {}
