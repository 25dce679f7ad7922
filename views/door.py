"""Who may enter: the customer's session, the account in the address, and where to go without them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Flask, Response, abort, current_app, flash, g, make_response, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFError

from models import audit, base, company, outbox
from models.metering.accounts import one_of
from models.people import sessions
from models.people.customers import Customer, subject
from tasks import queue
from views import kept, staff_door
from views.page import own_path

manager = LoginManager()
manager.session_protection = None  # a phone changes its address in the middle of a visit; the session row is the guard


class Visitor(UserMixin):
    """The customer behind the present session."""

    def __init__(self, row: Any, secret: str):
        self.id: int = row.customer_id
        self.session_id: int = row.id
        self.email: str = row.email
        self.phone: str = row.phone
        self.name: str = row.name
        self.closes_at: datetime | None = row.closes_at  # the consent to personal data was withdrawn
        self.silent_since: datetime | None = row.silent_since  # letters to the e-mail have come back since then
        self._secret = secret

    def get_id(self) -> str:
        return self._secret


@manager.user_loader
def _visitor(secret: str) -> Visitor | None:
    row = sessions.find(secret)
    if row is None:
        return None
    audit.identify(subject(row.customer_id))
    return Visitor(row, secret)


def hang(app: Flask) -> None:
    """Put the door in front of an application: a connection and an actor for each request, sessions, stale forms."""
    # Not init_app(): it looks into the session after every answer, and each file would vary by cookie.
    app.login_manager = manager  # type: ignore[attr-defined]
    app.before_request(_enter)
    app.teardown_request(_leave)
    app.register_error_handler(CSRFError, _stale)


def customer_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view is for a signed-in customer; anyone else signs in first, and what they posted is kept."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        if not current_user.is_authenticated:
            return to_sign_in()
        return view(*args, **values)

    guarded.door = "customer"  # type: ignore[attr-defined]
    return guarded


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view is for everybody; said aloud, so that no route is open by forgetting."""
    view.door = "public"  # type: ignore[attr-defined]
    return view


def account_or_404(number: str) -> Any:
    """The present customer's account with this number; someone else's does not exist."""
    account = one_of(current_user.id, number) if company.current().normal_number(number) else None
    if account is None:
        abort(404)
    g.account = account
    return account


def let_in(customer: Customer) -> None:
    """Begin a session for the customer; a new cookie, so that an old one is worth nothing."""
    secret = sessions.Session.open(customer, request.user_agent.string)
    carried = session.get("kept")
    _clear()
    session.permanent = True
    kept.carry(session, carried)
    login_user(Visitor(sessions.find(secret), secret))


def let_out() -> None:
    """End the session here and in the database: a copy of its cookie opens nothing."""
    if current_user.is_authenticated:
        sessions.end(current_user.session_id, current_user.id)
    logout_user()
    _clear()


def _clear() -> None:
    """Leave nothing of a customer in the cookie; an employee's own sign-in beside it stays."""
    office = session.get(staff_door.KEY)
    session.clear()
    if office:
        session[staff_door.KEY] = office


def to_sign_in() -> Response:
    """Off to the sign-in page and back here; a posted form is kept meanwhile."""
    kept.keep()
    is_page = request.method == "GET" and not request.headers.get("HX-Request")
    target = request.full_path.rstrip("?") if is_page else kept.page_path()
    where = url_for("sign_in.form", next=own_path(target))
    if request.headers.get("HX-Request"):
        return make_response("", 401, {"HX-Redirect": where})
    return make_response(redirect(where, 303))


def _enter() -> None:
    g.stack = ExitStack()
    g.stack.enter_context(base.connection())
    g.stack.enter_context(audit.acting("guest", request.remote_addr or ""))


def _leave(_error: BaseException | None) -> None:
    if stack := g.pop("stack", None):
        stack.close()
    if outbox.taken_rung():
        queue.ring("send_messages", 0)


def _stale(_error: CSRFError) -> Any:
    """A form whose token has gone: the session ended, or another tab signed in anew. Nothing typed is lost."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "door", "") == "customer" and not current_user.is_authenticated:
        return to_sign_in()
    if getattr(view, "door", "") == "staff" and staff_door.found() is None:
        return staff_door.to_sign_in()
    kept.keep()
    flash("Страница устарела, поэтому форма не отправилась. Проверьте, что всё заполнено, и отправьте ещё раз.")
    where = own_path(kept.page_path()) or "/"
    if request.headers.get("HX-Request"):
        return make_response("", 401, {"HX-Redirect": where})
    return redirect(where, 303)
