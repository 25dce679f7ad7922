"""information/ of a company's folder: what anyone may read about contracts, services, questions; in force until staff publish a version.

What all companies say alike lies in companies/common/information/; a company's own item with the same slug takes its place, and
`hide` leaves one out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models import company_file as rules
from models.company_file import Table

BLOCK, PRIVATE, PREMISES, ANY = "block", "private", "premises", "any"
HOUSES = MappingProxyType(
    {
        BLOCK: "квартира в многоквартирном доме",
        PRIVATE: "частный дом",
        PREMISES: "нежилое помещение",
        ANY: "любое помещение",
    }
)
TOPICS = MappingProxyType(
    {
        "readings": "Показания",
        "charges": "Начисления и счета",
        "payment": "Оплата",
        "meter": "Счётчик",
        "contract": "Договор и собственник",
        "supply": "Отключения и напряжение",
        "cabinet": "Личный кабинет",
        "other": "Другое",
    }
)
PAGES = MappingProxyType(
    {
        "contacts": "Как с нами связаться",
        "contracts": "Как заключить договор",
        "service-centre": "Сервисный центр",
        "cabinet": "Как пользоваться кабинетом",
        "tariffs": "Тарифы",
    }
)
VATS = (0, 5, 7, 10, 20, 22)  # percent; 0: without VAT
LONGEST_TEXT = 6000
LONGEST_ANSWER = 2000
_COMMON = "common"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SLUG_MOST = 60


@dataclass(frozen=True)
class Contract:
    """A contract or an application to be taken away: words of ours drawn as PDF, or a file that staff have put there."""

    slug: str
    service: str  # a code of the company's services, or 'any'
    house: str  # of HOUSES
    title: str
    note: str = ""
    text: str = ""
    file: int = 0  # the id of a stored PDF; 0: the text is drawn
    file_title: str = ""


@dataclass(frozen=True)
class PricedService:
    slug: str
    group: str
    name: str
    unit: str
    price: int  # kopecks, VAT included; 0: free
    vat: int  # percent
    note: str = ""


@dataclass(frozen=True)
class Question:
    slug: str
    topic: str  # of TOPICS
    question: str
    answer: str


@dataclass(frozen=True)
class FreePage:
    slug: str  # of PAGES
    title: str
    text: str


@dataclass(frozen=True)
class Information:
    contracts: tuple[Contract, ...]
    services: tuple[PricedService, ...]
    questions: tuple[Question, ...]
    pages: tuple[FreePage, ...]


def information(folder: Path, services: Iterable[str]) -> Information:
    """What the folder of a company says, with what is common to all; contracts only of services that it has."""
    known = (*services, ANY)
    contracts = _merged(folder, "contracts", _CONTRACT, _contract)
    for one, row in contracts:
        if one.service not in known and row.file == rules.shown(folder / "information" / "contracts.toml"):
            raise row.error("service", f"must be {' or '.join(known)}, not {one.service!r}")
    return Information(
        contracts=tuple(one for one, _ in contracts if one.service in known),
        services=tuple(one for one, _ in _merged(folder, "services", _SERVICE, _service)),
        questions=tuple(one for one, _ in _merged(folder, "questions", _QUESTION, _question)),
        pages=tuple(one for one, _ in _merged(folder, "pages", _PAGE, _page)),
    )


_CONTRACT = ("slug", "service", "house", "title", "note", "text")
_SERVICE = ("slug", "group", "name", "unit", "price", "vat", "note")
_QUESTION = ("slug", "topic", "question", "answer")
_PAGE = ("slug", "title", "text")


def _merged(folder: Path, name: str, known: tuple[str, ...], read: Callable[[Table], Any]) -> list[tuple[Any, Table]]:
    """The items of a file, by slug: the common ones in their order, replaced or hidden, then the company's own."""
    found: dict[str, tuple[Any, Table]] = {}
    for path in (_common(folder) / f"{name}.toml", folder / "information" / f"{name}.toml"):
        if not path.is_file():
            continue
        top = rules.read_toml(path, (name, "hide"))
        for slug in _hidden(top):
            if found.pop(slug, None) is None:
                raise top.error("hide", f"no common item {slug!r}")
        if name in top.values:
            own = [(read(row), row) for row in top.tables(name, known)]
            _refuse_twins(own)
            found.update((one.slug, (one, row)) for one, row in own)
    return list(found.values())


def _common(folder: Path) -> Path:
    """Beside the company's folder, or else what the portal comes with: a company may lie anywhere."""
    beside = folder.parent / _COMMON / "information"
    return beside if beside.is_dir() else rules.ROOT / "companies" / _COMMON / "information"


def _refuse_twins(items: list[tuple[Any, Table]]) -> None:
    seen = set()
    for one, row in items:
        if one.slug in seen:
            raise row.error("slug", f"is there twice: {one.slug!r}")
        seen.add(one.slug)


def _hidden(top: Table) -> list[str]:
    given = top.values.get("hide", [])
    if not isinstance(given, list) or any(not isinstance(one, str) for one in given):
        raise top.error("hide", 'must be a list such as ["one-slug"]')
    return given


def _contract(row: Table) -> Contract:
    return Contract(
        slug=_slug(row),
        service=row.text("service"),
        house=row.one_of("house", tuple(HOUSES)),
        title=row.text("title"),
        note=row.text("note", default=""),
        text=_prose(row, "text", LONGEST_TEXT),
    )


def _service(row: Table) -> PricedService:
    vat = row.whole("vat", 0, 99)
    if vat not in VATS:
        raise row.error("vat", f"must be {' or '.join(map(str, VATS))}, not {vat}")
    return PricedService(
        slug=_slug(row),
        group=row.text("group"),
        name=row.text("name"),
        unit=row.text("unit"),
        price=row.kopecks("price", 0, 1_000_000),
        vat=vat,
        note=row.text("note", default=""),
    )


def _question(row: Table) -> Question:
    topic = row.one_of("topic", tuple(TOPICS))
    return Question(_slug(row), topic, row.text("question"), _prose(row, "answer", LONGEST_ANSWER))


def _page(row: Table) -> FreePage:
    return FreePage(row.one_of("slug", tuple(PAGES)), row.text("title"), _prose(row, "text", LONGEST_TEXT))


def _slug(row: Table) -> str:
    slug = row.text("slug")
    if not is_slug(slug):
        raise row.error("slug", f"must be small Latin letters and digits with hyphens between, not {slug!r}")
    return slug


def is_slug(text: str) -> bool:
    return len(text) <= _SLUG_MOST and bool(_SLUG.fullmatch(text))


def _prose(row: Table, key: str, most: int) -> str:
    """A text of several lines: what is seen, with its line breaks and nothing around it."""
    value = row.values.get(key)
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > most or not text.replace("\n", "").isprintable():
        raise row.error(key, f"must be a text of 1 to {most} characters")
    return text


def as_items(found: Iterable[Any]) -> list[Mapping[str, Any]]:
    """The same as plain values, as versions keep them."""
    return [dict(vars(one)) for one in found]
