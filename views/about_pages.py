"""The pages of information for everybody: of what is published, or of a draft that staff look at beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from models import clock, company, workdays
from models.company_information import HOUSES, TOPICS, Contract, FreePage, PricedService, Question
from models.contact.information import hours, published
from models.contact.information.published import Item
from views.page import page

Shown = Sequence[Item] | None  # None: what is published


def contacts(items: Shown = None, **more: Any) -> str:
    phones, is_open = _or_published(published.PHONES, items), _is_open()
    return page(
        "customer/about/contacts.html", phones=[(one, is_open(one)) for one in phones], text=_free("contacts"), **more
    )


def offices(items: Shown = None, **more: Any) -> str:
    found = sorted(_or_published(published.OFFICES, items), key=lambda one: (one["settlement"], one["name"]))
    is_open = _is_open()
    groups = [
        (settlement, [(one, is_open(one)) for one in group])
        for settlement, group in groupby(found, key=lambda one: one["settlement"])
    ]
    return page("customer/about/offices.html", settlements=groups, **more)


def contracts(items: Shown = None, **more: Any) -> str:
    """By service, then by kind of house, in the order of the houses."""
    found = [Contract(**one) for one in _or_published(published.CONTRACTS, items)]
    titles = {code: service.title for code, service in company.current().services.items()}
    groups = [(title, [one for one in found if one.service == code]) for code, title in titles.items()]
    rest = [one for one in found if one.service not in titles]
    order = list(HOUSES)
    by_house = [(title, sorted(own, key=lambda one: order.index(one.house))) for title, own in groups if own]
    if rest:
        by_house.append(("Заявления", rest))
    return page("customer/about/contracts.html", groups=by_house, houses=HOUSES, text=_free("contracts"), **more)


def services(items: Shown = None, **more: Any) -> str:
    found = [PricedService(**one) for one in _or_published(published.SERVICES, items)]
    groups = [(name, [one for one in found if one.group == name]) for name in dict.fromkeys(one.group for one in found)]
    vats = sorted({one.vat for one in found if one.price})
    return page("customer/about/services.html", groups=groups, vats=vats, text=_free("service-centre"), **more)


def questions(items: Shown = None, **more: Any) -> str:
    """All questions by topic; what was looked for comes in `found` and `asked`."""
    known = [Question(**one) for one in _or_published(published.QUESTIONS, items)]
    groups = [(code, title, [one for one in known if one.topic == code]) for code, title in TOPICS.items()]
    shown = {"asked": "", "found": None, "is_whole": items is not None, **more}
    return page("customer/about/questions.html", groups=[group for group in groups if group[2]], **shown)


def free_page(one: FreePage | None, **more: Any) -> str:
    return page("customer/about/free.html", text=one, **more)


def free_pages(items: Shown = None, **more: Any) -> str:
    """All of them below each other, for who edits them."""
    found = [FreePage(**one) for one in _or_published(published.PAGES, items)]
    return page("customer/about/free.html", text=None, pages=found, **more)


PAGES: Mapping[str, Callable[..., str]] = {
    published.PHONES: contacts,
    published.OFFICES: offices,
    published.CONTRACTS: contracts,
    published.SERVICES: services,
    published.QUESTIONS: questions,
    published.PAGES: free_pages,
}


def _or_published(section: str, items: Shown) -> Sequence[Item]:
    return published.items(section) if items is None else items


def _free(slug: str) -> FreePage | None:
    return published.free_page(slug)


def _is_open() -> Callable[[Item], bool | None]:
    """Whether it is open now by the company's clock; None where nobody can say."""
    now, exceptions = clock.local(clock.now()), workdays.special()
    return lambda one: hours.is_open(one["hours"], now, exceptions) if one["hours"] else None
