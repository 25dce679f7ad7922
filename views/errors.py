"""Error pages that say what happened and what to do next."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, render_template, request
from peewee import OperationalError
from playhouse.pool import MaxConnectionsExceeded
from werkzeug.exceptions import HTTPException

from models import company
from models.base import Refusal
from views import kept, staff_door, staff_page
from views.page import frame

log = logging.getLogger("kabinet")
_KNOWN = (400, 403, 404, 405, 413, 429, 500, 503)


def hang(app: Flask) -> None:
    app.register_error_handler(HTTPException, lambda error: _page(error.code or 500, error.get_headers()))
    app.register_error_handler(Refusal, lambda refusal: _page(422, text=refusal.text))
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(MaxConnectionsExceeded, _busy)
    app.register_error_handler(Exception, _broken)


def _page(code: int, headers: Any = (), text: str = "", again: Any = None) -> Any:
    allowed = [(name, value) for name, value in headers if name in ("Allow", "Retry-After")]
    shown = code if code in _KNOWN or text else 500 if code >= 500 else 400
    context = {"code": shown, "text": text, "again": again, "company": company.current()}
    if shown < 500:  # the database answers: customers and employees stay among their own sections
        is_office = request.path.startswith("/staff/") and staff_door.found() is not None
        context.update(staff_page.frame() if is_office else frame(), is_office=is_office)
    return render_template("error.html", **context), code, allowed


def _busy(error: Exception) -> Any:
    """The database does not answer: nothing was stored, so the same form can be sent again from this very page."""
    log.error("database unavailable at %s: %s", request.endpoint, error)
    again = kept.posted() if request.method == "POST" else {}
    return _page(503, [("Retry-After", "30")], again=again)


def _broken(error: Exception) -> Any:
    log.error("unhandled error at %s", request.endpoint, exc_info=error)
    return _page(500)
