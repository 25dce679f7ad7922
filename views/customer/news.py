"""News that everybody may read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request

from models.contact import news
from models.metering.accounts import Office
from views.door import public
from views.page import page

room = Blueprint("news", __name__)
A_PAGE, MOST_PAGES = 10, 1000


@room.get("/about/news", endpoint="index")
@public
def index() -> Any:
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    items = news.page(most=A_PAGE + 1, skip=(number - 1) * A_PAGE)
    return page("customer/news/index.html", items=items[:A_PAGE], number=number, has_more=len(items) > A_PAGE)


@room.get("/about/news/<int:news_id>", endpoint="show")
@public
def show(news_id: int) -> Any:
    item = news.shown(news_id)
    if item is None:
        abort(404)
    offices = (
        [one.name for one in Office.select(Office.name).where(Office.code.in_(item.offices))] if item.offices else []
    )
    return page("customer/news/show.html", item=item, places=[*item.settlements, *offices])
