"""A visitor's browser without the browser: asks for an endpoint, reads the page, and objects to every fault it meets.

page = client.get("readings.form", number="240300000001")
page = page.submit({"meter-1-t1": "1234"}, button="Передать")
assert page.status == 303
assert page.follow().h1 == "Показание принято"
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import html5lib
from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.builder import HTML5TreeBuilder
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

REDIRECTS = (301, 302, 303, 307, 308)
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
_IN_LINE = set("a abbr b bdi bdo cite code em i kbd mark q s small span strong sub sup time u wbr".split())
_CONTAINERS = {"tr": "tbody", "td": "tr", "th": "tr", "tbody": "table", "thead": "table", "option": "select"}


class Client:
    """One visitor, with cookies. Redirects are never followed unasked."""

    def __init__(self, app: Flask, ip: str = "127.0.0.1"):
        self.app, self.ip = app, ip
        self.browser: FlaskClient = app.test_client()
        self.base = app.extensions["kabinet"].public_url
        self.signed_in = False  # as the last whole page said

    def another(self, ip: str = "127.0.0.1") -> Client:
        return Client(self.app, ip)

    def get(self, target: str, /, headers: dict[str, str] | None = None, **values: Any) -> Page:
        """The page of an endpoint (`values` fill its address, the rest go to the query) or of a path."""
        return self.open(self.path(target, **values), headers=headers)

    def post(
        self, target: str, /, data: dict[str, Any] | None = None, headers: dict[str, str] | None = None, **values: Any
    ) -> Page:
        """A bare POST without a page before it, so without a token unless `data` has one. Forms: `page.submit()`."""
        return self.open(self.path(target, **values), method="POST", data=data or {}, headers=headers)

    def sign_in(self, login: str, password: str) -> Page:
        """Through the page, as anyone; the answer after it."""
        return self.get("sign_in.form").submit(login=login, password=password)

    def enter_office(self, login: str, password: str) -> Page:
        """Through the staff's sign-in, with the code that the demo shows; the answer after it."""
        answer = self.get("staff_sign_in.form").submit(login=login, password=password)
        if answer.status != 303:
            return answer
        page = answer.follow()
        shown = page.soup.select_one(".note b")
        assert shown is not None, page.text
        return page.submit(code=shown.get_text())

    def path(self, target: str, **values: Any) -> str:
        if target.startswith("/"):
            assert not values, "a path is given whole"
            return target
        with self.app.test_request_context(base_url=self.base):
            return self.app.url_for(target, **values)

    def open(self, path: str, **options: Any) -> Page:
        headers = options.pop("headers", None) or {}
        answer = self.browser.open(
            path, base_url=self.base, environ_base={"REMOTE_ADDR": self.ip}, headers=headers, **options
        )
        page = Page(self, path, answer)
        if page.is_whole:
            self.signed_in = page.soup.select_one('form[action$="/sign-out"]') is not None
        faults = list(_faults(page))
        assert not faults, f"{options.get('method', 'GET')} {path} ({page.status}):\n  " + "\n  ".join(faults)
        return page


class _Builder(HTML5TreeBuilder):
    """Beautiful Soup's own, but it keeps what the parser complained about."""

    errors: list[Any]

    def feed(self, markup: Any) -> None:
        parser = html5lib.HTMLParser(tree=self.create_treebuilder)
        assert self.underlying_builder is not None
        self.underlying_builder.parser = parser
        parser.parse(markup)
        self.errors = parser.errors
        self.underlying_builder.parser = None


def _parsed(markup: str) -> tuple[BeautifulSoup, list[Any]]:
    """A page or a part of one, and what a strict parser finds wrong with it."""
    if _is_whole(markup):
        builder = _Builder()
        return BeautifulSoup(markup, builder=builder), builder.errors
    # A part lands inside a page that is already there; rows land inside a table.
    first = re.match(r"\s*<(\w+)", markup)
    parser = html5lib.HTMLParser()
    parser.parseFragment(markup, container=_CONTAINERS.get(first.group(1) if first else "", "div"))
    return BeautifulSoup(markup, "html.parser"), parser.errors


def _is_whole(markup: str) -> bool:
    return markup.lstrip()[:9].lower() == "<!doctype"


@dataclass
class Page:
    """What came back."""

    client: Client
    path: str
    answer: TestResponse

    def __post_init__(self) -> None:
        self.status = self.answer.status_code
        self.headers = self.answer.headers
        self.is_html = self.answer.mimetype == "text/html" and self.status not in REDIRECTS and bool(self.answer.data)
        self.markup = self.answer.get_data(as_text=True) if self.is_html else ""
        self.is_whole = self.is_html and _is_whole(self.markup)
        self.soup, errors = _parsed(self.markup)
        self.complaints = [(place, code) for place, code, _ in errors]

    # ---- reading

    @property
    def title(self) -> str:
        return _said(self.soup.title)

    @property
    def h1(self) -> str:
        return _said(self.soup.h1)

    @property
    def text(self) -> str:
        """All words of the page (a part's or a file's own text), white space made single."""
        if not self.is_html:
            return self.answer.get_data(as_text=True)
        return _said(self.soup.main or self.soup)

    @property
    def errors(self) -> list[str]:
        """The lines of the error summary."""
        return [_said(line) for line in self.soup.select('[role="alert"] li')]

    @property
    def location(self) -> str:
        """Where a redirect leads: the path and the query, of this site."""
        assert self.status in REDIRECTS, f"{self.path}: {self.status}, not a redirect. {self.h1} {self.errors}"
        whole = self.headers["Location"]
        assert not urlsplit(whole).netloc or whole.startswith(self.client.base + "/"), f"leads away: {whole}"
        return whole.removeprefix(self.client.base)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of each body row of the page's tables."""
        return [[_said(cell) for cell in row.find_all(["th", "td"])] for row in self.soup.select("tbody tr")]

    def field(self, name: str) -> Tag:
        """The input, select or textarea of that name."""
        found = self.soup.find(["input", "select", "textarea"], attrs={"name": name})
        assert found is not None, f"{self.path} has no field {name!r}, but {sorted(self.fields)}"
        return found

    @property
    def fields(self) -> set[str]:
        found = self.soup.find_all(["input", "select", "textarea"], attrs={"name": True})
        return {str(field["name"]) for field in found} - {"csrf_token"}

    def value(self, name: str) -> str:
        """What a field holds when the page opens."""
        return next((value for key, value in _filled(self.field(name))), "")

    def error(self, name: str) -> str:
        """The text beside a field that says what is wrong with it, or nothing."""
        field = self.field(name)
        if field.get("aria-invalid") != "true":
            return ""
        marks = (self.soup.find(id=mark) for mark in str(field.get("aria-describedby", "")).split())
        return " ".join(_said(mark) for mark in marks if mark and "error" in f"{mark.get('id')} {mark.get('class')}")

    # ---- acting

    def follow(self) -> Page:
        """The page that a redirect leads to."""
        return self.client.open(self.location)

    def click(self, words: str) -> Page:
        """Follow the link that says so."""
        links = [link for link in self.soup.find_all("a", href=True) if _said(link) == words]
        assert links, f"{self.path} has no link {words!r}, but {[_said(a) for a in self.soup.find_all('a')]}"
        return self.client.open(self._target(str(links[0]["href"])))

    @property
    def token(self) -> str:
        """The page's form token, for a POST made by hand."""
        return str(self.soup.select_one('input[name="csrf_token"]')["value"])

    def submit(self, values: dict[str, Any] | None = None, /, *, button: str | None = None, **more: Any) -> Page:
        """Fill in the form that has these fields and send it as a browser would.

        `button` is the words or the name on it (the first one unless named). True and False tick and untick; a field left
        out keeps what the page has in it.
        """
        given = {**(values or {}), **more}
        form = self._form(given, button)
        data = self._data(form, given)
        pressed = _button(form, button)
        if pressed is not None and pressed.get("name"):
            data.setdefault(str(pressed["name"]), []).append(str(pressed.get("value", "")))
        return self._send(form, pressed, data)

    def _form(self, given: dict[str, Any], button: str | None) -> Tag:
        forms = [form for form in self.soup.find_all("form") if set(given) <= _names(form) and _has(form, button)]
        # The form of the page's subject comes before those in its head.
        forms.sort(key=lambda form: form.find_parent("main") is None)
        assert forms, (
            f"{self.path} has no form with {sorted(given)} and button {button!r}; fields: {sorted(self.fields)}"
        )
        return forms[0]

    def _data(self, form: Tag, given: dict[str, Any]) -> dict[str, list[Any]]:
        data: dict[str, list[Any]] = {}
        for field in form.find_all(["input", "select", "textarea"], attrs={"name": True}):
            name = str(field["name"])
            if field.get("type") in ("submit", "button", "reset", "image") or field.has_attr("disabled"):
                continue
            if name not in given:
                for _, value in _filled(field):
                    data.setdefault(name, []).append(value)
                continue
            answer = given[name]
            if field.get("type") == "checkbox" and isinstance(answer, bool):
                answer = field.get("value", "on") if answer else None
            if answer is not None:
                data[name] = list(answer) if isinstance(answer, list) else [answer]
        return data

    def _send(self, form: Tag, pressed: Tag | None, data: dict[str, list[Any]]) -> Page:
        def said(name: str, default: str) -> str:
            return str((pressed is not None and pressed.get(f"form{name}")) or form.get(name) or default)

        target = self._target(said("action", self.path))
        if said("method", "get").lower() == "post":
            return self.client.open(target, method="POST", data=data)
        return self.client.open(target.partition("?")[0], query_string=data)

    def _target(self, href: str) -> str:
        if href.startswith("?"):
            return self.path.partition("?")[0] + href
        assert href.startswith("/") and not href.startswith("//"), f"{self.path} leads to {href!r}"
        return href.partition("#")[0]


def _said(tag: Tag | BeautifulSoup | None) -> str:
    """The words of a tag, blocks apart; a no-break space stays a character of its own."""
    if tag is None:
        return ""
    return re.sub(r"[ \t\r\n]+", " ", "".join(_words(tag))).strip()


def _words(tag: Tag | BeautifulSoup) -> Iterator[str]:
    for part in tag.children:
        if isinstance(part, Tag):
            gap = "" if part.name in _IN_LINE else " "
            if part.name not in ("style", "script", "template"):
                yield gap + "".join(_words(part)) + gap
        elif type(part) is NavigableString:  # comments and the like are kinds of it
            yield str(part)


def _names(form: Tag) -> set[str]:
    return {str(field["name"]) for field in form.find_all(["input", "select", "textarea"], attrs={"name": True})}


def _buttons(form: Tag) -> list[Tag]:
    buttons = form.find_all(["button", "input"])
    return [b for b in buttons if b.get("type", "submit" if b.name == "button" else "text") in ("submit", "image")]


def _button(form: Tag, wanted: str | None) -> Tag | None:
    fit = [b for b in _buttons(form) if wanted in (None, _said(b), b.get("name"), b.get("value"))]
    return fit[0] if fit else None


def _has(form: Tag, button: str | None) -> bool:
    return button is None or _button(form, button) is not None


def _filled(field: Tag) -> Iterator[tuple[str, str]]:
    """What the field would send untouched."""
    name = str(field["name"])
    if field.name == "textarea":
        yield name, field.get_text()
    elif field.name == "select":
        options = field.find_all("option")
        chosen = [o for o in options if o.has_attr("selected")] or ([] if field.has_attr("multiple") else options[:1])
        yield from ((name, str(o.get("value", _said(o)))) for o in chosen)
    elif field.get("type") in ("checkbox", "radio"):
        if field.has_attr("checked"):
            yield name, str(field.get("value", "on"))
    elif field.get("type") != "file":
        yield name, str(field.get("value", ""))


# ---- what every page must keep


def _faults(page: Page) -> Iterator[str]:
    if not page.is_html:
        if page.answer.data and page.status not in REDIRECTS:
            yield from _header_faults(page, whole=False)
        return
    yield from _header_faults(page, whole=page.is_whole)
    yield from (f"HTML: {code} at line {place[0]}, {_line(page, place)}" for place, code in page.complaints)
    yield from _markup_faults(page.soup)
    yield from _field_faults(page.soup)
    yield from _resource_faults(page)
    if page.is_whole:
        yield from _frame_faults(page.soup)
        yield from _reference_faults(page.soup)


def _line(page: Page, place: tuple[int, int]) -> str:
    lines = page.markup.splitlines()
    return repr(lines[place[0] - 1].strip()[:100]) if 0 < place[0] <= len(lines) else ""


def _header_faults(page: Page, *, whole: bool) -> Iterator[str]:
    headers = page.headers
    policy = headers.get("Content-Security-Policy", "")
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "header X-Content-Type-Options is not nosniff"
    if not headers.get("Referrer-Policy"):
        yield "no header Referrer-Policy"
    if "default-src" not in policy or "unsafe" in policy:
        yield f"Content-Security-Policy is missing or lax: {policy!r}"
    if "frame-ancestors" not in policy and "X-Frame-Options" not in headers:
        yield "the page can be framed: neither frame-ancestors nor X-Frame-Options"
    if page.answer.mimetype.startswith("text/") and page.answer.mimetype_params.get("charset", "").lower() != "utf-8":
        yield f"content type without charset: {headers.get('Content-Type')!r}"
    is_asset = page.path.startswith("/static/")
    if page.client.signed_in and not is_asset and "no-store" not in headers.get("Cache-Control", ""):
        yield f"a personal answer that caches may keep: Cache-Control {headers.get('Cache-Control')!r}"


def _frame_faults(soup: BeautifulSoup) -> Iterator[str]:
    if not _said(soup.title):
        yield "no <title>"
    if len(soup.find_all("h1")) != 1:
        yield f"{len(soup.find_all('h1'))} <h1>, not one"
    elif not _said(soup.h1):
        yield "an empty <h1>"
    if not soup.html or not soup.html.get("lang"):
        yield "<html> without lang"
    if not soup.find("meta", attrs={"name": "viewport"}):
        yield "no <meta name=viewport>"


def _markup_faults(soup: BeautifulSoup) -> Iterator[str]:
    ids = [str(tag["id"]) for tag in soup.find_all(id=True)]
    yield from (f"id {name!r} is there {ids.count(name)} times" for name in sorted(set(ids)) if ids.count(name) > 1)
    for tag in soup.find_all(True):
        if tag.has_attr("style"):
            yield f"style attribute, which the policy forbids: {_head(tag)}"
        yield from (f"inline handler {name}: {_head(tag)}" for name in tag.attrs if name.startswith(("on", "hx-on")))
    yield from (f"image without alt: {_head(tag)}" for tag in soup.find_all("img") if not tag.has_attr("alt"))
    for table in soup.find_all("table"):
        if not table.find("caption") and not table.get("aria-labelledby") and not table.get("aria-label"):
            yield f"table without a caption: {_head(table)}"


def _field_faults(soup: BeautifulSoup) -> Iterator[str]:
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") not in UNLABELLED and not _label(soup, field):
            yield f"no label: {_head(field)}"
    for button in soup.find_all("button"):
        if not _said(button) and not button.get("aria-label") and not button.get("title"):
            yield f"a button without words: {_head(button)}"
    for form in soup.find_all("form"):
        if form.get("method", "get").lower() == "post" and not form.select_one('input[name="csrf_token"][value]'):
            yield f"a POST form without csrf_token: {_head(form)}"


def _label(soup: BeautifulSoup, field: Tag) -> str:
    if field.get("aria-label"):
        return str(field["aria-label"])
    named = [soup.find(id=name) for name in str(field.get("aria-labelledby", "")).split()]
    outer = field.find_parent("label")
    labels = soup.find_all("label", attrs={"for": field["id"]}) if field.get("id") else []
    return " ".join(_said(tag) for tag in [*named, outer, *labels]).strip()


def _reference_faults(soup: BeautifulSoup) -> Iterator[str]:
    ids = {tag["id"] for tag in soup.find_all(id=True)}
    kinds = ("aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "for", "headers", "list")
    for kind in kinds:
        for tag in soup.find_all(attrs={kind: True}):
            value = tag[kind]
            for name in value if isinstance(value, list) else str(value).split():
                if name not in ids:
                    yield f"{kind} names {name!r}, which is not on the page: {_head(tag)}"
    for link in soup.find_all("a", href=re.compile("^#.")):
        if link["href"][1:] not in ids:
            yield f"the link leads to {link['href']}, which is not on the page: {_head(link)}"


def _resource_faults(page: Page) -> Iterator[str]:
    """Nothing comes from another host, nothing runs or styles from inside the page but what the policy names."""
    soup, base = page.soup, page.client.base
    policy = page.headers.get("Content-Security-Policy", "")
    for tag in soup.find_all(["script", "img", "link", "source", "iframe", "form", "use"]):
        for name in ("src", "srcset", "href", "action", "xlink:href"):
            place = str(tag.get(name) or "").strip()
            if re.match(r"(https?:)?//", place) and not place.startswith(base + "/"):
                yield f"{name} leads to another host: {_head(tag)}"
    for script in soup.find_all("script", src=False):
        if script.get("type") not in ("application/json", "application/ld+json"):
            yield f"inline script: {_head(script)}"
    for style in soup.find_all("style"):
        if (mark := _sha256(str(style.string or ""))) not in policy:
            yield f"<style> whose hash the policy does not name: {mark}"


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _head(tag: Tag) -> str:
    """The tag's opening, as a fault shows it."""
    words = " ".join(f'{name}="{" ".join(v) if isinstance(v, list) else v}"' for name, v in tag.attrs.items())
    return f"<{tag.name} {words}>"[:160]
