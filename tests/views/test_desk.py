"""The desk: each role's queues, channels, readings by hour, and the notice that every customer sees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models import audit, audit_chain, clock, mail_settings, notices, outbox
from models.audit import AuditRow
from models.contact import bounces
from models.metering.readings import Receipt
from models.notices import Notice
from models.office import received
from models.outbox import addresses, sending
from models.people.customers import Customer
from tests import cast

TEXT = "Сегодня не дозвониться: передайте показания здесь."


def cards(page):
    return [heading.get_text() for heading in page.soup.select("section.grid .card h2")]


def card(page, title):
    return next(one for one in page.soup.select("section.grid .card") if one.h2.get_text() == title)


def test_first_page_after_sign_in(galina):
    assert galina.get("/staff/").h1 == "Рабочий стол"


def test_clerk_sees_forms_and_readings_and_no_money(galina):
    assert cards(galina.get("staff_desk.show")) == [
        "Открытые пачки бланков", "Бланки на сверку", "Показания на проверке", "Новые обращения",
    ]  # fmt: skip


def test_operator_sees_money_to_be_proposed(oleg):
    assert "Спорные оплаты" in cards(oleg.get("staff_desk.show"))
    assert "Ждут вашего утверждения" not in cards(oleg.get("staff_desk.show"))


def test_administrator_sees_what_waits_for_approval_and_files(irina):
    assert {"Ждут вашего утверждения", "Файлы обмена ждут"} <= set(cards(irina.get("staff_desk.show")))


def test_auditor_looks_and_switches_nothing(nina):
    page = nina.get("staff_desk.show")
    assert "Объявление для всех клиентов" not in page.text
    assert nina.post("staff_desk.put_up", {"text": TEXT}).status in (303, 403)
    assert not Notice.select().exists()


def test_held_reading_is_counted_with_its_age(galina, anna):
    cast.read(anna.meter, "2026-11-18", 9000, 9000, state="held", reason="x")
    found = card(galina.get("staff_desk.show"), "Показания на проверке")
    assert found.select_one(".sum").get_text() == "1"
    assert "18\u00a0ноября\u00a02026" in found.get_text() and found.select_one(".tag.wait")


def test_queue_that_waits_stands_before_those_that_do_not(galina, anna):
    assert cards(galina.get("staff_desk.show"))[0] == "Открытые пачки бланков"
    for day in ("2026-11-17", "2026-11-18"):
        cast.read(anna.meter, day, 9000, 9000, state="held", reason="x")
    page = galina.get("staff_desk.show")
    assert cards(page)[0] == "Показания на проверке"
    assert "2 ждут" in card(page, "Показания на проверке").get_text(" ", strip=True)


def test_nothing_waiting_says_so(galina):
    assert "всё разобрано" in card(galina.get("staff_desk.show"), "Показания на проверке").get_text()


def test_windows_and_lines_of_channels(galina):
    text = galina.get("staff_desk.show").text
    assert "банкомат Сбербанка (нет связи)" in text and "Приём откроется" in text
    assert "личный кабинет, " in text
    assert "Почта учебная" in text and "писем в очереди нет" in text


def test_sealer_that_stands_still_is_seen(galina, at):
    at("2026-11-20T10:15")
    assert "не запечатывается" in galina.get("staff_desk.show").text
    audit_chain.seal_rows()
    text = galina.get("staff_desk.show").text
    assert "не запечатывается" not in text and "запечатан 20\u00a0ноября\u00a02026, 10:15" in text


def test_queue_that_does_not_answer_is_seen(galina, app, monkeypatch):
    def gone():
        raise RuntimeError("no such file")

    monkeypatch.setattr(app.extensions["queue"], "pending_count", gone)
    assert "не отвечает" in galina.get("staff_desk.show").text


def test_readings_by_hour_as_picture_and_table(galina, anna):
    for hour, channel, count in ((9, "web", 3), (9, "staff", 1), (14, "sberbank", 2)):
        for i in range(count):
            Receipt.create(
                account=anna.account, channel=channel, key=f"{hour}{i}", received_at=clock.utc(_wall(f"2026-11-20T{hour:02d}:30"))
            )  # fmt: skip
    Receipt.create(account=anna.account, channel="web", key="x", received_at=clock.utc(_wall("2026-10-20T09:10")))
    page = galina.get("staff_desk.show")
    assert page.rows[0] == ["9:00", "3", "1", "0", "0", "0", "4", "1"]
    assert page.rows[1] == ["14:00", "0", "0", "0", "0", "2", "2", "0"]
    drawing = page.soup.select_one("figure.bars svg[role=img]")
    assert "всего 6 (кабинет 3, офис 1" in drawing["aria-label"] and "20\u00a0октября: 1" in drawing["aria-label"]
    assert [line.get_text() for line in page.soup.select(".key li")] == [
        "кабинет",
        "офис",
        "терминалы",
        "20\u00a0октября",
    ]
    received.forget()
    assert galina.get("staff_desk.show", day="2026-10-20").rows[0][-2:] == ["1", "0"]


def _wall(text):
    from datetime import datetime

    return datetime.fromisoformat(text)


@pytest.mark.parametrize("day", ["x", "2026-13-01", "0001-01-01", "9999-12-31", "2026-11-20T10:00", "\0"])
def test_odd_day_is_today(galina, day):
    assert galina.get("staff_desk.show", day=day).value("day") == "2026-11-20"


def test_page_costs_few_queries(irina, db):
    irina.get("staff_desk.show")
    received.forget()
    seen = []
    db.query_hooks.append(seen.append)
    irina.get("staff_desk.show")
    db.query_hooks.remove(seen.append)
    assert 8 < len(seen) <= 22, len(seen)


# ---- the notice


@pytest.mark.feature("S39")
def test_operator_puts_a_notice_up_and_every_customer_sees_it(oleg, client, anna):
    page = oleg.get("staff_desk.show").submit(text=TEXT, until="2026-11-20T18:00", button="Показать всем клиентам")
    assert page.status == 303
    assert TEXT in page.follow().soup.select_one("#notice").get_text()
    guest = client.another()
    for endpoint in ("home.front", "about.contacts", "sign_in.form"):
        assert strip(guest.get(endpoint)) == TEXT
    guest.sign_in("anna@example.ru", cast.PASSWORD)
    assert strip(guest.get("readings.form", number=anna.account.number)) == TEXT
    assert strip(guest.get("/nowhere")) == TEXT
    row = AuditRow.get(AuditRow.deed == "notice.put_up")
    assert row.who.startswith("staff:") and row.detail["text"] == TEXT


def test_staff_pages_carry_no_strip(oleg):
    notices.announce(TEXT, clock.utc(_wall("2026-11-20T18:00")))
    assert strip(oleg.get("staff_desk.show")) is None


def test_notice_goes_when_it_is_taken_down_or_over(oleg, client, at):
    notices.announce(TEXT, clock.utc(_wall("2026-11-20T18:00")))
    page = oleg.get("staff_desk.show").submit({}, button="Снять объявление")
    assert page.status == 303 and "снято" in page.follow().text
    assert strip(client.another().get("home.front")) is None
    notices.announce(TEXT, clock.utc(_wall("2026-11-20T18:00")))
    at("2026-11-20T18:00")
    assert strip(client.another().get("home.front")) is None


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"text": "  "}, "text", "Напишите"),
        ({"until": "вечером"}, "until", "2026-11-24T20:00"),
        ({"until": "2026-11-20T09:00"}, "until", "уже прошёл"),
        ({"until": "2026-12-20T09:00"}, "until", "Не дольше недели"),
        ({"until": "9999-12-31T23:59"}, "until", "не"),
        ({"until": "0001-01-01T00:00"}, "until", ""),
    ],
)
def test_what_is_wrong_stands_by_its_field(oleg, typed, field, words):
    form = {"text": TEXT, "until": "2026-11-20T18:00", **typed}
    page = oleg.get("staff_desk.show").submit(form, button="Показать всем клиентам")
    assert page.status == 422
    assert page.error(field) and words.lower() in page.error(field).lower()
    assert not Notice.select().exists()


def test_end_is_local_time_whatever_offset_is_typed(oleg):
    oleg.get("staff_desk.show").submit(text=TEXT, until="2026-11-20T18:00Z", button="Показать всем клиентам")
    assert Notice.get().until == clock.utc(_wall("2026-11-20T18:00"))


def test_text_is_text(oleg, client):
    oleg.get("staff_desk.show").submit(
        text="<b>Много</b> звонков", until="2026-11-20T18:00", button="Показать всем клиентам"
    )
    assert strip(client.another().get("home.front")) == "<b>Много</b> звонков"


def test_notice_costs_pages_no_query(client, db):
    guest = client.another()
    guest.get("home.front")
    seen = []
    db.query_hooks.append(lambda event: seen.append(event))
    notices.assume(None)
    guest.get("about.contacts")
    db.query_hooks.clear()
    assert not [event for event in seen if "notice" in str(event)]


def strip(page):
    found = page.soup.select_one("header .strip")
    return found.get_text(strip=True) if found else None


def test_audit_knows_who_took_it_down(oleg):
    notices.announce(TEXT, clock.utc(_wall("2026-11-20T18:00")))
    oleg.get("staff_desk.show").submit({}, button="Снять объявление")
    with audit.acting("system"):
        assert AuditRow.get(AuditRow.deed == "notice.taken_down").who.startswith("staff:")


def test_letters_that_reached_nobody_are_counted_for_who_may_see_them(oleg, galina, db):
    outbox.post("password_changed", "anna@example.ru", {})
    sending.refuse(sending.claim(1)[0], "550")
    found = card(oleg.get("staff_desk.show"), "Письма и СМС не дошли")
    assert "1 ждёт" in found.get_text(" ", strip=True) and found.a["href"] == "/staff/messages"
    assert "Письма и СМС не дошли" not in cards(galina.get("staff_desk.show"))


def test_so_many_dead_addresses_that_it_may_be_us_are_told(oleg, db, monkeypatch):
    monkeypatch.setattr(bounces, "MOST_A_DAY", 1)
    assert "Адреса под сомнением" not in cards(oleg.get("staff_desk.show"))
    Customer.create(email="anna@example.ru", password_hash="-")
    addresses.suspend("anna@example.ru", "550 5.1.1 user unknown")
    found = card(oleg.get("staff_desk.show"), "Адреса под сомнением")
    assert found.a["href"] == "/staff/messages/addresses" and "похоже на сбой у нас" in found.get_text()


def test_mail_goes_or_waits(irina, db, app, monkeypatch):
    outbox.post("password_changed", "anna@example.ru", {})
    text = irina.get("staff_desk.show").text
    assert "Почта учебная" in text and "1 письмо ждёт, первое — с" in text.replace("\u00a0", " ")
    sending.sent(sending.claim(1)[0], "smtp.example")
    server = mail_settings.smtp_servers("smtps://mail.example.ru", is_demo=True)
    monkeypatch.setitem(app.extensions, "kabinet", replace(app.extensions["kabinet"], smtp=server))
    text = irina.get("staff_desk.show").text
    assert "Почта подключена" in text and "последнее ушло 20\u00a0ноября" in text
    production = replace(app.extensions["kabinet"], smtp=(), env="production")
    monkeypatch.setitem(app.extensions, "kabinet", production)
    assert "Почта не подключена" in irina.get("staff_desk.show").text
