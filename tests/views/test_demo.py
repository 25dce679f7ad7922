"""Demo only: the letters that would have gone out."""

from __future__ import annotations

from models import outbox
from models.outbox import Message
from tests.card import NUMBER, bill_two_months


def test_letters_are_shown_the_newest_first(client, anna):
    client.get("recovery.form").submit(login="anna@example.ru")
    client.get("sign_up.form").submit(
        email="novy@example.ru", password="chetyre slova", password_again="chetyre slova", consent=True
    )
    page = client.get("demo.letters")
    assert [card.h2.get_text() for card in page.soup.select("article")] == [
        "Подтвердите почту — Енисейсбыт", "Новый пароль — Енисейсбыт",
    ]  # fmt: skip
    assert "кому: anna@example.ru" in page.text


def test_link_of_a_letter_is_clicked(client, anna):
    client.get("recovery.form").submit(login="anna@example.ru")
    link = client.get("demo.letters").soup.select_one("article a")["href"]
    assert client.get(link.removeprefix(client.base)).h1 == "Новый пароль"


def test_words_of_a_letter_are_only_words(client, app):
    outbox.post("email_changed", "<b>x</b>@example.ru", {"email": "<script>alert(1)</script>"})
    page = client.get("demo.letters")
    assert page.soup.select_one("article script, article b") is None
    assert "<script>alert(1)</script>" in page.text


def test_no_letter_yet(client, app):
    assert "Писем пока нет." in client.get("demo.letters").text


def test_production_shows_no_letters(production):
    assert "demo.letters" not in production().view_functions


def test_a_letter_is_shown_as_a_mail_program_shows_it(client, anna):
    client.get("recovery.form").submit(login="anna@example.ru")
    page = client.get("demo.letters")
    html = client.open(page.soup.select_one("article .actions a")["href"])
    assert html.h1 == "Новый пароль" and "unsafe" not in html.headers["Content-Security-Policy"]
    link = html.soup.find("a", string="Задать новый пароль")["href"]
    assert client.get(link.removeprefix(client.base)).h1 == "Новый пароль"


def test_a_bill_lies_in_its_letter(client, anna):
    bill_two_months()
    outbox.post(
        "e_receipt", "anna@example.ru", {"account": NUMBER, "period": "2026-10", "kopecks": 1, "due": "2026-11-15"}
    )
    page = client.get("demo.letters")
    file = client.open(page.soup.select("article .actions a")[1]["href"])
    assert file.answer.data.startswith(b"%PDF")


def test_an_sms_has_neither_page_nor_file(client, anna):
    data = {"account": NUMBER, "kopecks": 100, "day": "2026-11-20", "months": 1}
    outbox.post("debt_notice", "+79135550123", data, kind="sms")
    page = client.get("demo.letters")
    assert "долг по л/с" in page.text and page.soup.select_one("article .actions") is None
    number = Message.newest(1).get().id
    assert [client.get(name, message_id=number).status for name in ("demo.html", "demo.file")] == [404, 404]
    assert client.get("demo.html", message_id=10**6).status == 404


def test_a_letter_whose_secrets_are_wiped_is_shown_without_them(client, anna):
    client.get("recovery.form").submit(login="anna@example.ru")
    Message.update(secrets={}, state=outbox.SENT).execute()
    page = client.get("demo.letters")
    assert "/recover/…" in page.text and "отправлено" in page.text


def test_a_letter_to_somebody_whose_data_are_destroyed_breaks_no_page(client, anna):
    outbox.post("e_receipt", "anna@example.ru", {"account": NUMBER, "period": "2026-10", "kopecks": 1, "due": None})
    Message.update(data={}, to="", state=outbox.SENT).execute()
    assert "Электронная квитанция" in client.get("demo.letters").text
