"""What the portal is measured beside, served by the same web server with the same flags.

/bench/empty/  an empty Flask view, in a bare Flask application
/bench/page    the home page's own templates with everything prepared: no query, no door; headers and compression as the portal's
"""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, template_rendered
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import app as portal
from models import base
from tests.bench import house


def create_app() -> Any:
    """The WSGI application; the database is taken away from it once the page is prepared, so a query would be an error."""
    app = portal.create_app()
    prepared: list[tuple[str, dict[str, Any]]] = []

    @app.get("/bench/page")
    def page() -> str:
        template, context = prepared[0]
        return render_template(template, **context)

    prepared.append(_prepared(app))
    base.database.obj.close_all()
    base.database.obj.execute_sql = _no_query
    _open_door(app)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/bench/empty": _empty()})  # type: ignore[method-assign]
    return app


def _no_query(sql: str, *_rest: Any) -> None:
    raise AssertionError(f"a control asked the database: {sql}")


def _empty() -> Flask:
    bare = Flask("bare", static_folder=None)
    bare.add_url_rule("/", view_func=lambda: "")
    return bare


def _prepared(app: Flask) -> tuple[str, dict[str, Any]]:
    """The template and the whole context that the home view hands over for the demo's customer."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(_app: Flask, template: Any, context: dict[str, Any], **_rest: Any) -> None:
        if template.name and not seen:
            seen.append((template.name, {**context, "customer": context["customer"]._get_current_object()}))

    visitor = house.anna(app)
    with template_rendered.connected_to(note, app):
        answer = app.test_client(use_cookies=False).get(
            f"/accounts/{visitor.account}/", headers={"Cookie": visitor.cookie}
        )
    assert answer.status_code == 200, answer.status
    template, context = seen[0]
    return template, {
        name: value for name, value in context.items() if name not in ("g", "request", "session", "current_user")
    }


def _open_door(app: Flask) -> None:
    """No connection, no session row: what a page costs without the people in it."""
    app.before_request_funcs[None] = [
        hook for hook in app.before_request_funcs[None] if hook.__module__ != "views.door"
    ]
