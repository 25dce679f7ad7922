"""Demo only: the letters that would have gone out."""

from __future__ import annotations

from models import outbox


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
