"""What is published now, section by section. Pages read it from the process, which asks the database now and then.

A section without a version shows the company's files; offices always stand in their own table.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from peewee import PeeweeException, fn

from models import company, files
from models.base import database, pairs
from models.company import Phone
from models.company_information import Contract, FreePage, PricedService, Question, as_items
from models.contact.information.rows import InformationVersion
from models.files import StoredFile
from models.metering.accounts import Office

PHONES, OFFICES, CONTRACTS, SERVICES = "phones", "offices", "contracts", "services"
QUESTIONS, PAGES = "questions", "pages"
SECTIONS = (PHONES, OFFICES, CONTRACTS, SERVICES, QUESTIONS, PAGES)
OFFICE_FIELDS = ("name", "settlement", "address", "phone", "hours", "way", "place")
FRESH = 30.0  # seconds for which a process believes what it has read

Item = Mapping[str, Any]
log = logging.getLogger("kabinet.information")


class _Known:
    """The numbers and items that this process has read, and when by its own clock."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.items: dict[tuple[str, int], list[Item]] = {}
        self.read_at = float("-inf")


_known = _Known()


def items(section: str) -> list[Item]:
    """What customers see of the section, in its order; of all but offices at most half a minute old, and mostly without a query."""
    if section == OFFICES:
        return offices()
    number = _numbers().get(section, 0)
    if number == 0:
        return filed(section)
    found = _known.items.get((section, number))  # once: another thread may forget it meanwhile
    if found is None:
        found = _known.items[section, number] = of_version(section, number)
    return found


def present(section: str) -> list[Item]:
    """What is published, as the database has it now."""
    return offices() if section == OFFICES else of_version(section, newest(section))


def newest(section: str) -> int:
    """The number of the last version; 0 where the files are in force."""
    found = InformationVersion.select(fn.MAX(InformationVersion.number)).where(InformationVersion.section == section)
    number: int | None = found.scalar()
    return number or 0


def of_version(section: str, number: int) -> list[Item]:
    """The items of a version; of 0 the files'."""
    if number == 0:
        return filed(section)
    row = InformationVersion.get(InformationVersion.section == section, InformationVersion.number == number)
    found: list[Item] = row.items
    return found


def filed(section: str) -> list[Item]:
    """What the company's files say; of offices nothing: their file is imported."""
    rules = company.current()
    if section == PHONES:
        return [{"slug": one.number.lstrip("+"), **vars(one)} for one in rules.filed_phones]
    return as_items(getattr(rules.information, section, ()))


def offices() -> list[Item]:
    """By settlement, then by name."""
    rows = Office.select().order_by(Office.settlement, Office.name, Office.id)
    return [{"slug": one.code, **{name: getattr(one, name) for name in OFFICE_FIELDS}} for one in rows]


def contracts() -> list[Contract]:
    return [Contract(**one) for one in items(CONTRACTS)]


def services() -> list[PricedService]:
    return [PricedService(**one) for one in items(SERVICES)]


def questions() -> list[Question]:
    return [Question(**one) for one in items(QUESTIONS)]


def file_of(contract: Contract) -> StoredFile | None:
    """The PDF that staff have put there; none while a scanner has not looked at it, or when it is gone."""
    stored = files.one_of(f"information:{CONTRACTS}", contract.file)
    return stored if stored and not stored.waits and stored.path.is_file() else None


def free_page(slug: str) -> FreePage | None:
    return next((FreePage(**one) for one in items(PAGES) if one["slug"] == slug), None)


def phones() -> tuple[Phone, ...]:
    """The phones of a published version; () where those of company.toml are in force."""
    if not _numbers().get(PHONES):
        return ()
    return tuple(Phone(one["number"], one["title"], one["hours"], one["note"]) for one in items(PHONES))


def forget() -> None:
    """Ask the database at the next page."""
    _known.read_at = float("-inf")
    _known.items.clear()


def assume_none() -> None:
    """Believe for the next half minute that staff have published nothing."""
    _known.numbers, _known.read_at = {}, time.monotonic()
    _known.items.clear()


def _numbers() -> dict[str, int]:
    """A database that does not answer changes nothing: the page that says so must not fail for a phone."""
    if database.obj is not None and time.monotonic() - _known.read_at > FRESH:
        try:
            _known.numbers = _newest()
            _keep(_known.numbers.items())
        except PeeweeException as error:
            log.warning("the published versions were not read: %s", error)
        _known.read_at = time.monotonic()
    return _known.numbers


def _newest() -> dict[str, int]:
    table = InformationVersion
    return dict(pairs(table.select(table.section, fn.MAX(table.number)).group_by(table.section)))


def _keep(present_ones: Iterable[tuple[str, int]]) -> None:
    for key in _known.items.keys() - set(present_ones):
        _known.items.pop(key, None)


company.ask_phones(phones)
