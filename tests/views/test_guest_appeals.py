"""Appeals of people without a cabinet: consent, confirmation by code or link, the secret link, and what it does not open."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from models import audit, base, clock, files
from models.consents import given
from models.contact.appeals import forgetting, links, moves, rows
from models.contact.appeals.rows import Appeal, AppealDraft, AppealEntry
from models.outbox import Message
from tests import cast
from tests.cast import Person
from tests.page import Client, Page
from tests.views.conftest import Mail
from tests.views.test_appeals import address, attached

EMAIL = "guest@example.ru"
TEXT = "Когда включат свет на улице Мира?"
Post = Callable[[str], Mail]


def fill(client: Client, **more: Any) -> Page:
    given_fields = {"topic": "supply", "name": "Пётр", "email": EMAIL, "text": TEXT, "consent": True, **more}
    return client.get("appeals.new").submit(given_fields, button="Отправить")


@pytest.fixture
def registered(client: Client, mail: Post) -> Appeal:
    """A guest's appeal, confirmed by the code, in the guest's browser."""
    assert fill(client).status == 303
    page = client.get("guest_appeals.sent").submit(code=mail(EMAIL).code)
    assert page.status == 303, page.errors
    return Appeal.get()


@pytest.mark.feature("S36")
def test_nothing_is_registered_before_the_address_is_confirmed(client: Client, mail: Post) -> None:
    page = fill(client).follow()
    assert page.h1 == "Подтвердите почту"
    assert EMAIL in page.text
    assert Appeal.select().count() == 0
    letter = mail(EMAIL)
    assert letter.letter == "appeal_confirm"
    shown = page.submit(code=letter.code).follow()
    appeal = Appeal.get()
    assert shown.h1 == f"Обращение {appeal.number}"
    assert appeal.customer_id is None
    assert (appeal.email, appeal.name) == (EMAIL, "Пётр")
    assert appeal.number in mail(EMAIL).text


def test_a_wrong_code_registers_nothing(client: Client, mail: Post) -> None:
    page = fill(client).follow()
    code = mail(EMAIL).code
    wrong = page.submit(code="000000" if code != "000000" else "111111")
    assert wrong.status == 422
    assert wrong.error("code")
    assert Appeal.select().count() == 0
    assert client.get("guest_appeals.sent").submit(code=code).status == 303


def test_the_link_asks_by_get_and_registers_by_post_in_any_browser(client: Client, mail: Post) -> None:
    fill(client)
    path = mail(EMAIL).link
    phone = client.another()
    page = phone.get(path)
    phone.get(path)
    assert Appeal.select().count() == 0, "mail programs open links by themselves"
    shown = page.submit(button="Подтвердить и отправить").follow()
    assert TEXT in shown.text
    again = phone.get(path).submit(button="Подтвердить и отправить")
    assert again.status == 303
    assert Appeal.select().count() == 1


def test_a_link_that_is_none_says_so(client: Client) -> None:
    page = client.get("guest_appeals.confirm", token="x" * 43)
    assert "устарела" in page.text
    assert (
        client.post("guest_appeals.by_link", {"csrf_token": client.get("appeals.new").token}, token="x" * 43).status
        == 422
    )


def test_the_letter_goes_again_with_another_code(client: Client, mail: Post) -> None:
    page = fill(client).follow()
    first = mail(EMAIL).code
    page = page.submit(button="Отправить письмо ещё раз").follow()
    assert Message.select().where(Message.letter == "appeal_confirm").count() == 2
    second = mail(EMAIL).code
    if first != second:
        assert page.submit(code=first).status == 422
    assert client.get("guest_appeals.sent").submit(code=second).status == 303


def test_nothing_waits_so_nothing_is_sent_again(client: Client) -> None:
    page = client.get("guest_appeals.sent").submit(button="Отправить письмо ещё раз")
    assert page.location == "/appeals/new"


@pytest.mark.feature("S13")
def test_the_box_of_consent_is_empty_its_document_beside_it_and_it_is_needed(client: Client) -> None:
    form = client.get("appeals.new")
    assert not form.field("consent").has_attr("checked")
    assert any("/about/privacy/personal-data" in str(link["href"]) for link in form.soup.select("main a"))
    page = fill(client, consent=False, email="not an address")
    assert page.status == 422
    assert page.error("consent")
    assert page.error("email")
    assert page.value("text") == TEXT
    nameless = fill(client, consent=False, name="")
    assert nameless.error("name")
    assert nameless.error("consent")
    assert Message.select().count() == 0


def test_the_consent_is_given_with_the_confirmation(client: Client, registered: Appeal) -> None:
    consent = given.Consent.get(given.Consent.subject == f"guest:{EMAIL}")
    assert consent.kind == "personal-data"


def test_a_mistaken_address_is_mended_and_the_first_letter_opens_nothing(client: Client, mail: Post) -> None:
    fill(client, email="gest@example.ru")
    stale = mail("gest@example.ru").link
    page = client.get("guest_appeals.sent").click("вернитесь к обращению")
    assert page.value("text") == TEXT
    assert page.value("email") == "gest@example.ru"
    assert not page.field("consent").has_attr("checked")
    page.submit(email=EMAIL, consent=True, button="Отправить")
    assert client.another().get(stale).soup.select("main form") == []
    assert client.get("guest_appeals.sent").submit(code=mail(EMAIL).code).status == 303
    assert Appeal.get().email == EMAIL


def test_a_guests_draft_is_the_browsers_own(client: Client) -> None:
    client.get("appeals.new").submit(
        topic="supply", text=TEXT, files=[attached("столб.jpg")], button="Сохранить черновик"
    )
    page = client.get("appeals.new")
    assert page.value("text") == TEXT
    assert "столб.jpg" in page.text
    other = client.another().get("appeals.new")
    assert other.value("text") == ""
    assert "столб.jpg" not in other.text
    assert AppealDraft.get().author.startswith("guest:")


def test_drafts_of_one_address_are_not_without_number(client: Client) -> None:
    for n in range(61):
        browser = client.another()
        data = {"csrf_token": browser.get("appeals.new").token, "text": f"Черновик {n}"}
        part = browser.post("appeals.save", data, headers={"HX-Request": "true"})
        assert part.status == 200
    assert "Слишком много попыток" in part.text
    assert AppealDraft.select().count() == 60


def test_a_guests_files_come_with_the_appeal(client: Client, mail: Post) -> None:
    fill(client, files=[attached("столб.jpg")])
    shown = client.get("guest_appeals.sent").submit(code=mail(EMAIL).code).follow()
    answer = client.open(address(shown, "столб.jpg"))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert files.StoredFile.get().owner == AppealEntry.get(AppealEntry.kind == rows.MESSAGE).subject


def test_what_a_guest_typed_follows_into_the_cabinet(client: Client, anna: Person) -> None:
    page = client.get("appeals.new").submit(topic="supply", text=TEXT, button="Войти в кабинет")
    assert page.location == "/sign-in?next=/appeals/new"
    page.follow().submit(login=anna.customer.email, password=cast.PASSWORD)
    form = client.get("appeals.new")
    assert form.value("text") == TEXT
    assert form.submit(button="Отправить").status == 303
    assert Appeal.get().customer_id == anna.customer.id


def test_a_draft_is_erased_after_a_question(client: Client) -> None:
    """On a computer that others use, too, no word of a guest stays behind."""
    fill(client, consent=False, files=[attached("столб.jpg")])
    question = client.get("appeals.new").click("Стереть черновик")
    assert AppealDraft.select().count() == 1, "a question alone erases nothing"
    assert question.submit(button="Стереть").status == 303
    page = client.get("appeals.new")
    assert (page.value("text"), page.value("email")) == ("", "")
    assert AppealDraft.select().count() == 0
    assert "столб.jpg" not in page.text
    assert client.get("appeals.ask_erase").location == "/appeals/new"


def test_a_draft_whose_letter_is_on_its_way_is_forgotten_here_alone(client: Client, mail: Post) -> None:
    fill(client, files=[attached("столб.jpg")])
    client.get("appeals.ask_erase").submit(button="Стереть")
    assert client.get("appeals.new").value("text") == ""
    assert EMAIL not in client.get("guest_appeals.sent").text
    shown = client.another().get(mail(EMAIL).link).submit(button="Подтвердить и отправить").follow()
    assert "столб.jpg" in shown.text


def test_an_appeal_is_closed_on_a_strangers_computer(client: Client, registered: Appeal) -> None:
    page = client.get("appeals.show", number=registered.number)
    page.submit(text="Ещё слово", button="Сохранить черновик")
    page = client.get("appeals.show", number=registered.number)
    assert page.submit(button="Забыть обращение на этом устройстве").status == 303
    assert client.get("appeals.show", number=registered.number).location.startswith("/sign-in")
    assert AppealDraft.select().count() == 0
    assert client.get(link_of(registered)).follow().status == 200
    stranger = client.another()
    data = {"csrf_token": stranger.get("appeals.new").token}
    assert stranger.post("guest_appeals.forget", data, number=registered.number).location.startswith("/sign-in")


def test_the_account_that_staff_found_is_not_told_to_whoever_wrote(
    client: Client, registered: Appeal, anna: Person
) -> None:
    """«I live there and forgot the number» must not be answered with somebody's account."""
    registered.account = anna.account
    registered.save()
    for endpoint in ("appeals.show", "appeals.printed"):
        page = client.get(endpoint, number=registered.number)
        assert page.status == 200
        assert anna.account.number not in page.text, endpoint


@pytest.mark.feature("S36")
def test_a_guest_withdraws_the_consent_and_is_wiped_thirty_days_later(
    client: Client, registered: Appeal, at: Callable[[str], None]
) -> None:
    question = client.get("appeals.show", number=registered.number).click("Согласие на обработку данных")
    assert given.Consent.get().withdrawn_at is None, "a question alone withdraws nothing"
    shown = question.submit(button="Отозвать согласие").follow()
    assert "сотрём до 20 декабря 2026" in shown.text.replace("\u00a0", " ")
    assert "отозвано" in client.get("guest_appeals.ask_withdraw", number=registered.number).text
    at("2026-12-20T10:01")
    assert forgetting.forget_guests() == 1
    assert Appeal.get().email == ""


def test_a_customers_appeal_rests_on_no_consent_of_its_own(client: Client, home: Client) -> None:
    home.get("appeals.new").submit(topic="charges", text=TEXT)
    assert home.get("guest_appeals.ask_withdraw", number=Appeal.get().number).status == 404


def test_the_number_that_a_guest_typed_is_shown_as_typed(client: Client, mail: Post, anna: Person) -> None:
    fill(client, account="24-1")
    page = client.get("guest_appeals.sent").submit(code=mail(EMAIL).code).follow()
    assert "24-1" in page.text
    Appeal.update(account=anna.account).execute()
    assert "24-1" in client.get("appeals.show", number=Appeal.get().number).text


@pytest.mark.company("koryak")
def test_a_company_that_takes_no_guests_sends_them_to_the_sign_in(client: Client) -> None:
    assert client.get("appeals.new").location == "/sign-in?next=/appeals/new"
    token = client.get("sign_in.form").token
    data = {"csrf_token": token, "topic": "other", "text": TEXT, "email": EMAIL, "name": "Пётр", "consent": "y"}
    assert client.post("appeals.send", data).location.startswith("/sign-in")
    assert client.post("appeals.save", data).location.startswith("/sign-in")
    assert Message.select().count() == 0
    assert AppealDraft.select().count() == 0


# ---- the secret link


def link_of(appeal: Appeal) -> str:
    return f"/appeals/link/{links.token(appeal)}"


@pytest.mark.feature("S36")
def test_the_link_opens_this_appeal_and_leaves_no_secret_behind(client: Client, registered: Appeal, mail: Post) -> None:
    path = mail(EMAIL).link
    assert path == link_of(registered)
    phone = client.another()
    answer = phone.get(path)
    assert answer.location == f"/appeals/{registered.number}"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    page = answer.follow()
    assert TEXT in page.text
    assert links.token(registered) not in page.markup
    assert phone.get("appeals.printed", number=registered.number).status == 200
    page.submit(text="Свет дали, спасибо.", button="Отправить")
    said = AppealEntry.get(AppealEntry.text == "Свет дали, спасибо.")
    assert said.author == rows.GUEST


def test_the_link_opens_nothing_else(client: Client, registered: Appeal, anna: Person) -> None:
    other = Appeal.create(
        customer=anna.customer, email=anna.customer.email, topic="other", title="Моё", due_on=clock.today()
    )
    phone = client.another()
    phone.get(link_of(registered))
    for path in (f"/appeals/{other.number}", "/appeals", "/settings", f"/accounts/{anna.account.number}/"):
        assert phone.get(path).location.startswith("/sign-in"), path


def test_the_link_of_a_customers_letter_opens_the_appeal_without_the_cabinet(home: Client, client: Client) -> None:
    home.get("appeals.new").submit(topic="charges", text=TEXT)
    phone = client.another()
    page = phone.get(link_of(Appeal.get())).follow()
    assert TEXT in page.text
    page.submit(text="По ссылке", button="Отправить")
    assert AppealEntry.get(AppealEntry.text == "По ссылке").author == rows.GUEST
    assert phone.get("settings.show").location.startswith("/sign-in")


@pytest.mark.parametrize("token", ["x", "1." + "0" * 32, "zz", "1" * 500])
def test_a_link_that_is_guessed_is_no_page(client: Client, registered: Appeal, token: str) -> None:
    assert client.get(f"/appeals/link/{token}").status == 404


def test_a_torn_link_says_what_to_do(client: Client, registered: Appeal) -> None:
    page = client.get(link_of(registered)[:-3])
    assert (page.status, page.h1) == (404, "Ссылка не действует")
    number = f"/appeals/{registered.number}"
    assert "Откройте ссылку из письма" in client.another().get(number).follow().text


def test_guessing_links_ends_in_no_answer(client: Client) -> None:
    statuses = [client.get(f"/appeals/link/1.{n:032x}").status for n in range(62)]
    assert statuses[0] == 404
    assert statuses[-1] == 422


def test_a_link_that_was_voided_shuts_an_open_browser_too(client: Client, registered: Appeal) -> None:
    phone = client.another()
    phone.get(link_of(registered))
    with base.database.atomic():
        links.void(registered)
    assert phone.get("appeals.show", number=registered.number).status == 404


def test_signing_out_forgets_the_link(client: Client, home: Client, mail: Post) -> None:
    appeal = Appeal.create(email=EMAIL, topic="other", title="Чужое", due_on=clock.today())
    home.get(link_of(appeal))
    assert home.get("appeals.show", number=appeal.number).status == 200
    home.get("/sign-out").submit(button="Выйти")
    assert home.get("appeals.show", number=appeal.number).location.startswith("/sign-in")


def test_a_forged_list_of_links_opens_nothing(client: Client, registered: Appeal) -> None:
    other = Appeal.create(email="x@example.ru", topic="other", title="Чужое", due_on=clock.today())
    phone = client.another()
    phone.get(link_of(registered))
    with phone.browser.session_transaction(base_url=phone.base) as session:
        session["appeals"] = {other.number: links.token(registered)}
    assert phone.get("appeals.show", number=other.number).status == 404


def test_a_guest_comes_back_rates_and_opens_it_again(client: Client, registered: Appeal) -> None:
    with base.database.atomic(), audit.acting("system", ""):
        held = moves.hold(registered.id)
        moves.add(held, rows.ANSWER, "Включат завтра.")
        moves.move(held, rows.ANSWERED, answered_at=clock.now())
    page = client.get("appeals.show", number=registered.number)
    page.submit(rating="3", button="Оценить")
    assert Appeal.get().rating == 3
    page = client.get("appeals.show", number=registered.number)
    page = page.submit(text="Не включили.", files=[attached("темно.jpg")], button="Открыть снова").follow()
    assert "открыто снова" in page.text
    assert re.search(r"темно\.jpg", page.text)
