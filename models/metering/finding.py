"""Finding accounts by whatever a customer says: a number, a name, an address, a phone, an e-mail address, a meter's number.

An account has one entry of words (`finding_words`), kept by `refresh`; `full_text` finds the entries that have all words of a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from peewee import ForeignKeyField, ModelSelect, TextField, fn

from models.base import Row, compiled, database, locked, pairs, param
from models.full_text import Atom, Index, Term
from models.metering import finding_words
from models.metering.accounts import Account, Holding, Office
from models.metering.meters import Meter
from models.people.customers import Customer

_BATCH = 500
_LAST_LETTERS = "ЯЯЯЯ"  # after every number that begins alike, whatever the collation
_COLUMNS = (
    Account.id, Account.number, Account.last_name, Account.first_name, Account.middle_name, Account.settlement, Account.street,
    Account.house, Account.flat, Account.office.alias("office_id"), Account.closed, Account.services,
)  # fmt: skip
_INDEX = Index("search_entry", "account_id", "search_words")


class SearchEntry(Row):
    """The words an account is found by, with spaces between."""

    account = ForeignKeyField(Account, primary_key=True, on_delete="CASCADE")
    words = TextField()


class Found(NamedTuple):
    """Accounts, the likeliest first, and whether there are more than these."""

    rows: list[Any]
    more: bool


def find(text: str, *, office: str | None = None, limit: int = 20) -> Found:
    """The accounts that have all that is typed, in any order and case; `office` (a code) keeps to its accounts.

    Numbers of four and more digits may be the beginning of an account number or the end of an account's, a phone's or a meter's.
    In «мира 23-32» the first short number is rather a house than a flat; words of three and more letters may be unfinished.
    What finds nothing is tried as typed with the keyboard left on English.
    """
    office_id = _office_id(office) if office else None
    if office and office_id is None:
        return Found([], False)
    ranks = _ranked(text, office_id, limit + 1)
    if not ranks and (meant := finding_words.in_russian_letters(text)):
        ranks = _ranked(meant, office_id, limit + 1)
    return Found(_rows(list(ranks)[:limit], ranks), len(ranks) > limit)


def refresh(account_ids: Iterable[int]) -> None:
    """Make the entries of these accounts anew; call it in the transaction that changed an account, its meters or its holders."""
    ids = sorted(set(account_ids))  # one order for everybody: two that refresh the same must not wait for each other
    for start in range(0, len(ids), _BATCH):
        with database.atomic():
            own = ids[start : start + _BATCH]
            # Held first: of two who link one account at once the second must see what the first has written.
            list(locked(Account.select(Account.id).where(Account.id.in_(own)).order_by(Account.id)).tuples())
            _INDEX.write(_words(own))


def refresh_customer(customer_id: int) -> None:
    """The same for all accounts that a customer holds, whose e-mail address or phone has changed."""
    held = Holding.select(Holding.account).where(Holding.customer == customer_id, Holding.until.is_null())
    refresh(_ids(held))


def missing() -> int:
    """How many accounts have no entry, so that nobody finds them."""
    return int(_without_entry().count())


def fill(progress: Callable[[int], Any] | None = None, *, anew: bool = False) -> int:
    """Make the entries that are missing, or all of them; how many. A batch is a transaction: it may be stopped and run again."""
    done = last = 0
    while ids := _next_ids(last, anew):
        refresh(ids)
        done, last = done + len(ids), ids[-1]
        if progress:
            progress(len(ids))
    _INDEX.settle()
    return done


# ---- entries


def _next_ids(last: int, anew: bool) -> list[int]:
    accounts = Account.select(Account.id) if anew else _without_entry()
    return _ids(accounts.where(Account.id > last).order_by(Account.id).limit(_BATCH))


def _without_entry() -> ModelSelect[Any]:
    entry = SearchEntry.select(SearchEntry.account).where(SearchEntry.account == Account.id)
    return Account.select(Account.id).where(~fn.EXISTS(entry))


def _words(ids: Sequence[int]) -> list[tuple[int, str]]:
    accounts: Any = Account.select(*_COLUMNS, Account.email, Account.phone).where(Account.id.in_(ids))
    holders: Any = Holding.select(Holding.account, Customer.email, Customer.phone).join(Customer)
    holders = holders.where(Holding.account.in_(ids), Holding.until.is_null()).order_by(Holding.id)
    contacts: dict[int, list[tuple[str, str]]] = {}
    for account_id, email, phone in holders.tuples():
        contacts.setdefault(account_id, []).append((email, phone))
    serials: dict[int, list[str]] = {}
    meters = Meter.select(Meter.account, Meter.serial).where(Meter.account.in_(ids)).order_by(Meter.id)
    for account_id, serial in pairs(meters):
        serials.setdefault(account_id, []).append(serial)
    return [
        (
            one.id,
            finding_words.of_account(one, serials.get(one.id, ()), [(one.email, one.phone), *contacts.get(one.id, ())]),
        )
        for one in accounts.order_by(Account.id).namedtuples()
    ]


def _ids(query: Any) -> list[int]:
    return [one for (one,) in query.tuples()]


# ---- searches


@compiled
def _offices() -> ModelSelect[Any]:
    return Office.select(Office.id).where(Office.code == param("code"))


def _office_id(code: str) -> int | None:
    row = None if "\0" in code else _offices.first(code=code)
    return row and int(row.id)


def _ranked(text: str, office_id: int | None, most: int) -> dict[int, int]:
    """The accounts found, each with the place of the reading that found it first."""
    ranks: dict[int, int] = {}
    for rank, ids in enumerate(_searches(text, office_id, most)):
        for account_id in ids:
            ranks.setdefault(account_id, rank)
        if len(ranks) >= most:
            break
    return ranks


def _searches(text: str, office_id: int | None, most: int) -> Iterator[list[int]]:
    """The ids that each reading of the text finds, the likeliest reading first."""
    query = finding_words.read(text)
    only: list[Term] = [(Atom(finding_words.of_office(office_id)),)] if office_id is not None else []
    is_found = False
    for terms in query.searches:
        yield (ids := _INDEX.with_all([*terms, *only], most))
        is_found = is_found or bool(ids)
    if query.beginning:
        yield (ids := _beginning(query.beginning, office_id, most))
        is_found = is_found or bool(ids)
    if query.last_resort and not is_found:
        yield _INDEX.with_all([*query.last_resort, *only], most)


def _beginning(number: str, office_id: int | None, most: int) -> list[int]:
    found = Account.select(Account.id).where(Account.number.between(number, number + _LAST_LETTERS))
    if office_id is not None:
        found = found.where(Account.office == office_id)
    return _ids(found.order_by(Account.number).limit(most))


def _rows(ids: list[int], ranks: dict[int, int]) -> list[Any]:
    """The accounts, by the reading that found them, then by address."""
    if not ids:
        return []
    rows: Any = Account.select(*_COLUMNS).where(Account.id.in_(ids)).namedtuples()
    return sorted(
        rows, key=lambda row: (ranks[row.id], row.settlement, row.street, _natural(row.house), _natural(row.flat))
    )


def _natural(text: str) -> tuple[int, str]:
    digits = "".join(one for one in text if one in "0123456789")
    return int(digits or 0), text
