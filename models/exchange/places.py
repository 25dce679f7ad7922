"""Import files of places: the offices, and the accounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from models import company, consents, outbox
from models.billing import delivery
from models.entrance import linking
from models.exchange import rows
from models.exchange.rows import Counts, Kind, Line
from models.exchange.table import BadCell, Column, Fault, choice, day, hundredths, whole, words
from models.metering import finding
from models.metering.accounts import Account, Holding, Office
from models.people.customers import Customer, normal_email, normal_phone

_PLACE = re.compile(r"([0-9]{1,2}\.[0-9]{1,8}),([0-9]{1,3}\.[0-9]{1,8})")


def _services(text: str) -> str:
    codes = [code.strip() for code in text.split(",")]
    if unknown := [code for code in codes if code not in company.current().services]:
        raise BadCell(f"услуги «{unknown[0][:40]}» у компании нет; есть: {', '.join(company.current().services)}")
    return ",".join(codes)


def _contact(normal: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return normal(text)
        except Exception as refusal:
            raise BadCell(str(refusal)) from None

    return parse


def _place(text: str) -> str:
    """Degrees north and east as '52.26550,104.30500'."""
    match = _PLACE.fullmatch(text.strip())
    if not match or float(match[1]) > 90 or float(match[2]) > 180:
        raise BadCell(f"«{text[:40]}» — не координаты; пример: 52.26550,104.30500")
    return text.strip()


OFFICE_COLUMNS = (
    Column("code", words(20)), Column("name", words(200)), Column("settlement", words(200)), Column("address", words(250)),
    Column("phone", words(60), False, ""), Column("hours", words(250), False, ""),
    Column("way", words(200), False, ""), Column("place", _place, False, ""),
)  # fmt: skip
ACCOUNT_COLUMNS = (
    Column("account", rows.account_number), Column("office", words(20), False), Column("last_name", words(100)),
    Column("first_name", words(100)), Column("middle_name", words(100), False, ""), Column("settlement", words(200)),
    Column("street", words(200)), Column("house", words(20)), Column("flat", words(20), False, ""),
    Column("dwelling", choice("urban", "stove", "rural")), Column("persons", whole(0, 99)),
    Column("area_m2", hundredths), Column("services", _services), Column("access_code", words(20)), Column("opened", day),
    Column("closed", day, False), Column("email", _contact(normal_email), False, ""), Column("phone", _contact(normal_phone), False, ""),
)  # fmt: skip


_NEW_OWNER = "у счёта новый владелец"
_OWNING = ("last_name", "first_name", "middle_name", "access_code")  # whose account it is, and who may link it


def _load_offices(lines: list[Line], counts: Counts) -> None:
    rows.upsert(Office, ("code",), [values for _, values in lines], rows.defaults(OFFICE_COLUMNS), counts)


def _load_accounts(lines: list[Line], counts: Counts) -> None:
    offices = rows.ids(Office, Office.code, {values["office"] for _, values in lines if values.get("office")})
    owned = _owned([values["account"] for _, values in lines])
    found, sold = [], set()
    for number, values in lines:
        if _is_sold(values, owned.get(values["account"])):
            sold.add(values["account"])
        if moved := _moved(values, owned.get(values["account"])):
            counts.owners += 1
            if counts.is_alone:
                counts.refuse(
                    Fault(number, moved, "у счёта меняется владелец или код доступа: это подтверждает второй сотрудник")
                )
                continue
        row = {"number": values.pop("account"), "area": values.pop("area_m2"), **values}
        if office := row.get("office"):
            if office not in offices:
                counts.refuse(Fault(number, "office", f"участка «{office}» нет; загрузите offices раньше"))
                continue
            row["office"] = offices[office]
        found.append(row)
    rows.upsert(Account, ("number",), found, rows.defaults(ACCOUNT_COLUMNS), counts)
    ids = rows.ids(Account, Account.number, [row["number"] for row in found])
    finding.refresh(ids.values())
    for account in sorted(ids.keys() & sold, key=lambda account: ids[account]):  # one order of locks everywhere
        _change_hands(ids[account], account)


def _owned(numbers: list[str]) -> dict[str, dict[str, Any]]:
    columns = (Account.number, *(getattr(Account, name) for name in _OWNING))
    found: Iterable[Any] = Account.select(*columns).where(Account.number.in_(numbers)).dicts()
    return {row["number"]: row for row in found}


def _moved(values: dict[str, Any], old: dict[str, Any] | None) -> str:
    """The first column of a line that gives a known account another holder or access code; empty when none does."""
    return next((name for name in _OWNING if old and name in values and values[name] != old[name]), "")


def _is_sold(values: dict[str, Any], old: dict[str, Any] | None) -> bool:
    """Another family name alone may be a marriage; with another first name it is another person, but for how a name is written."""
    names = ("last_name", "first_name")
    return old is not None and all(_plain(values.get(name, old[name])) != _plain(old[name]) for name in names)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def _change_hands(account_id: int, number: str) -> None:
    """What the former owner agreed to and chose ends, and nobody whom they let in sees what is the new owner's."""
    consents.change_hands(number)
    delivery.to_paper(account_id, _NEW_OWNER, delivery.SOLD)
    account = Account.get_by_id(account_id)
    held = (Holding.account == account_id) & Holding.until.is_null()
    for holder in Customer.select().join(Holding).where(held).order_by(Customer.id):
        linking.unlink(holder.id, account)
        facts = {"account": number, "reason": _NEW_OWNER}
        outbox.post("unlinked", holder.email, facts, subject=holder.subject, account=number)


KINDS = (
    Kind("offices", OFFICE_COLUMNS, lambda values: values["code"], _load_offices),
    Kind("accounts", ACCOUNT_COLUMNS, lambda values: values["account"], _load_accounts, in_parts=True),
)
