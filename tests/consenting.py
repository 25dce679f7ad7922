"""Papers of consents for the tests: what a scanner reads from them, how a browser sends a scan."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2 as pdfium
import zxingcpp

from models import company, consents
from models.consents import Consent
from tests import cast
from tests.page import Page

PDF = b"%PDF-1.7\n" + bytes(100) + b"%%EOF\n"


def send(page: Page, typed: dict[str, Any], scan: tuple[bytes, str] | None = (PDF, "Согласие.pdf")) -> Page:
    """The page's multipart form, as a browser sends it."""
    form = page.soup.select_one('form[enctype="multipart/form-data"]')
    assert form is not None, page.text
    data: dict[str, Any] = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
    for one in form.select("select[name]"):
        chosen = one.select_one("option[selected]") or one.select_one("option")
        data[str(one["name"])] = str(chosen["value"]) if chosen else ""
    data["scan"] = (io.BytesIO(scan[0]), scan[1]) if scan else (io.BytesIO(b""), "")
    return page.client.open(
        str(form["action"]), method="POST", data={**data, **typed}, content_type="multipart/form-data"
    )


def link(page: Page, text: str) -> str:
    """Where the link with this text leads."""
    return next(str(one["href"]) for one in page.soup.select("main a[href]") if one.get_text(" ", strip=True) == text)


def give(person: cast.Person, kind: str, **facts: Any) -> Consent:
    """A consent that came on paper, for the person's account."""
    number = person.account.number
    document = company.current().consents[kind]
    return consents.give(f"account:{number}", document, channel="office", account=number, **facts)


def bars(body: bytes) -> list[str]:
    """What a scanner reads on each page of a PDF."""
    pages = pdfium.PdfDocument(body)
    return [one.text for page in pages for one in zxingcpp.read_barcodes(page.render(scale=200 / 72).to_pil())]
