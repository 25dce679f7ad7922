"""A form sent after its session ended, or with a stale token, is kept and comes back filled in."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from flask import request, session
from werkzeug.datastructures import MultiDict

from models import kept

_NEVER = ("password", "secret", "csrf", "code", "consent")  # a tick is given anew, each time
_LONGEST_PATH = 400


def keep() -> None:
    """Keep the values posted to this page for this browser."""
    path = page_path()
    if request.method != "POST" or len(path) > _LONGEST_PATH or not path.isprintable() or not _is_own():
        return
    if (fields := posted()) and (secret := kept.keep(path, fields)):
        if former := session.get("kept"):
            kept.forget(former)
        session["kept"] = secret


def posted() -> dict[str, list[str]]:
    """What this request brought in its form, without what must not lie about: passwords, codes, tokens."""
    return {
        name.replace("\0", ""): [value.replace("\0", "") for value in values]  # Postgres takes no NUL
        for name, values in request.form.lists()
        if not any(word in name for word in _NEVER)
    }


def values() -> MultiDict[str, str] | None:
    """What was typed into the form of this page, if it was kept."""
    secret = session.get("kept")
    found = kept.find(secret, request.path) if secret else None
    return MultiDict(found) if found else None


def forget() -> None:
    """The form of this page has been sent again: nothing of it is left to bring back."""
    secret = session.get("kept")
    if secret and kept.find(secret, page_path()):
        kept.forget(session.pop("kept"))


def carry(into: Any, secret: str | None) -> None:
    """Hand the kept form over to the session that begins."""
    if secret:
        into["kept"] = secret


def page_path() -> str:
    """The page whose form this request sends: htmx posts to a part's address, the page is the one in the address bar."""
    shown = split(request.headers.get("HX-Current-URL", ""))
    if request.headers.get("HX-Request") and shown.netloc == request.host:
        return unquote(shown.path)  # as request.path is: the address bar has a Cyrillic number in percents
    return request.path


def split(address: str) -> SplitResult:
    """The parts of an address that came from outside; of a malformed one nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_own() -> bool:
    # Whatever another site posts here must not greet the customer after sign-in.
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    return not origin or split(origin).netloc == request.host
