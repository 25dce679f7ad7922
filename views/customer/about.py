"""What anyone may read: contacts, offices, contracts, services, tariffs, questions and answers, personal data."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, request
from flask_login import current_user

from models import clock, company
from models.company_information import TOPICS, Contract
from models.consents import ConsentText
from models.contact.information import price_list, published, questions
from models.metering.accounts import full_address, holder
from models.metering.meters import ZONE_PLANS
from tasks.papers import contract as contract_paper
from tasks.papers.contract import Paper
from views import about_pages, downloads, papers
from views.door import account_or_404, customer_only, public
from views.page import page
from views.rich_text import rich

room = Blueprint("about", __name__)
room.app_template_filter("rich")(rich)
_LONGEST_SEARCH = 200
_INDEX = (
    ("about.contacts", "Контакты", "телефоны, почта, часы работы, реквизиты"),
    ("about.offices", "Офисы", "адреса по населённым пунктам, как пройти"),
    ("about.contracts", "Договоры", "какие нужны документы, образцы в PDF"),
    ("about.service_centre", "Сервисный центр", "работы и цены"),
    ("about.tariffs", "Тарифы", "цены на сегодня по видам жилья и зонам"),
    ("about.questions", "Вопросы и ответы", "по темам, с поиском"),
    ("orders.meters", "Счётчики", "какие модели ставят и сколько они стоят"),
    ("news.index", "Новости", "что изменилось"),
    ("outages.index", "Отключения", "плановые отключения по вашему адресу"),
    ("about.cabinet", "Личный кабинет", "что в нём можно сделать"),
    ("consent_forms.index", "Бланки согласий", "чтобы подписать на бумаге"),
    ("about.privacy", "Персональные данные", "что храним и зачем"),
)


@room.get("/about", endpoint="index")
@public
def index() -> Any:
    has_orders = bool(company.current().orders.kinds)
    return page(
        "customer/about/index.html", places=[one for one in _INDEX if has_orders or not one[0].startswith("orders.")]
    )


@room.get("/about/contacts", endpoint="contacts")
@public
def contacts() -> Any:
    return about_pages.contacts()


@room.get("/about/offices", endpoint="offices")
@public
def offices() -> Any:
    return about_pages.offices()


@room.get("/about/service-centre", endpoint="service_centre")
@public
def service_centre() -> Any:
    return about_pages.services()


@room.get("/about/cabinet", endpoint="cabinet")
@public
def cabinet() -> Any:
    return about_pages.free_page(published.free_page("cabinet"))


@room.get("/about/tariffs", endpoint="tariffs")
@public
def tariffs() -> Any:
    today = clock.today()
    return page(
        "customer/about/tariffs.html",
        prices=price_list.today(today),
        text=published.free_page("tariffs"),
        plans=ZONE_PLANS,
        today=today,
    )


# ---- contracts


@room.get("/about/contracts", endpoint="contracts")
@public
def contracts() -> Any:
    return about_pages.contracts(chosen=request.args.get("account", ""))


@room.get("/about/contracts/<string:slug>.pdf", endpoint="contract")
@public
def contract(slug: str) -> Response:
    """The document as it is to be filled in by hand, or the company's own PDF."""
    found = _contract(slug)
    if found.file:
        stored = published.file_of(found) or abort(404)
        return downloads.made(stored.path.open("rb"), stored.title, downloads.PDF)
    return _sent(found, _blank(_paper(found)))


@room.get("/accounts/<string:number>/contracts/<string:slug>.pdf", endpoint="prefilled")
@customer_only
def prefilled(number: str, slug: str) -> Response:
    """The same with the holder, the address and the number of an account of one's own."""
    account, found = account_or_404(number), _contract(slug)
    if found.file:
        abort(404)  # a ready PDF has no places to fill in
    papers.spend(str(current_user.id))
    own = _paper(found, holder(account), full_address(account), account.number)
    return _sent(found, contract_paper.draw(own, company.current()))


def _contract(slug: str) -> Contract:
    return next((one for one in published.contracts() if one.slug == slug), None) or abort(404)


def _paper(found: Contract, name: str = "", address: str = "", number: str = "") -> Paper:
    digest = hashlib.sha256(f"{found.title}\n{found.text}".encode()).hexdigest()[:12]
    return Paper(found.title, found.text, f"{company.current().name}, образец {digest}", name, address, number)


@lru_cache(64)
def _blank(paper: Paper) -> bytes:
    return contract_paper.draw(paper, company.current())


def _sent(found: Contract, body: bytes) -> Response:
    return downloads.made(io.BytesIO(body), f"{found.slug}.pdf", downloads.PDF)


# ---- questions


@room.get("/about/questions", endpoint="questions")
@public
def ask() -> Any:
    typed = request.args.get("q", "")[:_LONGEST_SEARCH]
    asked = " ".join("".join(one if one.isprintable() else " " for one in typed).split())
    return about_pages.questions(asked=asked, found=questions.find(asked) if asked else None)


@room.get("/about/questions/<string:topic>", endpoint="topic")
@public
def of_topic(topic: str) -> Any:
    own = [one for one in published.questions() if one.topic == topic]
    if not own:
        abort(404)
    return page("customer/about/topic.html", title=TOPICS[topic], questions=own)


# ---- personal data


@room.get("/about/privacy", endpoint="privacy")
@public
def privacy() -> Any:
    rules = company.current()
    former = [one for (kind, version), one in rules.consent_versions.items() if rules.consents[kind].version != version]
    return page("customer/about/privacy.html", documents=rules.consents.values(), former=former)


@room.get("/about/privacy/<string:kind>", endpoint="document")
@public
def document(kind: str) -> Any:
    present = company.current().consents.get(kind)
    if present is None:
        abort(404)
    version = request.args.get("version", present.version)
    found = present if version == present.version else _older(kind, version)
    if found is None:
        abort(404)
    return page("customer/about/document.html", document=found, present=present)


def _older(kind: str, version: str) -> Any:
    """A former version; one whose file is gone is kept while somebody has agreed to it."""
    if not version.isprintable():
        return None
    known = company.current().consent_versions.get((kind, version))
    return known or ConsentText.get_or_none(ConsentText.kind == kind, ConsentText.version == version)
