"""Who may enter the office: an employee with both factors, in a role that has the right the route names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, abort, g, make_response, redirect, request, session, url_for

from models import audit
from models.people import rights, staff_sessions
from models.people.staff import Employee, subject
from views import kept
from views.page import own_path

KEY = "staff"  # of the session's secret in the cookie, beside a customer's


class Officer:
    """The employee behind the present session."""

    def __init__(self, row: Any):
        self.id: int = row.employee_id
        self.session_id: int = row.id
        self.email: str = row.email
        self.name: str = row.name
        self.role: str = row.role
        self.office: str = row.office

    def may(self, right: str) -> bool:
        return rights.allows(self.role, right)


def staff_only(right: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The view is for employees whose role has the right; '' for every employee. Nobody else is told what is there."""
    if right and right not in rights.RIGHTS:
        raise ValueError(f"no such right: {right}")

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            present = found()
            if present is None:
                return to_sign_in()
            if right and not present.may(right):
                abort(403)
            return view(*args, **values)

        guarded.door, guarded.right = "staff", right  # type: ignore[attr-defined]
        return guarded

    return guard


def officer() -> Officer:
    """The employee who asks; only inside a view behind `staff_only`."""
    present = found()
    assert present is not None  # noqa: S101  the door was passed
    return present


def found() -> Officer | None:
    """The employee of this request's session, asked once; from then on the deeds are theirs in the audit log."""
    if "officer" not in g:
        secret = session.get(KEY)
        row = staff_sessions.find(secret) if secret else None
        g.officer = Officer(row) if row else None
    present: Officer | None = g.officer
    if present:
        audit.identify(subject(present.id))
    return present


def let_in(employee: Employee) -> None:
    """Begin a session for the employee: a new secret and a new form token, so that older ones are worth nothing."""
    secret = staff_sessions.begin(employee, request.user_agent.string)
    session.pop("csrf_token", None)
    session.permanent = True
    session[KEY] = secret
    g.pop("officer", None)
    g.pop("csrf_token", None)


def let_out() -> None:
    """End the session here and in the database."""
    if present := found():
        staff_sessions.end(present.session_id, present.id)
    session.pop(KEY, None)
    session.pop("csrf_token", None)
    g.pop("officer", None)


def to_sign_in() -> Response:
    """Off to the staff's sign-in and back here; a posted form is kept meanwhile."""
    kept.keep()
    is_page = request.method == "GET" and not request.headers.get("HX-Request")
    target = request.full_path.rstrip("?") if is_page else kept.page_path()
    where = url_for("staff_sign_in.form", next=own_path(target))
    if request.headers.get("HX-Request"):
        return make_response("", 401, {"HX-Redirect": where})
    return make_response(redirect(where, 303))
