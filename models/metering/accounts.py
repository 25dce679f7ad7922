"""Accounts (лицевые счета), and who holds or may see them."""

from __future__ import annotations

from datetime import date
from typing import Any

from peewee import (
    Case,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    ModelSelect,
)

from models import audit, clock, company, outbox, words
from models.base import Refusal, Row, compiled, database, locked, param
from models.people.customers import Customer


class Office(Row):
    code = CharField(unique=True)
    name = CharField()
    settlement = CharField(index=True)
    address = CharField()
    phone = CharField(default="")
    hours = CharField(default="")
    way = CharField(default="")  # how to get there, in words
    place = CharField(default="")  # '52.26550,104.30500': degrees north and east, or empty


class Account(Row):
    number = CharField(unique=True)
    office = ForeignKeyField(Office, null=True)
    last_name = CharField(index=True)
    first_name = CharField()
    middle_name = CharField(default="")
    settlement = CharField()
    street = CharField()
    house = CharField()
    flat = CharField(default="")
    dwelling = CharField()  # urban | stove | rural
    persons = IntegerField()
    area = IntegerField()  # hundredths of a m²: SQLite keeps decimals as floats
    services = CharField()  # codes, comma separated
    access_code = CharField()  # printed on each bill
    opened = DateField()
    closed = DateField(null=True)
    email = CharField(default="")
    phone = CharField(default="")

    class Meta:
        indexes = ((("settlement", "street", "house", "closed"), False),)  # counting by house reads nothing else

    @property
    def address(self) -> str:
        return short_address(self)

    @classmethod
    def of(cls, customer_id: int) -> ModelSelect[Any]:
        """The accounts this customer holds now: ownership lies in the query."""
        return cls.select().join(Holding).where(Holding.customer == customer_id, Holding.until.is_null())


class Holding(Row):
    """A customer holds an account from a moment until another: a dated fact, never overwritten."""

    customer = ForeignKeyField(Customer, backref="holdings", on_delete="CASCADE")
    account = ForeignKeyField(Account, backref="holdings", on_delete="CASCADE")
    since = DateTimeField(default=clock.now)
    until = DateTimeField(null=True)
    primary_since = DateTimeField(null=True)  # the latest among a customer's holdings is the primary account

    class Meta:
        indexes = ((("customer", "until"), False), (("account", "until"), False))


Holding.add_index(Holding.customer, Holding.account, unique=True, where=Holding.until.is_null(), name="holding_open")


def short_address(row: Any) -> str:
    """«ул. Мира, 23, кв. 32», with the settlement left out."""
    flat = f", кв.\u00a0{row.flat}" if row.flat else ""
    return f"{row.street}, {row.house}{flat}"


def full_address(row: Any) -> str:
    return f"{row.settlement}, {short_address(row)}"


def holder(row: Any) -> str:
    """Whose account it is: «Иванова Анна Сергеевна»."""
    return " ".join(part for part in (row.last_name, row.first_name, row.middle_name) if part)


def masked(name: str) -> str:
    """«И*** Анна Сергеевна»: enough for a relative to recognise, too little for a stranger to use."""
    family, _, rest = name.partition(" ")
    return f"{family[:1]}*** {rest}".strip()


@compiled
def held_by() -> ModelSelect[Any]:
    """A customer's accounts for the switcher, the primary one first (the one made primary last, else the oldest)."""
    return (
        Account.select(
            Account.id,
            Account.number,
            Account.settlement,
            Account.street,
            Account.house,
            Account.flat,
            Holding.id.alias("holding"),
        )
        .join(Holding)
        .where(Holding.customer == param("customer"), Holding.until.is_null())
        .order_by(Case(None, [(Holding.primary_since.is_null(), 1)], 0), Holding.primary_since.desc(), Holding.id)
    )


@compiled
def _one_of() -> ModelSelect[Any]:
    return (
        Account.select()
        .join(Holding)
        .where(Holding.customer == param("customer"), Holding.until.is_null(), Account.number == param("number"))
    )


def one_of(customer_id: int, number: str) -> Any | None:
    """This customer's account with this number, or None: someone else's is none."""
    return _one_of.first(customer=customer_id, number=number)


def link(customer_id: int, account: Account, *, primary: bool = False, how: str = "secret") -> Holding:
    """Let the customer hold the account; linking what is linked changes nothing. Refused past the company's limit."""
    with database.atomic():
        locked(Customer.select().where(Customer.id == customer_id)).get()
        open_ones = list(Holding.select().where(Holding.customer == customer_id, Holding.until.is_null()))
        for holding in open_ones:
            if holding.account_id == account.id:
                return holding
        most = company.current().accounts_limit
        if len(open_ones) >= most:
            raise Refusal(
                "account",
                f"Привязано уже {words.plural(most, 'счёт', 'счёта', 'счетов')}, больше нельзя. Отвяжите ненужный и попробуйте снова.",
                "account.limit",
            )
        _tell_other_holders(account)
        is_first = primary or not open_ones
        holding = Holding.create(
            customer=customer_id, account=account, since=clock.now(), primary_since=clock.now() if is_first else None
        )
        _be_found_by_holders(account.id)
        audit.record("account.linked", f"account:{account.number}", customer=customer_id, how=how)
        return holding


def _be_found_by_holders(account_id: int) -> None:
    from models.metering import finding  # it knows accounts and meters, so it cannot be imported above

    finding.refresh([account_id])


def _tell_other_holders(account: Account) -> None:
    """Whoever holds the account already learns that one more person sees it."""
    held = (Holding.account == account) & Holding.until.is_null()
    for other in Customer.select(Customer.id, Customer.email).join(Holding).where(held):
        facts = {"account": account.number}
        outbox.post("one_more_holder", other.email, facts, subject=other.subject, account=account.number)


def unlink(customer_id: int, account: Any) -> None:
    """End the holding; the customer's other accounts stay.

    If this one was primary, the one made primary before it takes its place, else the oldest.
    """
    with database.atomic():
        ended = (
            Holding.update(until=clock.now())
            .where(Holding.customer == customer_id, Holding.account == account.id, Holding.until.is_null())
            .execute()
        )
        if ended:
            _be_found_by_holders(account.id)
            audit.record("account.unlinked", f"account:{account.number}", customer=customer_id)


def make_primary(customer_id: int, account: Any) -> None:
    with database.atomic():
        moved = (
            Holding.update(primary_since=clock.now())
            .where(Holding.customer == customer_id, Holding.account == account.id, Holding.until.is_null())
            .execute()
        )
        if moved:
            audit.record("account.made_primary", f"account:{account.number}", customer=customer_id)


def primary_holders(number: str, most: int) -> list[Customer]:
    """The customers for whom this account is the primary one: those who may sign in by its number."""
    holders = (
        Customer.select()
        .join(Holding)
        .join(Account)
        .where(Account.number == number, Holding.until.is_null())
        .order_by(Holding.id)
        .limit(most * 3)
    )
    return [customer for customer in holders if held_by(customer=customer.id)[0].number == number][:most]


def is_open(account: Any, day: date) -> bool:
    return account.opened <= day and (account.closed is None or day <= account.closed)
