"""An appeal as it is read: whose it is, what was said in it, by whom, when; what its reader may do next. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models import clock, words
from models.contact.appeals import talking
from models.contact.appeals.rows import (
    EVENT,
    GUEST,
    OPEN,
    TITLES,
    Appeal,
    AppealEntry,
    by_number,
    topic_of,
)
from models.files import StoredFile
from models.metering.accounts import Account
from models.numbers import number_of
from models.people import rights
from models.people.customers import Customer, id_of
from models.people.staff import Employee

MOST = 200  # of one customer's appeals, the newest
YOU, OFFICE, APPLICANT = "Вы", "Сотрудник", "Заявитель"
BY_LINK = " (по ссылке из письма)"  # written without the cabinet, by whoever holds the letter


@dataclass(frozen=True)
class Said:
    """One thing said or done. `who`: «Вы», «Оператор Олег»; for staff the whole name. `at`: naive UTC."""

    id: int
    kind: str  # of rows: MESSAGE, ANSWER, …
    who: str
    is_staffs: bool
    is_public: bool
    text: str
    at: datetime
    data: Mapping[str, Any]
    files: tuple[StoredFile, ...]
    infected: tuple[str, ...]  # names of files that were taken away: a scanner found something in them
    author: str
    joined: str  # of an event: the number of the appeal that goes on in this one since; ''

    @property
    def told(self) -> str:
        """What an event of the term or the topic says to the applicant; '' for others."""
        if "extended" in self.data:
            return f"срок ответа продлён до {words.day(date.fromisoformat(self.data['extended']))}. {self.text}"
        if "wiped" in self.data:
            day = words.day(clock.local(datetime.fromisoformat(self.data["wiped"])).date())
            return f"согласие на обработку персональных данных отозвано, имя, почту и телефон сотрём до {day}"
        return f"тема обращения теперь «{topic_of(self.data['topic']).title}»" if "topic" in self.data else ""


@dataclass(frozen=True)
class Step:
    """A state the appeal came to, and when (naive UTC)."""

    state: str
    title: str
    at: datetime
    why: str


@dataclass(frozen=True)
class Thread:
    """The conversation of an appeal, oldest first, and what may follow."""

    appeal: Appeal
    entries: tuple[Said, ...]
    states: tuple[Step, ...]
    due_on: date | None  # the last day to answer; None when nobody owes one
    may_say: bool
    may_reopen: bool
    may_rate: bool
    may_withdraw: bool
    reopen_until: date | None
    merged_into: str  # the number of the appeal that this one was joined to; ''
    account: str  # the number of the account as the applicant may know it; ''
    address: str  # of that account, where the customer holds it; ''
    is_late: bool  # the last day to answer is over, and nobody has

    @property
    def last_entry(self) -> int:
        return self.appeal.last_entry


def of_customer(customer_id: int) -> list[Appeal]:
    """The customer's appeals, the newest first."""
    return list(Appeal.select().where(Appeal.customer == customer_id).order_by(Appeal.id.desc()).limit(MOST))


def one_of(customer_id: int, number: str) -> Appeal | None:
    """The customer's appeal with this number; somebody else's is none."""
    found = by_number(number)
    return found if found is not None and found.customer_id == customer_id else None


def thread(appeal: Appeal, *, for_staff: bool = False) -> Thread:
    """The conversation as the applicant sees it, or with the office's own words for staff. Five queries at most."""
    query = AppealEntry.select().where(AppealEntry.appeal == appeal.id).order_by(AppealEntry.id)
    held = None if for_staff else _held_account(appeal)
    rows = list(query if for_staff else query.where(AppealEntry.is_public))
    names, attached = _names(appeal, rows, for_staff), _files(rows)
    joined = _joined(rows)
    entries = tuple(_said(row, names, attached, joined) for row in rows)
    return Thread(
        appeal=appeal,
        entries=entries,
        states=tuple(_step(one) for one in entries if one.kind == EVENT and "state" in one.data),
        due_on=appeal.due_on if appeal.state in OPEN else None,
        may_say=talking.may_say(appeal),
        may_reopen=talking.may_reopen(appeal),
        may_rate=talking.may_rate(appeal),
        may_withdraw=appeal.state in OPEN,
        reopen_until=talking.reopen_until(appeal),
        merged_into=_merged_into(appeal),
        account=str(held.number if held else appeal.typed_account),
        address=str(held.address if held else ""),
        is_late=appeal.state in OPEN and appeal.due_on < clock.today(),
    )


def account_told(appeal: Appeal) -> str:
    """The account's number for the applicant: of one that the customer holds, else as a guest typed it.

    What staff found out by an address is theirs to know: whoever wrote may be a stranger to that account.
    """
    held = _held_account(appeal)
    return str(held.number if held else appeal.typed_account)


def _held_account(appeal: Appeal) -> Account | None:
    if not appeal.customer_id or not appeal.account_id:
        return None
    return Account.of(appeal.customer_id).where(Account.id == appeal.account_id).first()  # type: ignore[no-any-return]


def file_of(appeal: Appeal, file_id: int, *, for_staff: bool = False) -> StoredFile | None:
    """A file of something said in this appeal; of the office's own notes for staff alone."""
    stored: StoredFile | None = StoredFile.get_or_none(StoredFile.id == file_id, StoredFile.removed_at.is_null())
    kind, _, entry_id = stored.owner.partition(":") if stored else ("", "", "")
    if kind != "appeal-entry":
        return None
    said = AppealEntry.select().where(AppealEntry.id == int(entry_id), AppealEntry.appeal == appeal.id)
    return stored if (said if for_staff else said.where(AppealEntry.is_public)).exists() else None


def _said(
    row: AppealEntry,
    names: Mapping[str, str],
    attached: Mapping[str, tuple[StoredFile, ...]],
    joined: Mapping[int, str],
) -> Said:
    return Said(
        id=row.id,
        kind=row.kind,
        who=names[row.author],
        is_staffs=row.author.startswith("staff:"),
        is_public=row.is_public,
        text=row.text,
        at=row.at,
        data=row.data,
        files=tuple(one for one in attached.get(row.subject, ()) if not one.virus),
        infected=tuple(one.title for one in attached.get(row.subject, ()) if one.virus),
        author=row.author,
        joined=joined.get(row.data.get("merged", 0), ""),
    )


def _step(one: Said) -> Step:
    state = str(one.data["state"])
    return Step(state, TITLES.get(state, state), one.at, one.text)


def _files(rows: Iterable[AppealEntry]) -> dict[str, tuple[StoredFile, ...]]:
    """What was attached to each of the entries, by the owner's name; what was found infected, too."""
    owners = [row.subject for row in rows if row.kind != EVENT]
    found: dict[str, tuple[StoredFile, ...]] = {}
    known = StoredFile.removed_at.is_null() | (StoredFile.virus != "")
    query = StoredFile.select().where(StoredFile.owner.in_(owners), known)
    for one in query.order_by(StoredFile.id) if owners else ():
        found[one.owner] = (*found.get(one.owner, ()), one)
    return found


def _names(appeal: Appeal, rows: Iterable[AppealEntry], for_staff: bool) -> dict[str, str]:
    """What the authors are called: to the applicant staff are a role and a first name, to staff everybody has a whole one."""
    authors = {row.author for row in rows}
    ids = [int(author.partition(":")[2]) for author in authors if author.startswith("staff:")]
    people: dict[str, Employee] = {}
    if ids:
        people = {one.subject: one for one in Employee.select().where(Employee.id.in_(ids))}
    applicant = applicant_name(appeal) if for_staff else YOU
    names = {author: _name(author, people, applicant, for_staff) for author in authors}
    if for_staff and appeal.customer_id is not None and GUEST in names:
        names[GUEST] = f"{applicant}{BY_LINK}"
    return names


def _name(author: str, people: Mapping[str, Employee], applicant: str, for_staff: bool) -> str:
    if author.startswith("staff:"):
        return _officer(people[author], for_staff) if author in people else OFFICE
    if author == "guest" or id_of(author) is not None:
        return applicant
    return "Портал"


def _officer(employee: Employee, for_staff: bool) -> str:
    if for_staff:
        return str(employee.name)
    role = rights.ROLE_TITLES.get(employee.role, OFFICE).capitalize()
    return f"{role} {employee.name.split()[0]}" if employee.name.strip() else role


def applicant_name(appeal: Appeal) -> str:
    """What staff call whoever appeals: the name, else the e-mail; after the cabinet was closed neither is known."""
    if appeal.name or appeal.customer_id is None:
        return str(appeal.name or appeal.email or APPLICANT)
    customer = Customer.get_by_id(appeal.customer_id)
    return str(customer.name or (customer.email if customer.closed_at is None else APPLICANT))


def _joined(rows: Iterable[AppealEntry]) -> dict[int, str]:
    """The numbers of the appeals that events say were joined to this one, by id."""
    ids = [row.data["merged"] for row in rows if "merged" in row.data]
    return {one.id: one.number for one in Appeal.select().where(Appeal.id.in_(ids))} if ids else {}


def _merged_into(appeal: Appeal) -> str:
    if appeal.merged_into_id is None:
        return ""
    main = Appeal.get_by_id(appeal.merged_into_id)
    return number_of(main.id, main.registered_at)
