"""Turning what a view found into an answer: a whole page, a part of one, or a form refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from flask import Response, current_app, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from models import clock, company, words
from models.metering.accounts import held_by, short_address
from views import kept

Answer = tuple[str, int] | str
_ASCII = "".join(map(chr, range(32, 127)))


class Choice:
    """An account in the switcher."""

    __slots__ = ("address", "is_primary", "number")

    def __init__(self, row: Any, is_primary: bool):
        self.number, self.address, self.is_primary = row.number, short_address(row), is_primary


def page(template: str, **context: Any) -> str:
    """A whole page inside the house's frame."""
    return render_template(template, **frame(), **context)


def part(template: str, **context: Any) -> str:
    """A part of a page; it has an address of its own."""
    return render_template(template, company=company.current(), account=g.get("account"), **context)


def refused(template: str, form: Any, **context: Any) -> Answer:
    """The same page again, with what was typed and what is wrong; nothing was stored."""
    return page(template, form=form, **context), 422


def see(endpoint: str, **values: Any) -> Any:
    """After a deed: the page to see next (303, so that a reload repeats nothing)."""
    if request.method == "POST":
        kept.forget()
    return redirect(url_for(endpoint, **values), 303)


def see_from_part(endpoint: str, **values: Any) -> Any:
    """The same for htmx: the whole page moves on."""
    kept.forget()
    return "", 204, {"HX-Redirect": url_for(endpoint, **values)}


def frame() -> dict[str, Any]:
    """What base.html needs on every page."""
    signed_in = current_user.is_authenticated
    return {
        "company": company.current(),
        "customer": current_user if signed_in else None,
        "accounts": choices(),
        "account": g.get("account"),
        "section": request.blueprint or "",
        "is_demo": current_app.extensions["kabinet"].is_demo,
        "clock_note": f"Демонстрация: на портале сейчас {words.day(clock.today())}" if clock.is_shifted() else None,
    }


def choices() -> list[Choice]:
    """The customer's accounts, the primary one first; asked once a request."""
    if not current_user.is_authenticated:
        return []
    if "accounts" not in g:
        g.accounts = [Choice(row, i == 0) for i, row in enumerate(held_by(customer=current_user.id))]
    return g.accounts


def own_path(target: str | None) -> str | None:
    """`target` if it is a page of ours that GET may open, else None: no other host, no machine's address, no file."""
    if (
        not target
        or not target.startswith("/")
        or target.startswith("//")
        or not target.isprintable()
        or "\\" in target
    ):
        return None
    target = quote(target, safe=_ASCII)  # an account's number may be Cyrillic
    parts = kept.split(target)
    if parts.scheme or parts.netloc:
        return None
    try:
        endpoint, _ = current_app.create_url_adapter(request).match(unquote(parts.path), method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return None
    return None if endpoint.startswith(("assets.", "health.", "acquirer.")) else target


def next_path(target: str | None) -> str | None:
    """Where to go after sign-in: a page of ours, but not to sign-in or out again."""
    path = own_path(target)
    return None if path and path.startswith(("/sign-in", "/sign-out")) else path


def as_file(body: str, name: str, kind: str) -> Response:
    """A download that no browser opens as a page."""
    answer = Response(body, content_type=f"{kind}; charset=utf-8")
    # A header holds ASCII; RFC 6266 has a place for the rest.
    names = {"filename": name.encode("ascii", "ignore").decode()}
    if not name.isascii():
        names["filename*"] = f"UTF-8''{quote(name, safe='')}"
    answer.headers.set("Content-Disposition", "attachment", **names)
    return answer
