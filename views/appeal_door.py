"""Who may open an appeal: its customer, and whoever came by its secret link, in that browser alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, request, session
from flask_login import current_user

from models import limits, seal
from models.contact.appeals import links, reading, rows
from models.contact.appeals.rows import Appeal
from models.people.customers import subject
from views.door import to_sign_in

_LINKS = "appeals"  # in the session: the links opened in this browser, by the appeals' numbers
_BROWSER = "appeal_browser"  # in the session: whose drafts these are, of whoever is not signed in
CONFIRMING = ("appeal_confirm", "appeal_email", "appeal_key")  # in the session: of the letter that is on its way
GUESTS = "guest:"  # how the name of such a browser begins
_MOST_LINKS = 5
_PROBES, _BROWSERS, _HOUR = 120, 60, 3600  # numbers tried, and drafts begun, from one address


def reader_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view is for the people of one appeal; whoever is nobody's here signs in first, whatever the number."""

    @wraps(view)
    def guarded(number: str, **values: Any) -> Any:
        if not current_user.is_authenticated and not is_linked(number):
            return to_sign_in()
        return view(number, **values)

    guarded.door = "customer"  # type: ignore[attr-defined]
    return guarded


def remember(appeal: Appeal) -> None:
    """Open the appeal in this browser until sign-out, or until the browser is closed. The link is asked again each time."""
    opened = {number: token for number, token in session.get(_LINKS, {}).items() if number != appeal.number}
    newest = list(opened.items())[1 - _MOST_LINKS :]
    session[_LINKS] = {**dict(newest), appeal.number: links.token(appeal)}


def has_links() -> bool:
    """Whether a secret link was opened in this browser."""
    return bool(session.get(_LINKS))


def forget(number: str) -> None:
    """Close the appeal in this browser: its link, in the letter, opens it again."""
    session[_LINKS] = {other: token for other, token in session.get(_LINKS, {}).items() if other != number}


def forget_browser() -> None:
    """What was typed here without a cabinet is shown here no more."""
    for name in (_BROWSER, *CONFIRMING):
        session.pop(name, None)


def is_linked(number: str) -> bool:
    """Whether the appeal was opened here by its secret link."""
    return number in session.get(_LINKS, {})


def appeal_or_404(number: str) -> Appeal:
    """The appeal, if it is this reader's; someone else's is none, and too many of those are no answer."""
    appeal = _own(number) or _linked(number)
    if appeal is None:
        limits.spend_address("appeal.probe", request.remote_addr or "", _PROBES, _HOUR)
        abort(404)
    return appeal


def writer(appeal: Appeal) -> str:
    """Who says it: the customer whose appeal it is, or a bearer of its secret link."""
    is_own = current_user.is_authenticated and appeal.customer_id == current_user.id
    return subject(current_user.id) if is_own else rows.GUEST


def drafter(*, begins: bool = False) -> str:
    """Whose drafts are asked for: the customer's on any device, else this browser's; '' while it has none, unless it begins one."""
    if current_user.is_authenticated:
        return subject(current_user.id)
    if begins and _BROWSER not in session:
        limits.spend_address("appeal.browser", request.remote_addr or "", _BROWSERS, _HOUR)
        session[_BROWSER] = seal.token()
    secret = session.get(_BROWSER)
    return f"{GUESTS}{seal.fingerprint(secret)}" if secret else ""


def _own(number: str) -> Appeal | None:
    return reading.one_of(current_user.id, number) if current_user.is_authenticated else None


def _linked(number: str) -> Appeal | None:
    token = session.get(_LINKS, {}).get(number)
    appeal = links.opened(token) if token else None
    return appeal if appeal is not None and appeal.number == number else None
