"""Sign-up in the ways of the four companies, and activation by the letter's link or code."""

from __future__ import annotations

import pytest

from models.consents import Consent
from models.metering.accounts import Account, Holding
from models.outbox import Message
from models.people.customers import Customer

GOOD = {
    "email": "novy@example.ru",
    "phone": "8 (913) 555-01-99",
    "password": "chetyre slova podryad",
    "password_again": "chetyre slova podryad",
    "consent": True,
}
BAD_CODE = ["Код неверный или устарел: он действует 10 минут. Проверьте цифры или перейдите по ссылке из письма."]


def apply(client, **changed):
    return client.get("sign_up.form").submit({**GOOD, **changed})


def by_account(vera):
    return {"account": vera.account.number, "secret": "8549"}


# ---- by e-mail


@pytest.mark.feature("S6")
def test_email_and_password_are_enough_where_accounts_are_linked_afterwards(client, app, mail):
    page = apply(client)
    assert page.location == "/activate"
    page = page.follow()
    assert page.h1 == "Подтвердите почту"
    assert "novy@example.ru" in page.text
    page = client.get(mail("novy@example.ru").link).submit(button="Подтвердить и открыть кабинет")
    assert page.location == "/"
    assert "Привяжите лицевой счёт" in page.follow().text


def test_no_customer_before_the_letter_is_answered(client, app):
    apply(client)
    assert not Customer.select().exists()


@pytest.mark.feature("S4")
def test_form_tells_that_activation_is_needed_and_asks_to_check(client):
    text = client.get("sign_up.form").text
    assert "кабинет откроется, когда вы подтвердите почту" in text
    assert "Проверьте данные, прежде чем нажать кнопку." in text


def test_opening_the_link_alone_changes_nothing(client, app, mail):
    apply(client)
    page = client.get(mail("novy@example.ru").link)
    assert page.h1 == "Подтверждение почты"
    assert not Customer.select().exists()


def test_link_opens_the_cabinet_once(client, app, mail):
    apply(client)
    link = mail("novy@example.ru").link
    page = client.get(link)
    page.submit(button="Подтвердить и открыть кабинет")
    again = client.another().get(link)
    assert "Ссылка уже использована или устарела." in again.text
    assert client.another().get("sign_in.form").status == 200
    assert page.client.post(link, {"csrf_token": client.get("home.front").field("csrf_token")["value"]}).status == 422
    assert Customer.select().count() == 1


def test_browser_that_applied_is_asked_for_nothing_more(client, app, mail):
    apply(client)
    assert "password" not in client.get(mail("novy@example.ru").link).fields


def test_another_browser_is_asked_for_the_password_of_the_application(client, app, mail):
    """Or a stranger who applies with somebody's address has its owner open a cabinet under the stranger's password."""
    apply(client)
    page = client.another().get(mail("novy@example.ru").link)
    assert "не там, где регистрировались" in page.text
    assert page.submit(password="").status == 422
    page = page.submit(password="drugie slova")
    assert page.status == 422
    assert page.error("password").startswith("При регистрации был указан другой пароль.")
    assert page.value("password") == ""
    assert not Customer.select().exists()
    assert page.submit(password=GOOD["password"]).location == "/"
    assert Customer.get().email == "novy@example.ru"


def test_password_cannot_be_left_out_in_another_browser(client, app, mail):
    apply(client)
    link, other = mail("novy@example.ru").link, client.another()
    token = other.get(link).value("csrf_token")
    assert other.post(link, {"csrf_token": token}).status == 422
    assert not Customer.select().exists()


def test_browser_that_applied_for_another_address_is_another_one(client, app, mail):
    apply(client)
    other = client.another()
    apply(other, email="chuzhoy@example.ru")
    assert "password" in other.get(mail("novy@example.ru").link).fields


def test_guesses_at_the_password_in_another_browser_are_limited(client, app, mail):
    apply(client)
    link, other = mail("novy@example.ru").link, client.another()
    for _ in range(10):
        other.get(link).submit(password="drugie slova")
    page = other.get(link).submit(password=GOOD["password"])
    assert page.status == 422
    assert page.errors == ["Слишком много попыток. Подождите немного и попробуйте снова."]
    assert not Customer.select().exists()
    assert client.get(link).submit(button="Подтвердить и открыть кабинет").location == "/"


@pytest.mark.feature("S5")
def test_code_of_the_letter_opens_it_too(client, app, mail):
    page = apply(client).follow().submit(code=mail("novy@example.ru").code)
    assert page.location == "/"
    assert Customer.get().email == "novy@example.ru"
    assert client.another().sign_in("novy@example.ru", GOOD["password"]).status == 303


def test_code_typed_with_spaces_is_the_code(client, app, mail):
    code = mail_code = apply(client) and mail("novy@example.ru").code
    assert client.get("sign_up.sent").submit(code=f" {code[:3]} {mail_code[3:]} ").status == 303


def test_wrong_code_opens_nothing_and_the_sixth_try_not_either(client, app, mail):
    apply(client)
    right = mail("novy@example.ru").code
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(5):
        page = client.get("sign_up.sent").submit(code=wrong)
        assert (page.status, page.error("code")) == (422, BAD_CODE[0])
    assert client.get("sign_up.sent").submit(code=right).errors == BAD_CODE


def test_code_is_no_use_in_another_browser(client, app, mail):
    apply(client)
    assert client.another().get("sign_up.sent").submit(code=mail("novy@example.ru").code).errors == BAD_CODE


def test_code_dies_after_ten_minutes_the_link_lives_three_days(client, app, mail, at):
    apply(client)
    letter = mail("novy@example.ru")
    at("2026-11-20T10:11")
    assert client.get("sign_up.sent").submit(code=letter.code).errors == BAD_CODE
    at("2026-11-23T09:59")
    assert client.get(letter.link).submit(button="Подтвердить и открыть кабинет").status == 303
    assert Customer.select().exists()


def test_link_dies_after_three_days(client, app, mail, at):
    apply(client)
    at("2026-11-23T10:01")
    assert "Ссылка уже использована или устарела." in client.get(mail("novy@example.ru").link).text


def test_consent_is_a_document_of_its_own_with_a_box_not_ticked(client, app, company, mail):
    page = client.get("sign_up.form")
    assert not page.field("consent").has_attr("checked")
    document = company.consents["personal-data"]
    shown = page.click(f"«{document.title}»")
    assert shown.h1 == document.title
    for part in ("Зачем нужны", "Какие данные", "делает с данными", "Сколько действует", "Как отозвать"):
        assert part in shown.text
    apply(client)
    client.get(mail("novy@example.ru").link).submit(button="Подтвердить и открыть кабинет")
    given = Consent.get()
    assert (given.text.hash, given.text.text, given.ip) == (document.hash, document.text, "127.0.0.1")


def test_nothing_goes_on_without_consent(client, app):
    page = apply(client, consent=False)
    assert page.status == 422
    assert page.error("consent") == "Без согласия на обработку персональных данных кабинет не открыть."
    assert page.value("email") == "novy@example.ru"
    assert page.value("password") == ""
    assert not Message.select().exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "не почта", "Это не похоже на адрес почты. Пример: anna@example.ru"),
        ("phone", "12", "Это не похоже на номер телефона. Пример: +7 913 555-01-23"),
        ("password", "korotko", "Пароль слишком короткий: нужно не меньше 8 знаков. Подойдут три-четыре слова подряд."),
        ("password", "password1", "Этот пароль встречается слишком часто, его подберут первым. Придумайте другой."),
        ("password", "novy@example.ru", "Пароль не должен повторять почту, телефон или лицевой счёт."),
        ("password_again", "drugie slova", "Пароли не совпадают. Введите один и тот же пароль дважды."),
    ],
)
def test_each_fault_is_told_beside_its_field(client, app, field, value, said):
    page = apply(client, **{field: value})
    assert page.status == 422
    assert page.error(field) == said
    assert said in page.errors


def test_all_faults_are_told_at_once(client, app):
    page = apply(client, email="x", phone="x", password="x", consent=False)
    assert all(page.error(field) for field in ("email", "phone", "password", "password_again", "consent"))


# ---- who is there, nobody learns


def test_known_address_gets_the_same_page_and_a_letter_of_its_own(client, anna, mail, hashes):
    unknown = apply(client).follow()
    spent = hashes()
    known = apply(client.another(), email="anna@example.ru").follow()
    assert known.status == unknown.status
    assert known.text.replace("anna@", "novy@") == unknown.text
    assert hashes() == spent > 0
    assert mail("anna@example.ru").letter == "known"


def test_wrong_code_for_a_known_address_is_answered_alike(client, anna, mail):
    apply(client, email="anna@example.ru")
    assert client.get("sign_up.sent").submit(code="000000").errors == BAD_CODE


def test_letters_to_one_address_are_limited(client, app):
    for _ in range(5):
        assert apply(client).status == 303
    page = apply(client)
    assert page.status == 422
    assert page.errors == ["На этот адрес уже отправлено несколько писем. Проверьте почту, в том числе папку «Спам»."]
    assert Message.select().count() == 5


# ---- by account


@pytest.mark.company("kaluga")
@pytest.mark.feature("S2", "S4", "S5")
def test_account_with_its_secret_is_linked_and_primary_at_once(client, vera, mail):
    page = apply(client, **by_account(vera))
    assert page.location == "/activate"
    assert vera.account.number in mail("novy@example.ru").text
    client.get(mail("novy@example.ru").link).submit(button="Подтвердить и открыть кабинет")
    new = Customer.get(Customer.email == "novy@example.ru")
    assert new.phone == "+79135550199"
    assert [row.account_id for row in Holding.select().where(Holding.customer == new)] == [vera.account.id]
    assert client.get("home.front").status == 200
    assert client.another().sign_in(vera.account.number, GOOD["password"]).status == 303


@pytest.mark.company("kaluga")
@pytest.mark.parametrize("secret", ["0000", "", "854", "55501123"])
def test_account_number_alone_is_no_proof(client, vera, secret):
    page = apply(client, **{**by_account(vera), "secret": secret})
    assert page.status == 422
    assert page.error("secret")
    assert page.value("account") == vera.account.number
    assert not Message.select().exists()


@pytest.mark.company("kaluga")
def test_wrong_secret_and_unknown_account_are_answered_alike(client, vera):
    wrong = apply(client, account=vera.account.number, secret="0000")
    unknown = apply(client, account="400199999", secret="0000")
    assert wrong.errors == unknown.errors


@pytest.mark.company("kaluga")
def test_phone_is_required_where_the_company_says_so(client, vera):
    assert apply(client, **by_account(vera), phone="").error("phone")


@pytest.mark.company("kaluga")
def test_tries_at_the_secret_of_an_account_are_limited(client, vera):
    for _ in range(10):
        apply(client, account=vera.account.number, secret="0000")
    page = apply(client, **by_account(vera))
    assert page.errors == ["Слишком много попыток. Подождите немного и попробуйте снова."]


@pytest.mark.company("koryak")
def test_sign_up_by_email_where_phone_is_optional(client, app, mail):
    apply(client, phone="")
    client.get(mail("novy@example.ru").link).submit(button="Подтвердить и открыть кабинет")
    assert Customer.get().phone == ""


@pytest.mark.company("irkutsk")
def test_phone_is_the_key_for_the_bot_in_irkutsk(client, app):
    assert "account" not in client.get("sign_up.form").fields
    assert apply(client, phone="").error("phone")
    assert apply(client).location == "/activate"
    assert not Account.select().exists()
