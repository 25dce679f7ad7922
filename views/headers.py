"""Security headers on every answer, errors and files too, and the hosts we answer to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadRequest

from views import assets

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # no-referrer would break Flask-WTF's check on HTTPS
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def hang(app: Flask) -> None:
    app.before_request(_refuse_host)
    app.after_request(_headers)


def _refuse_host() -> None:
    """No link of ours is built from a Host header, and a wrong one gets no page (in demo any host may try)."""
    chosen = current_app.extensions["kabinet"]
    if not chosen.is_demo and request.blueprint != "health" and request.host != urlsplit(chosen.public_url).netloc:
        raise BadRequest


def _headers(answer: Response) -> Response:
    for name, value in _FIXED.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Content-Security-Policy", _policy())
    answer.headers.setdefault("Cache-Control", "no-store")
    if current_app.extensions["kabinet"].is_https:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return answer


def _policy() -> str:
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' {assets.style_hash()}; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
