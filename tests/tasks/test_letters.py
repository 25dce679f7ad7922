"""The words of every letter, put together from its three files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import html5lib
import pytest
from bs4 import BeautifulSoup
from jinja2 import UndefinedError
from peewee import Database

from models import company as companies
from models import outbox
from models.billing import owed
from models.billing.bills import ISSUED, Bill
from models.company import Company
from models.metering import reading_links
from models.outbox import Message, kinds
from tasks import letter_blocks, letters
from tasks.letters import Letter
from tests import cast
from tests.paying import FISCAL

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
LETTERS = sorted(kinds.KINDS)
SHORT = sorted(path.stem for path in (TEMPLATES / "sms").glob("*.txt"))
URL = "https://lk.example.ru"
LIGHT = 15_000  # bytes
SEGMENT, SEGMENTS = 67, 2  # signs of a part of a long SMS in Cyrillic, and how many there may be
EVERYTHING = {
    "account": "241010000054", "email": "new@example.ru", "phone": "+79135550199", "number": "2611-7KQ2M9XD", "kopecks": 264285,
    "cheque": FISCAL, "name": "Анна Сергеевна", "day": "2026-11-20", "changed": "телефон", "serial": "87749621", "values": "6 440",
    "right": "6 404", "reason": "Перепутаны цифры.", "why": "Переехали", "question": "Что на счётчике сейчас?", "window": "до 29 ноября",
    "path": "/accounts/241010000054/readings", "way": "email", "who": "вы", "title": "Плановые работы", "ends": "2026-12-20",
    "text": "Мы поменяем счётчики в подъезде.\n\nБудьте дома в среду.", "state": "получен ответ", "period": "2026-10",
    "topic": "Начисления и счета", "kind": "замена счётчика", "due": "2026-11-15", "last_day": "2026-11-29",
    "until": "2027-05-20", "months": 6,
}  # fmt: skip
SECRETS = {"token": "a-token-of-the-letter", "code": "012345", "link": "7b.a-signature"}


def put_together(letter: str, data: dict[str, Any] | None = None, **rest: Any) -> Letter:
    subject = rest.pop("subject", "customer:1")
    shown = rest.pop("shown", False)
    outbox.post(letter, "anna@example.ru", EVERYTHING if data is None else data, SECRETS, subject=subject, **rest)
    return letters.put_together(Message.newest(1).get(), URL, shown=shown)


def test_each_letter_of_the_table_is_three_files() -> None:
    files = {path.name for path in (TEMPLATES / "mail").iterdir() if not path.name.startswith("_")}
    assert files == {f"{letter}.{part}" for letter in LETTERS for part in ("subject", "txt", "html")}
    assert set(SHORT) <= set(LETTERS) and len(SHORT) >= 3


@pytest.mark.parametrize("code", ["krasnoyarsk", "kaluga", "irkutsk", "koryak"])
def test_every_letter_of_every_company_is_light_valid_and_asks_nobody_else(
    db: Database, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    own = companies.find(code, TEMPLATES.parent / "companies")
    monkeypatch.setattr(companies, "_current", own)
    for letter in LETTERS:
        subject, text, html = put_together(letter, {**EVERYTHING, "account": own.number.example})
        assert own.name in subject and "\n" not in subject
        assert text.startswith("Здравствуйте") and own.name in text and own.phones[0].shown in text
        assert len(html.encode()) <= LIGHT
        parser = html5lib.HTMLParser()
        parser.parse(html)
        assert parser.errors == [], (letter, parser.errors)
        soup = BeautifulSoup(html, "html.parser")
        assert soup.select("[src], [background], link, script, style, form, iframe") == [] and "url(" not in html
        links = [str(link["href"]) for link in soup.select("[href]")]
        assert all(link == URL or link.startswith(f"{URL}/") for link in links) and "{{" not in text + html
        assert all(link.isascii() for link in links)


@pytest.mark.parametrize("letter", LETTERS)
def test_html_says_what_the_text_says(db: Database, letter: str) -> None:
    """Each address of the text is behind a link of the html; nothing is said in one of them alone."""
    _, text, html = put_together(letter)
    soup = BeautifulSoup(html, "html.parser")
    links = {str(link["href"]) for link in soup.select("a")}
    assert links == set(re.findall(r"https?://\S+[^\s.,]", text))
    if letter != "e_receipt":  # whose sum is shown large
        said = " ".join(soup.main.get_text(" ").split()) if soup.main else ""
        for line in text.partition("\n\n-- ")[0].splitlines():
            words = [word.strip(":") for word in line.split() if not word.startswith("http")]
            assert all(word in said for word in words), line


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_bears_the_dark_and_has_one_heading_and_a_first_line(db: Database, letter: str) -> None:
    """Colours of the reader's own program; the only ones of ours stand together on the button."""
    soup = BeautifulSoup(put_together(letter).html, "html.parser")
    assert soup.select_one('meta[name="color-scheme"][content="light dark"]')
    assert len(soup.select("h1")) == 1 and soup.html and soup.html["lang"] == "ru"
    for part in soup.select("[style]"):
        style = dict(rule.split(":", 1) for rule in str(part["style"]).split(";"))
        assert ("background" in style) == (style.get("color", "inherit") != "inherit"), part
    hidden = soup.select_one('div[style*="display:none"]')
    assert hidden and 10 < len(hidden.get_text()) <= 110


@pytest.mark.parametrize("letter", LETTERS)
def test_text_is_read_in_72_columns(db: Database, letter: str) -> None:
    text = put_together(letter).text
    flowed = letters.flowed(text)
    for line in flowed.splitlines():
        assert len(line) <= 72 or len(line.split()) == 1 or "http" in line, line
    assert flowed.replace(" \n", " ").replace("-- ", "--\n").split() == text.split()  # no word lost or torn


@pytest.mark.parametrize(("letter", "way_out"), [("e_receipt", "b1."), ("window_closing", "r1."), ("news", "n1.")])
def test_letters_with_a_way_out_have_it_in_text_and_html(db: Database, letter: str, way_out: str) -> None:
    _, text, html = put_together(letter, account="241010000054")
    assert f"{URL}/unsubscribe/{way_out}" in text and f'href="{URL}/unsubscribe/{way_out}' in html


def test_other_letters_have_none(db: Database) -> None:
    for letter in LETTERS:
        if kinds.of(letter).basis not in kinds.UNSUBSCRIBED:
            assert "/unsubscribe/" not in put_together(letter).text


# ---- e-receipt


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


def bill(person: cast.Person, period: str, charged: int) -> None:
    Bill.create(
        account=person.account, period=period, number=f"{period}-1", state=ISSUED, due_on=date(2026, 11, 15), charged=charged
    )  # fmt: skip


@pytest.mark.feature("S31")
def test_e_receipt_has_sum_day_and_two_links_of_one_tap(anna: cast.Person) -> None:
    text, html = put_together("e_receipt", {**EVERYTHING, "account": anna.account.number})[1:]
    reading = reading_links.address(URL, anna.account.id, "2026-11")  # the month in which the bill is read
    for words in ("2\u202f642,85\u00a0₽", "15\u00a0ноября\u00a02026", "PDF"):
        assert words in text and words in html
    assert f"Передать показания:\n{reading}\n" in text
    assert f"Оплатить:\n{URL}/accounts/{anna.account.number}/pay\n" in text
    soup = BeautifulSoup(html, "html.parser")
    assert {str(link.get_text()): link["href"] for link in soup.select("a[style]")} == {
        "Оплатить": f"{URL}/accounts/{anna.account.number}/pay",
        "Передать показания": reading,
    }


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (100_000, "на 500,00\u00a0₽ больше, чем месяцем раньше"),
        (200_000, "на 500,00\u00a0₽ меньше, чем месяцем раньше"),
        (150_000, "столько же, сколько месяцем раньше"),
        (None, "Начислено за октябрь\u00a02026: 1\u202f500,00\u00a0₽."),
    ],
)
def test_e_receipt_tells_how_the_month_differs(anna: cast.Person, before: int | None, words: str) -> None:
    bill(anna, "2026-10", 150_000)
    if before is not None:
        bill(anna, "2026-09", before)
    text, html = put_together("e_receipt", {**EVERYTHING, "account": anna.account.number})[1:]
    assert words in text and words in html


def test_e_receipt_sent_late_says_that_its_day_is_over(db: Database, at: Callable[[str], Any]) -> None:
    at("2026-11-15T20:00")
    in_time = put_together("e_receipt", EVERYTHING)
    assert "Оплатите до: 15" in in_time.text and "К оплате до 15" in in_time.html
    at("2026-11-16T09:00")
    late = put_together("e_receipt", EVERYTHING)
    for part in (late.text, late.html):
        assert "Срок оплаты прошёл" in part and "плат" in part and " до 15" not in part


def test_e_receipt_compares_months_as_the_portal_does(anna: cast.Person) -> None:
    """With recalculations and penalties: the home page says the same."""
    bill(anna, "2026-10", 150_000)
    bill(anna, "2026-09", 140_000)
    Bill.update(recalculated=-10_000).where(Bill.period == "2026-09").execute()
    Bill.update(penalty=500).where(Bill.period == "2026-10").execute()
    more = owed.now(anna.account.id).difference
    assert more == 20_500
    text = put_together("e_receipt", {**EVERYTHING, "account": anna.account.number}).text
    assert "с пенями: 1\u202f505,00\u00a0₽, на 205,00\u00a0₽ больше" in text


@pytest.mark.parametrize(("kopecks", "words"), [(0, "всё оплачено"), (-5_000, "переплата")])
def test_e_receipt_with_nothing_to_pay_asks_for_no_money(db: Database, kopecks: int, words: str) -> None:
    text, html = put_together("e_receipt", {**EVERYTHING, "kopecks": kopecks, "due": None})[1:]
    assert words in text and words in html and "/pay" not in text + html and "−" not in text


def test_number_in_cyrillic_is_quoted_in_addresses(db: Database) -> None:
    html = put_together("debt_notice", {**EVERYTHING, "account": "ИНЗБ12345678"}).html
    assert f'href="{URL}/accounts/%D0%98%D0%9D%D0%97%D0%9112345678/pay"' in html and ">ИНЗБ12345678<" in html


# ---- other letters


@pytest.mark.feature("S5")
def test_activation_has_link_code_and_account(db: Database) -> None:
    text = put_together("activate").text
    assert f"{URL}/activate/a-token-of-the-letter" in text
    assert "012345" in text and "241010000054" in text


@pytest.mark.feature("S8")
def test_recovery_has_link_and_code(db: Database) -> None:
    text = put_together("recover").text
    assert f"{URL}/recover/a-token-of-the-letter" in text and "012345" in text


def test_reminder_leads_to_the_reading_page_of_its_own_month(anna: cast.Person) -> None:
    data = {"account": anna.account.number, "period": "2026-11", "last_day": "2026-11-29"}
    text = put_together("window_closing", data).text
    assert reading_links.address(URL, anna.account.id, "2026-11") in text and "29\u00a0ноября\u00a02026" in text


def test_notice_of_a_meter_that_runs_out_says_what_the_company_does_then(
    db: Database, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "по нормативу" not in put_together("verification_notice").text
    strict = replace(company, averages=replace(company.averages, expired_meter="estimated"))
    monkeypatch.setattr(companies, "_current", strict)
    assert "№ 354" in put_together("verification_notice").text
    heat = put_together("verification_notice", {**EVERYTHING, "service": "heat", "months": 0}).text
    assert "522-ФЗ" not in heat and "Осталось" not in heat


def test_letter_that_closes_the_cabinet_says_when_and_how_to_change_ones_mind(db: Database) -> None:
    text = put_together("consent_withdrawn", {**EVERYTHING, "closes": "2026-12-22"}).text
    assert "Кабинет закроется: 22\u00a0декабря\u00a02026" in text and f"\n{URL}/consents/personal-data\n" in text
    assert "на бумаге" in text and "Лицевой счёт" not in text
    other = put_together("consent_withdrawn").text
    assert "Кабинет закроется" not in other and "Лицевой счёт: 241010000054" in other


def test_letter_about_a_consent_says_where_papers_will_go(db: Database) -> None:
    text = put_together("consent_given", {**EVERYTHING, "where": "СМС на +7\u00a0913\u00a0555-01-99"}).text
    assert "Куда писать: СМС на +7\u00a0913\u00a0555-01-99" in text and "заменяет бумажное" in text
    assert "заменяет бумажное" not in put_together("consent_given").text


@pytest.mark.parametrize(
    ("whose", "way", "words"),
    [
        ("you", "email", "на вашу почту, на бумаге больше не приходят"),
        ("other", "both", "на почту другого владельца счёта и на бумаге"),
        ("other", "email", "Вам на почту они не придут"),
        ("", "email", "на почту, на бумаге больше не приходят"),
        ("other", "paper", "Теперь счета приходят: на бумаге"),
    ],
)
def test_letter_about_delivery_says_whose_mail_it_is(db: Database, whose: str, way: str, words: str) -> None:
    text = put_together("delivery_changed", {**EVERYTHING, "way": way, "whose": whose}).text
    assert words in text and ("Вам на почту" in text) == (whose == "other" and way != "paper")


# ---- SMS


@pytest.mark.parametrize("code", ["krasnoyarsk", "kaluga", "irkutsk", "koryak"])
@pytest.mark.parametrize("letter", SHORT)
def test_sms_is_two_parts_at_most(anna: cast.Person, monkeypatch: pytest.MonkeyPatch, code: str, letter: str) -> None:
    own = companies.find(code, TEMPLATES.parent / "companies")
    monkeypatch.setattr(companies, "_current", own)
    data = {**EVERYTHING, "account": anna.account.number, "kopecks": 12_345_678, "period": "2026-11"}
    subject, text, html = put_together(letter, data, kind="sms")
    assert (subject, html) == ("", "") and "\n" not in text
    assert text.startswith(own.name) and len(text) <= SEGMENT * SEGMENTS, len(text)


# ---- what is inert, what is left out


def test_data_is_inert_in_html(db: Database) -> None:
    for letter, name in (("email_changed", "email"), ("news", "text"), ("e_receipt", "account"), ("news", "title")):
        html = put_together(letter, {**EVERYTHING, name: "<script>alert(1)</script>&@example.ru"}).html
        assert "<script>alert" not in html and "&lt;script&gt;" in html, (letter, name)


def test_subject_is_one_line(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header takes no line break, whatever a template or a name brings."""
    monkeypatch.setattr(letters, "_rendered", lambda name, context: "Тема\r\nBcc: all@example.ru")
    assert put_together("recover").subject == "Тема Bcc: all@example.ru"


def test_missing_word_stops_the_letter(db: Database) -> None:
    with pytest.raises(UndefinedError):
        put_together("email_changed", {})


@pytest.mark.parametrize("letter", ["e_receipt", "window_closing"])
def test_a_letter_tried_by_staff_has_no_link_into_a_real_account(anna: cast.Person, letter: str) -> None:
    data = {**EVERYTHING, "account": anna.account.number}
    text, html = put_together(letter, data, subject="staff:1")[1:]
    assert "/r/…" in text and f"/r/{anna.account.id:x}-" not in text + html


@pytest.mark.parametrize("letter", LETTERS)
def test_what_lets_one_in_is_not_shown(anna: cast.Person, letter: str) -> None:
    outbox.post(
        letter, "anna@example.ru", {**EVERYTHING, "account": anna.account.number, "path": "/accounts"},
        {**SECRETS, "path": "/r/signed"}, subject="customer:1",
    )  # fmt: skip
    message = Message.newest(1).get()
    message.secrets = {}  # wiped: shown all the same
    for given in (message, Message.newest(1).get()):
        whole = "".join(letters.put_together(given, URL, shown=True))
        assert not re.search(r"a-token|012345|a-signature|/r/[0-9a-f]+-|/r/signed|/unsubscribe/[bnr]1", whole)


def test_what_a_letter_is_about_without_its_secrets(db: Database) -> None:
    outbox.post("recover", "anna@example.ru", {}, SECRETS)
    outbox.post("debt_notice", "+79135550199", {"account": "1", "kopecks": 1, "day": "2026-11-20"}, kind="sms")
    sms, mail = Message.newest(2)
    assert (letters.subject_of(mail), letters.subject_of(sms)) == ("Новый пароль", "СМС: Уведомление о задолженности")


# ---- blocks


def test_text_as_paragraphs() -> None:
    assert letters.linked("Раз\nдва\n\nhttps://x.ru/a?b=1&c=2\n\n<b> Войти: https://x.ru/a.") == (
        '<p>Раз<br>два</p><p><a href="https://x.ru/a?b=1&amp;c=2">https://x.ru/a?b=1&amp;c=2</a></p>'
        '<p>&lt;b&gt; Войти: <a href="https://x.ru/a">https://x.ru/a</a>.</p>'
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"Оплатить:\n{URL}/pay", "button"),
        (f"Открыть:\n{URL}", "button"),
        ("Оплатить:\nhttps://x.ru/pay", "words"),  # of news: leads elsewhere
        (f"Оплатить:\n{URL}.evil.ru/pay", "words"),
        ("Оплатить: https://x.ru/pay", "words"),
        ("Сумма: 1 ₽\nДень: 15 ноября", "facts"),
        ("Сумма: 1 ₽", "words"),
        ("- раз\n- два", "list"),
        ("Раз\nдва", "words"),
        (f"{'Очень' * 9}: 1\nДень: 2", "words"),
    ],
)
def test_blocks_of_a_letter(text: str, kind: str) -> None:
    assert [block.kind for block in letter_blocks.read(text, URL)] == [kind]


def test_an_address_shown_without_its_secret_is_no_link() -> None:
    assert "<a" not in letters.linked(f"Отписаться:\n{URL}/unsubscribe/…")


def test_flowed_text_is_joined_again() -> None:
    """RFC 3676: a space at the end of a line is a soft break; a signature's mark is none; a quotation's sign is stuffed."""
    long = "слово " * 30
    assert letters.flowed(f"{long.strip()}\n\n-- \n> не цитата\nFrom здесь").split("\n") == [
        *["слово " * 11 + "слово "] * 2, "слово " * 5 + "слово", "", "-- ", " > не цитата", " From здесь",
    ]  # fmt: skip


def test_what_somebody_else_wrote_is_quoted_and_leads_nowhere() -> None:
    """Whoever typed an address into an appeal must not have it as a link in a letter of ours."""
    text = f"Вы написали:\n\n> Войдите:\n> {URL}/x и https://evil.example/\n\nСм. {URL}/about"
    blocks = letter_blocks.read(text, URL)
    assert [block.kind for block in blocks] == [letter_blocks.WORDS] * 3
    assert "<a " not in "".join(blocks[1].marked) and "<a " in blocks[2].marked[0]
