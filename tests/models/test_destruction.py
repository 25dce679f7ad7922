"""Closing a cabinet leaves no address in the rooms of mailings and bounces either, or nothing at all has happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from models import clock, outbox
from models.audit import AuditRow
from models.contact.bounces import Undelivered
from models.entrance import agreeing, leaving
from models.mailings.mailings import Mailing, Recipient
from models.office import destruction
from models.outbox import Message
from models.people.customers import Customer
from tests import cast

pytestmark = pytest.mark.feature("S13")


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    """Anna with a letter of a mailing that came back, about to be closed."""
    person = cast.anna(history=False)
    outbox.post("news", "anna@example.ru", {"title": "", "text": ""}, subject=person.customer.subject)
    message = Message.get()
    mailing = Mailing.create(letter="news", name="Новости", per_minute=60, author=cast.employee("administrator"))
    Recipient.create(
        mailing=mailing, account=person.account.id, customer=person.id, way="email", address="anna@example.ru", message=message.id
    )  # fmt: skip
    Undelivered.create(message=message, address="anna@example.ru", status="5.1.1", reason="no anna@example.ru here")
    agreeing.withdraw_own(person.id, "personal-data", "", password=cast.PASSWORD)
    return person


def test_the_address_is_nowhere(anna: cast.Person, at: Any) -> None:
    at("2026-12-20T10:00")
    assert destruction.close(anna.id)
    assert [one.address for one in Recipient.select()] == [""]
    assert [(one.address, one.reason) for one in Undelivered.select()] == [("", "")]
    act = AuditRow.get(AuditRow.deed == "customer.destroyed").detail
    assert (act["letters of mailings"], act["letters that came back"]) == (1, 1)


def test_who_was_left_out_of_a_mailing_and_an_address_of_before_are_nowhere_either(anna: cast.Person, at: Any) -> None:
    Customer.update(email="anna.new@example.ru").where(Customer.id == anna.id).execute()
    Recipient.create(
        mailing=Mailing.get(), account=anna.account.id, customer=anna.id, about="2", way="email", address="anna@example.ru",
        excluded="unwanted",
    )  # fmt: skip
    at("2026-12-20T10:00")
    assert destruction.close(anna.id)
    assert {one.address for one in Recipient.select()} == {""} == {one.address for one in Undelivered.select()}


def test_before_its_day_nothing_is_touched(anna: cast.Person) -> None:
    assert not destruction.close(anna.id)
    assert [one.address for one in Recipient.select()] == ["anna@example.ru"]


def test_a_fault_half_way_leaves_everything_as_it_was(anna: cast.Person, at: Any, monkeypatch: Any) -> None:
    now: datetime = at("2026-12-20T10:00")

    def broken(*_: Any) -> None:
        raise RuntimeError("out of disk")

    monkeypatch.setattr(leaving, "_act", broken)
    with pytest.raises(RuntimeError):
        destruction.close(anna.id)
    customer = Customer.get_by_id(anna.id)
    assert (customer.email, customer.closed_at) == ("anna@example.ru", None) and now == clock.now()
    assert [one.address for one in Recipient.select()] == ["anna@example.ru"]
