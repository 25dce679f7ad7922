"""Customers: whoever holds a log-in to the cabinet. A row exists only for a confirmed e-mail address.

The row of a cabinet that was closed stays, with nothing of the person in it: what refers to it is kept by law.
"""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from peewee import CharField, DateTimeField

from models import clock
from models.base import Refusal, Row


class Customer(Row):
    email = CharField(unique=True)
    phone = CharField(default="", index=True)  # E.164
    name = CharField(default="")  # how to address them
    password_hash = CharField()
    created_at = DateTimeField(default=clock.now)
    # The consent to personal data was withdrawn: when the cabinet closes at the latest, and when it was closed.
    closes_at = DateTimeField(null=True, index=True)
    closed_at = DateTimeField(null=True)

    @property
    def subject(self) -> str:
        return subject(self.id)

    @classmethod
    def by_email(cls, email: str) -> Customer | None:
        return None if "\0" in email else cls.get_or_none(cls.email == email)  # Postgres refuses to look for NUL


def subject(customer_id: int) -> str:
    """How audit, consents and tokens name a customer."""
    return f"customer:{customer_id}"


def id_of(subject: str) -> int | None:
    """The customer's id of 'customer:12'; None of any other subject."""
    kind, _, number = subject.partition(":")
    return int(number) if kind == "customer" and number.isdecimal() else None


def leaving(customer_ids: Iterable[int]) -> set[int]:
    """Those whose cabinet closes or is closed: nothing is written to them but what they asked for."""
    asked = list(customer_ids)
    query = Customer.select(Customer.id).where(Customer.id.in_(asked), Customer.closes_at.is_null(False))
    return {one.id for one in query} if asked else set()


def normal_email(typed: str, field: str = "email") -> str:
    """The address in lower case; refused when it is none."""
    try:
        if len(typed) > 254:
            raise EmailNotValidError
        return validate_email(typed.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise Refusal(field, "Это не похоже на адрес почты. Пример: anna@example.ru", "email.shape") from None


def normal_phone(typed: str, field: str = "phone") -> str:
    """A Russian number as +7…; refused when it is none. Foreign numbers are refused: codes by SMS go to +7 only."""
    try:
        number = phonenumbers.parse(typed[:40], "RU")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number_for_region(number, "RU"):  # +7 is Kazakhstan's code too
        raise Refusal(field, "Это не похоже на номер телефона. Пример: +7 913 555-01-23", "phone.shape")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
