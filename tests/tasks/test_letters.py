"""The words of every letter, put together from its three files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from peewee import Database

from models import outbox
from models.company import Company
from models.outbox import Message
from tasks import letters
from tasks.letters import Letter
from tests.paying import FISCAL

MAIL = Path(__file__).resolve().parents[2] / "templates" / "mail"
LETTERS = sorted(path.stem for path in MAIL.glob("*.subject"))
URL = "https://lk.example.ru"
EVERYTHING = {
    "account": "241010000054", "email": "new@example.ru", "phone": "+79135550199", "number": "2611-7KQ2M9XD", "kopecks": 264285,
    "cheque": FISCAL, "name": "Анна Сергеевна", "day": "20 ноября", "changed": "телефон", "serial": "87749621", "values": "6 440",
    "right": "6 404", "reason": "Перепутаны цифры.", "why": "Переехали", "question": "Что на счётчике сейчас?", "window": "до 29 ноября",
    "path": "/accounts/241010000054/readings",
}  # fmt: skip
SECRETS = {"token": "a-token-of-the-letter", "code": "012345"}


def put_together(letter: str, data: dict[str, Any] | None = None) -> Letter:
    outbox.post(letter, "anna@example.ru", EVERYTHING if data is None else data, SECRETS)
    return letters.put_together(Message.newest(1).get(), URL)


def test_each_letter_is_three_files() -> None:
    files = {path.name for path in MAIL.iterdir() if not path.name.startswith("_")}
    assert files == {f"{letter}.{part}" for letter in LETTERS for part in ("subject", "txt", "html")}


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter(db: Database, company: Company, letter: str) -> None:
    subject, text, html = put_together(letter)
    assert company.name in subject and "\n" not in subject
    assert text.startswith("Здравствуйте") and company.name in text
    assert "<html" in html and "{{" not in text + html + subject


@pytest.mark.parametrize("letter", LETTERS)
def test_links_lead_to_the_public_address(db: Database, letter: str) -> None:
    text, html = put_together(letter)[1:]
    for line in text.splitlines():
        if line.startswith("http"):
            assert line.startswith(f"{URL}/")
            assert f'<a href="{line}">{line}</a>' in html


@pytest.mark.feature("S5")
def test_activation_has_link_code_and_account(db: Database) -> None:
    text = put_together("activate").text
    assert f"{URL}/activate/a-token-of-the-letter" in text
    assert "012345" in text and "241010000054" in text


@pytest.mark.feature("S8")
def test_recovery_has_link_and_code(db: Database) -> None:
    text = put_together("recover").text
    assert f"{URL}/recover/a-token-of-the-letter" in text and "012345" in text


def test_data_is_inert_in_html(db: Database) -> None:
    html = put_together("email_changed", {"email": "<script>alert(1)</script>&@example.ru"}).html
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_subject_is_one_line(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header takes no line break, whatever a template or a name brings."""
    monkeypatch.setattr(letters, "_rendered", lambda name, context: "Тема\r\nBcc: all@example.ru")
    assert put_together("recover").subject == "Тема Bcc: all@example.ru"


def test_missing_word_stops_the_letter(db: Database) -> None:
    with pytest.raises(UndefinedError):
        put_together("email_changed", {})


def test_text_as_paragraphs() -> None:
    assert letters.linked("Раз\nдва\n\nhttps://x.ru/a?b=1&c=2\n\n<b>") == (
        '<p>Раз<br>два</p><p><a href="https://x.ru/a?b=1&amp;c=2">https://x.ru/a?b=1&amp;c=2</a></p><p>&lt;b&gt;</p>'
    )
