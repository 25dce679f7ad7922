"""Blanks of consents printed at home: empty ones by anybody, one with the account's data by whoever holds it."""

from __future__ import annotations

import pypdfium2 as pdfium
import pytest

from models import company as companies
from models.contact import consent_forms
from models.contact.consent_forms import ConsentForm
from tests import cast
from tests.consenting import bars, link
from tests.page import Client


def test_anybody_prints_a_blank_and_nothing_is_written_down(client: Client) -> None:
    answer = client.get("consent_forms.blank", kind="official-papers")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert bars(answer.answer.data) == [consent_forms.code_of(companies.current().consents["official-papers"])]
    assert not ConsentForm.select().exists()
    for kind in ("payment", "nothing"):
        assert client.get("consent_forms.blank", kind=kind).status == 404


@pytest.mark.feature("S33")
def test_a_customer_prints_a_blank_with_the_accounts_data(home: Client, anna: cast.Person, vera: cast.Person) -> None:
    data = {"csrf_token": home.get("settings.show").token, "kind": "official-papers"}
    answer = home.post("consent_forms.prefilled", data, number=anna.account.number)
    text = pdfium.PdfDocument(answer.answer.data)[0].get_textpage().get_text_range()
    form = ConsentForm.get()
    assert all(fact in text for fact in (form.number, "Иванова Анна Сергеевна", anna.account.number))
    assert (form.account_id, form.printed_by) == (anna.account.id, anna.customer.subject)
    assert home.post("consent_forms.prefilled", data, number=vera.account.number).status == 404
    assert home.post("consent_forms.prefilled", {**data, "kind": "payment"}, number=anna.account.number).status == 404


def test_a_page_leads_to_every_blank(client: Client) -> None:
    page = client.get("consent_forms.index")
    for document in consent_forms.documents().values():
        assert client.get(link(page, f"{document.title}, PDF")).status == 200
    assert "payment" not in page.markup
