"""The portal's own styles, scripts and icon: read once at start-up, named by content, kept compressed in memory."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from flask import Blueprint, Response, abort, request
from markupsafe import Markup

FOLDER = Path(__file__).resolve().parent.parent / "static"
STYLES = ("tokens", "base", "parts", "print")  # the order is the cascade's
STYLES_NAME = "kabinet.css"
ALONE = ("staff",)  # sheets of their own, for pages that customers never open
TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}
YEAR = 365 * 24 * 3600
FOREVER = f"public, max-age={YEAR}, immutable"
BRIEFLY = "public, max-age=60"
COOKIE = "css"

_CSS_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|/\*.*?\*/""", re.DOTALL)
_HASHED = re.compile(r"(?P<stem>.+)\.[0-9a-f]{10}\.(?P<ext>[a-z]+)")


@dataclass(frozen=True)
class Asset:
    """One file as it is served: `bodies` by content coding, '' for the plain one."""

    name: str
    digest: str
    bodies: dict[str, bytes]

    @property
    def path(self) -> str:
        stem, _, ext = self.name.rpartition(".")
        return f"/static/{stem}.{self.digest}.{ext}"

    @property
    def content_type(self) -> str:
        return TYPES[self.name.rpartition(".")[2]]


def lean(css: str) -> str:
    """The style sheet without comments, indents and blank lines; strings stay as they are."""
    bare = _CSS_COMMENT.sub(lambda match: match[1] or "", css)
    return "\n".join(line.strip() for line in bare.splitlines() if line.strip())


@cache
def shelf() -> dict[str, Asset]:
    """Every asset by its plain name."""
    styles = lean("\n".join((FOLDER / "css" / f"{part}.css").read_text("utf-8") for part in STYLES))
    files = {path.name: path.read_bytes() for path in (*FOLDER.glob("js/*.js"), *FOLDER.glob("*.svg"))}
    files |= {f"{name}.css": lean((FOLDER / "css" / f"{name}.css").read_text("utf-8")).encode() for name in ALONE}
    return {name: _asset(name, body) for name, body in {STYLES_NAME: styles.encode(), **files}.items()}


def _asset(name: str, body: bytes) -> Asset:
    packed = {"br": brotli.compress(body, quality=11), "gzip": gzip.compress(body, 9, mtime=0)}
    smaller = {coding: small for coding, small in packed.items() if len(small) < len(body)}
    return Asset(name, hashlib.sha256(body).hexdigest()[:10], {**smaller, "": body})


assets = Blueprint("assets", __name__)


@assets.record_once
def _warm(_state: object) -> None:
    """Compress everything before the first visitor comes."""
    shelf()


@assets.app_template_global("asset")
def asset_url(name: str) -> str:
    """The address of a file of static/ that changes with its content; an unknown name is a KeyError."""
    return shelf()[name].path


@assets.app_template_global()
def inline_css() -> Markup | None:
    """The styles for a browser that does not have them yet, so its first page is whole in one flight; else None."""
    styles = shelf()[STYLES_NAME]
    if request.cookies.get(COOKIE) == styles.digest:
        return None
    return Markup(styles.bodies[""].decode())  # noqa: S704  our own file


@cache
def style_hash() -> str:
    """The inlined styles as a source for the style-src of a Content-Security-Policy, quotes included."""
    digest = hashlib.sha256(shelf()[STYLES_NAME].bodies[""]).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@assets.get("/static/<string:name>")
def serve(name: str) -> Response:
    """A file under its hashed name; under an outdated one the file of today, not to be kept."""
    hashed = _HASHED.fullmatch(name)
    asset = shelf().get(f"{hashed['stem']}.{hashed['ext']}" if hashed else name)
    if asset is None:
        abort(404)
    coding = _coding(asset)
    response = Response(asset.bodies[coding], content_type=asset.content_type)
    if coding:
        response.content_encoding = coding
    is_current = request.path == asset.path
    response.headers["Cache-Control"] = FOREVER if is_current else BRIEFLY
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(f"{asset.digest}-{coding or 'plain'}")
    if is_current and asset.name == STYLES_NAME:
        response.set_cookie(COOKIE, asset.digest, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    response.make_conditional(request)
    return response


def _coding(asset: Asset) -> str:
    wanted = (coding for coding in ("br", "gzip") if coding in asset.bodies)
    return next((coding for coding in wanted if request.accept_encodings[coding] > 0), "")
