"""News at the office: written, looked at as everybody will, published, changed, taken down, with all earlier words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, g, request
from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice

from models import clock, seal
from models.base import Refusal
from models.contact import news
from models.contact.news import NewsItem, Words
from models.contact.outages import announcing
from models.metering.accounts import Office
from models.office import audit_log
from views.fields import Form, HiddenField, Line, Text
from views.page import see
from views.staff_door import staff_only
from views.staff_page import page, refused

room = Blueprint("staff_news", __name__)
A_PAGE, MOST_PAGES = 30, 10_000
_USUAL = timedelta(days=30)
_SOON = "в течение полуминуты"  # news.FRESH


class NewsForm(Form):
    title = Line("Заголовок", most=news.LONGEST_TITLE)
    text = Text("Текст")
    begins_on = Line("С какого дня", most=20)
    until_on = Line("По какой день", most=20)
    settlements = SelectMultipleField("Только для населённых пунктов", validate_choice=False)
    offices = SelectMultipleField("Только для участков", validate_choice=False)
    version = HiddenField()
    key = HiddenField()

    def offer(self) -> NewsForm:
        offices = Office.select(Office.code, Office.name).order_by(Office.name)
        self.settlements.choices = [SelectChoice(name, name) for name in announcing.settlements()]
        self.offices.choices = [SelectChoice(one.code, one.name) for one in offices]
        return self

    def words(self) -> Words:
        return news.written(
            self.title.data or "", self.text.data or "", _day(self.begins_on.data), _day(self.until_on.data),
            self.settlements.data or (), self.offices.data or (),
        )  # fmt: skip

    @property
    def seen(self) -> int:
        typed = self.version.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


@room.get("/staff/news", endpoint="index")
@staff_only("information.see")
def index() -> Any:
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    items = news.listed(most=A_PAGE + 1, skip=(number - 1) * A_PAGE)
    return page(
        "staff/news/index.html", items=items[:A_PAGE], number=number, has_more=len(items) > A_PAGE, titles=news.TITLES,
        today=clock.today(),
    )  # fmt: skip


@room.get("/staff/news/new", endpoint="new")
@staff_only("information.edit")
def new() -> Any:
    form = NewsForm().offer()
    form.key.data = form.key.data or seal.token()[:22]
    form.begins_on.data = form.begins_on.data or clock.today().isoformat()
    form.until_on.data = form.until_on.data or (clock.today() + _USUAL).isoformat()
    return page("staff/news/form.html", form=form, item=None)


@room.post("/staff/news/new", endpoint="write")
@staff_only("information.edit")
def write() -> Any:
    form = NewsForm().offer()
    if form.validate():
        try:
            item = news.draft(form.words(), key=form.key.data)
            flash("Черновик сохранён. Прочтите его и опубликуйте.", "good")
            return see("staff_news.show", news_id=item.id)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/news/form.html", form, item=None)


@room.get("/staff/news/<int:news_id>", endpoint="show")
@staff_only("information.see")
def show(news_id: int) -> Any:
    return page("staff/news/show.html", **_shown(_found(news_id)))


@room.get("/staff/news/<int:news_id>/change", endpoint="form")
@staff_only("information.edit")
def form(news_id: int) -> Any:
    item = _found(news_id)
    filled = NewsForm(
        title=item.title, text=item.text, begins_on=item.begins_on.isoformat(), until_on=item.until_on.isoformat(),
        settlements=item.settlements, offices=item.offices, version=str(item.version),
    )  # fmt: skip
    return page("staff/news/form.html", form=filled.offer(), item=item)


@room.post("/staff/news/<int:news_id>/change", endpoint="change")
@staff_only("information.edit")
def change(news_id: int) -> Any:
    item, form = _found(news_id), NewsForm().offer()
    if form.validate():
        try:
            news.change(news_id, form.words(), version=form.seen)
            flash("Сохранено.", "good")
            return see("staff_news.show", news_id=news_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/news/form.html", form, item=item)


@room.post("/staff/news/<int:news_id>/publish", endpoint="publish")
@staff_only("outages.announce")
def publish(news_id: int) -> Any:
    return _do(news_id, news.publish, f"Опубликовано: {_SOON} это увидят клиенты.")


@room.post("/staff/news/<int:news_id>/take-down", endpoint="take_down")
@staff_only("outages.announce")
def take_down(news_id: int) -> Any:
    return _do(news_id, news.take_down, f"Снято: {_SOON} этого больше не увидят.")


@room.before_request
def _section() -> None:
    g.section = "staff_outages"


def _do(news_id: int, deed: Callable[..., NewsItem], said: str) -> Any:
    _found(news_id)
    try:
        deed(news_id, version=NewsForm().seen)
        flash(said, "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_news.show", news_id=news_id)


def _shown(item: NewsItem) -> dict[str, Any]:
    changes = news.history(item)
    offices = Office.select(Office.name).where(Office.code.in_(item.offices)) if item.offices else ()
    return {
        "item": item,
        "readers": [*item.settlements, *(one.name for one in offices)],
        "changes": changes,
        "who": audit_log.names_of({one.by for one in changes}),
        "titles": news.TITLES,
        "today": clock.today(),
    }


def _day(typed: str | None) -> date | None:
    try:
        return date.fromisoformat((typed or "").strip())
    except ValueError:
        return None


def _found(news_id: int) -> NewsItem:
    found = news.find(news_id)
    if found is None:
        abort(404)
    return found
