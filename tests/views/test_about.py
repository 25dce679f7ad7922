"""What anyone may read: contacts, offices, personal data."""

from __future__ import annotations

import pytest

from models.metering.accounts import Office


@pytest.mark.feature("S40")
def test_contacts_are_tapped_to_call_with_hours_and_a_technical_line(client, company):
    page = client.get("about.contacts")
    dialled = [link["href"] for link in page.soup.select("main a[href^='tel:']")]
    assert dialled == [f"tel:{phone.number}" for phone in company.phones]
    for phone in company.phones:
        assert phone.title in page.text
        assert phone.hours in page.text
    assert company.inn in page.text


def test_offices_stand_under_their_settlements(client, app):
    for code, place, name in (
        ("1", "г. Дивногорск", "Второй"),
        ("2", "г. Ачинск", "Первый"),
        ("3", "г. Дивногорск", "Третий"),
    ):
        Office.create(
            code=code, settlement=place, name=name, address="ул. Мира, 1", phone="+73912990024", hours="пн–пт 8–17"
        )
    page = client.get("about.offices")
    assert [head.get_text() for head in page.soup.select("h2")] == ["г. Ачинск", "г. Дивногорск"]
    assert [head.get_text() for head in page.soup.select("h3")] == ["Первый", "Второй", "Третий"]
    assert page.soup.select_one("main a[href='tel:+73912990024']") is not None


def test_no_office_yet_is_told_kindly(client, app):
    assert "Список офисов пока пуст." in client.get("about.offices").text


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.company(name)) for name in ("krasnoyarsk", "kaluga", "koryak", "irkutsk")],
)
def test_consent_of_each_company_can_be_read(client, company, name):
    assert company.code == name
    page = client.get("about.privacy")
    document = company.consents["personal-data"]
    assert page.click(document.title).h1 == document.title


@pytest.mark.parametrize("kind", ["nothing", "..", "%00", "personal-data.2026-01", "x" * 5000])
def test_document_that_is_none_is_not_found(client, app, kind):
    assert client.get(f"/about/privacy/{kind}").status == 404
