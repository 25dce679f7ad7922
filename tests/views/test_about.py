"""What anyone may read: contacts, offices, contracts, services, tariffs, questions, personal data."""

from __future__ import annotations

import pypdfium2 as pdfium
import pytest

from models.contact.information import published
from models.exchange import imports
from models.metering import accounts
from models.metering.accounts import Office
from tests import cast
from tests.conftest import ROOT


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


def _pdf(answer):
    return "\n".join(one.get_textpage().get_text_bounded() for one in pdfium.PdfDocument(answer.answer.data))


# ---- what the company tells


@pytest.mark.feature("S40")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.company(name)) for name in ("krasnoyarsk", "koryak")]
)
def test_the_index_leads_to_everything(client, company, name):
    page = client.get("about.index")
    for link in page.soup.select("main .rows a"):
        assert client.get(link["href"]).status == 200, link["href"]


@pytest.mark.feature("S39")
def test_whoever_calls_sees_what_is_open_now(client, at):
    at("2026-11-20T10:00")
    assert "сейчас открыто" in client.get("about.contacts").text
    at("2026-11-20T23:30")
    page = client.get("about.contacts")
    assert "сейчас закрыто" in page.text and "сейчас открыто" not in page.text


@pytest.mark.feature("S45")
def test_offices_tell_how_to_get_there(client, app):
    Office.create(
        code="1", settlement="г. Канск", name="Первый", address="ул. Мира, 1", hours="ежедневно 9:00–18:00",
        way="Вход со двора", place="56.20500,95.70500",
    )  # fmt: skip
    page = client.get("about.offices")
    assert "Как пройти: Вход со двора." in page.text
    assert page.soup.select_one("main a[href^='geo:56.20500,95.70500']") is not None
    assert "сейчас открыто" in page.text


@pytest.mark.feature("S45")
@pytest.mark.company("irkutsk")
def test_contracts_stand_by_service_and_by_house(client, company):
    page = client.get("about.contracts")
    assert "паспорт" in page.text
    assert [head.get_text() for head in page.soup.select("h3")] == ["Электроэнергия", "Отопление", "Заявления"]
    links = [link["href"] for link in page.soup.select("main .rows a")]
    assert "/about/contracts/heat-private.pdf" in links and len(links) == len(published.contracts())


@pytest.mark.feature("S45")
def test_a_contract_is_a_paper_with_the_companys_details(client, company):
    answer = client.get("about.contract", slug="electricity-block")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    text = _pdf(answer)
    assert company.legal_name in text and company.inn in text and "_______" in text
    assert "{" not in text


@pytest.mark.parametrize("slug", ["nothing", "..", "heat-block", "x" * 3000, "%00"])
def test_a_contract_that_is_none_is_not_found(client, app, slug):
    assert client.get(f"/about/contracts/{slug}.pdf").status == 404


@pytest.mark.feature("S45")
def test_a_customer_gets_it_filled_in(home, anna):
    page = home.get("about.contracts")
    links = [link["href"] for link in page.soup.select("main .rows a") if "/accounts/" in link["href"]]
    answer = home.get(next(link for link in links if link.endswith("/electricity-block.pdf")))
    text = _pdf(answer)
    assert anna.account.number in text and anna.account.last_name in text


@pytest.mark.feature("S45")
def test_one_account_is_chosen_for_the_filled_in_ones(home, anna):
    other = cast.account(7, house="5")
    accounts.link(anna.id, other)
    page = home.get("about.contracts")
    assert len(page.soup.select(f"main a[href^='/accounts/{anna.account.number}/']")) > 0
    assert not page.soup.select(f"main a[href^='/accounts/{other.number}/contracts']")
    page = home.get("about.contracts", account=other.number)
    assert page.soup.select(f"main .rows a[href^='/accounts/{other.number}/contracts']")
    assert not page.soup.select(f"main .rows a[href^='/accounts/{anna.account.number}/']")
    assert home.get("about.contracts", account="241999999999").status == 200


def test_nobody_gets_anothers_filled_in(stranger, anna):
    assert stranger.get("about.prefilled", number=anna.account.number, slug="electricity-block").status == 404


@pytest.mark.feature("S46")
@pytest.mark.company("irkutsk")
def test_the_service_centre_tells_its_works_and_prices(client, company):
    page = client.get("about.service_centre")
    for one in company.information.services:
        assert one.name in page.text
    assert "бесплатно" in page.text and "НДС 22\u00a0% уже в цене" in page.text
    assert page.soup.select_one("main a[href='/about/contacts']") is not None


def test_tariffs_of_today_for_everybody(client, company):
    for kind in ("tariffs", "bands"):
        imports.load(kind, ROOT / "companies" / company.code / f"{kind}.csv")
    page = client.get("about.tariffs")
    assert "Приказ" in page.text
    assert len(page.soup.select("table")) >= 9
    assert "Дома с электроплитами".lower() in page.text.lower()


def test_no_tariff_yet_is_told_kindly(client, app):
    assert "Цены ещё не внесены" in client.get("about.tariffs").text


@pytest.mark.feature("S44")
def test_questions_are_found_by_their_words(client, company):
    page = client.get("about.questions")
    assert len(page.soup.select("main .rows a")) == len(company.information.questions) >= 20
    found = client.get("/about/questions?q=сломался+счётчик")
    assert (
        found.soup.select("main details summary")[0].get_text()
        == "Счётчик сломался или не показывает цифры. Что делать?"
    )
    assert "Ничего не нашлось" in client.get("/about/questions?q=ыыы").text


@pytest.mark.parametrize("typed", ["", "%00", "<script>", "я" * 5000, "%F0%9F%99%82", "%FF"])
def test_a_strange_search_finds_nothing_and_harms_nothing(client, app, typed):
    assert client.get(f"/about/questions?q={typed}").status == 200


def test_a_link_to_an_answer_leads_to_it(client, app):
    link = client.get("about.questions").soup.select_one("main .rows a")["href"]
    path, _, slug = link.partition("#")
    assert client.get(path).soup.select_one(f"#{slug} summary") is not None
    assert client.get("/about/questions/nothing").status == 404


@pytest.mark.feature("S47")
def test_the_cabinets_guide_is_for_everybody(client, app):
    assert "Передать показание".lower() in client.get("about.cabinet").text.lower()
