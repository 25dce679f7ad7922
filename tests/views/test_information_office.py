"""What anyone may read, edited at the office: a draft, its preview, publishing, two editors, versions."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from models.contact.information import drafting, published
from models.contact.information.rows import InformationVersion
from models.metering.accounts import Office

ITEM = {"section": "questions", "slug": "no-power"}


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    yield
    published.assume_none()


def _change(client, question="Свет погас. Кому звонить?", **where):
    page = client.get("staff_information.item", **{**ITEM, **where})
    return page.submit({"question": question}, button="Сохранить в черновике")


@pytest.mark.feature("S45")
def test_sections_tell_their_version_and_their_draft(irina):
    page = irina.get("staff_information.index")
    assert "из файлов компании" in page.text and page.h1 == "Информация для клиентов"
    _change(irina)
    assert "есть" in irina.get("staff_information.index").text


def test_items_stand_by_topic_and_move_by_keys(oleg):
    page = oleg.get("staff_information.show", section="questions")
    assert "Оплата" in " ".join(one.get_text() for one in page.soup.select("h3"))
    assert all(row.find_all(recursive=False)[1:] for row in page.soup.select("li.apart")), (
        "one child alone goes to the right"
    )
    for where in ("show", "versions"):
        page = oleg.get(f"staff_information.{where}", section="questions")
        assert page.soup.select_one("script[src*=staff]") is not None
    assert oleg.get("staff_information.index").soup.select_one("script[src*=staff]") is not None


def test_a_draft_is_previewed_then_published(irina, client):
    assert _change(irina).status == 303
    page = irina.get("staff_information.show", section="questions")
    assert "изменено: Свет погас. Кому звонить?" in page.text
    preview = irina.get("staff_information.preview", section="questions")
    assert "Свет погас. Кому звонить?" in preview.text and "Ещё не опубликовано" in preview.text
    assert "Свет погас" not in client.get("about.questions").text
    assert page.submit(button="Опубликовать").status == 303
    assert "Свет погас. Кому звонить?" in client.get("about.questions").text
    assert "Опубликовано" in irina.get("staff_information.show", section="questions").text


def test_an_operator_writes_and_an_administrator_publishes(oleg, irina):
    assert _change(oleg).status == 303
    page = oleg.get("staff_information.show", section="questions")
    assert not page.soup.select("form[action$='/publish']") and "Публикует администратор" in page.text
    seen = str(drafting.revision("questions"))
    assert oleg.post("staff_information.publish", {"seen": seen}, section="questions").status in (303, 403)
    assert InformationVersion.select().count() == 0


def test_the_auditor_looks_and_changes_nothing(nina):
    assert nina.get("staff_information.show", section="questions").status == 200
    assert nina.get("staff_information.item", **ITEM).status == 403


def test_the_second_editor_sees_the_firsts_change_before_saving(irina, oleg):
    first, second = (client.get("staff_information.item", **ITEM) for client in (irina, oleg))
    first.submit({"question": "Первый вопрос"}, button="Сохранить в черновике")
    refused = second.submit({"question": "Второй вопрос"}, button="Сохранить в черновике")
    assert refused.status == 422
    assert "Первый вопрос" in refused.text and "изменил другой сотрудник" in refused.text
    assert refused.field("question")["value"] == "Второй вопрос"
    assert refused.submit(button="Сохранить в черновике").status == 303
    assert drafting.one_of("questions", "no-power")["question"] == "Второй вопрос"


def test_what_is_wrong_is_told_by_its_field(irina):
    page = irina.get("staff_information.new", section="services")
    page = page.submit({"name": "<b>Щиток</b>", "price": "сто"}, button="Сохранить в черновике")
    assert page.status == 422
    assert {link["href"] for link in page.soup.select(".errors a")} >= {"#group", "#name", "#unit", "#price"}
    assert page.field("price")["value"] == "сто"


def test_markup_that_slipped_in_is_shown_as_text(irina, client):
    page = irina.get("staff_information.item", section="questions", slug="no-power")
    page.submit({"answer": "Если 2 < 3 & 4 > 1, то [сюда](/about/offices)"}, button="Сохранить в черновике")
    shown = irina.get("staff_information.preview", section="questions")
    assert "Если 2 < 3 & 4 > 1" in shown.text
    assert shown.soup.select_one("main .prose a[href='/about/offices']") is not None


@pytest.mark.feature("S40")
def test_a_phone_that_is_published_stands_on_every_page(irina, client):
    slug = published.filed("phones")[0]["slug"]
    page = irina.get("staff_information.item", section="phones", slug=slug)
    page.submit({"number": "8 800 700-24-57", "hours": "круглосуточно"}, button="Сохранить в черновике")
    irina.get("staff_information.show", section="phones").submit(button="Опубликовать")
    for endpoint in ("home.front", "about.contacts", "sign_in.form"):
        assert client.get(endpoint).soup.select_one("footer a.tel")["href"] == "tel:+78007002457"


def test_an_office_is_edited_where_accounts_refer_to_it(irina, client):
    Office.create(code="101", name="Центральный", settlement="г. Красноярск", address="ул. Мира, 1")
    page = irina.get("staff_information.item", section="offices", slug="101")
    page.submit({"way": "Вход со двора", "place": "56.0106, 92.8525"}, button="Сохранить в черновике")
    irina.get("staff_information.show", section="offices").submit(button="Опубликовать")
    assert Office.get(Office.code == "101").place == "56.01060,92.85250"
    assert "Вход со двора" in client.get("about.offices").text


@pytest.mark.feature("S45")
def test_a_contract_may_be_a_file_of_the_companys(irina, client):
    page = irina.get("staff_information.item", section="contracts", slug="electricity-block")
    body = client.get("about.contract", slug="electricity-private").answer.data
    answer = page.submit({"file": (io.BytesIO(body), "договор.pdf")}, button="Сохранить в черновике")
    if answer.status == 422:
        pytest.fail(answer.text)
    irina.get("staff_information.show", section="contracts").submit(button="Опубликовать")
    got = client.get("about.contract", slug="electricity-block")
    assert got.answer.data.startswith(b"%PDF-")
    assert "договор.pdf" in got.headers["Content-Disposition"] or "filename*" in got.headers["Content-Disposition"]


def test_versions_are_compared_and_brought_back(irina, client):
    _change(irina)
    irina.get("staff_information.show", section="questions").submit(button="Опубликовать")
    page = irina.get("staff_information.compare", section="questions", version=1)
    assert "Нет света. Куда звонить?" in page.text and "Свет погас. Кому звонить?" in page.text
    page = irina.get("staff_information.versions", section="questions")
    page.submit(button="Вернуть версию 0")
    assert "Нет света. Куда звонить?" in client.get("about.questions").text
    assert "возвращена версия 0" in irina.get("staff_information.versions", section="questions").text


@pytest.mark.parametrize(
    "path", ["nothing", "questions/items/nothing", "questions/versions/99", "pages/add", "phones/items/%00"]
)
def test_what_is_not_there_is_not_found(irina, path):
    assert irina.get(f"/staff/information/{path}").status == 404
