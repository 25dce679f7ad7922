"""Staff (сотрудники): who works at the office, in which role. An employee is never deleted: what they did names them for ever."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, CharField, DateTimeField, IntegerField, ModelSelect

from models import clock
from models.base import Row


class Employee(Row):
    email = CharField(unique=True)
    name = CharField()
    role = CharField()
    office = CharField(default="")  # code of the office they sit in; '' for the whole company
    password_hash = CharField(default="")  # '' until the invitation was followed
    factor_seed = CharField(default="")  # the second factor's secret is derived from it; '' for none
    factor_since = DateTimeField(null=True)  # when the second factor was confirmed
    factor_step = BigIntegerField(default=0)  # the last time step whose code was used
    let_in_by = IntegerField(null=True)  # who alone gave them their access last; null: two people, or the console
    created_at = DateTimeField(default=clock.now)
    closed_at = DateTimeField(null=True)

    @property
    def subject(self) -> str:
        return subject(self.id)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def has_factor(self) -> bool:
        return self.factor_since is not None

    @classmethod
    def by_email(cls, email: str) -> Employee | None:
        return None if "\0" in email else cls.get_or_none(cls.email == email)

    @classmethod
    def listed(cls) -> ModelSelect[Any]:
        """Everybody, those who work now first."""
        return cls.select().order_by(cls.closed_at.is_null(False), cls.name, cls.id)


def subject(employee_id: int) -> str:
    """How audit and tokens name an employee."""
    return f"staff:{employee_id}"
