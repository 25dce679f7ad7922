"""Letters and SMS at the office: the list, one message, what is sent again, addresses that take no mail."""

from __future__ import annotations

from typing import Any

import pytest

from models import outbox
from models.audit import AuditRow
from models.base import database
from models.office import messages
from models.outbox import CANCELLED, FAILED, SENT, WAITING, Message, addresses
from models.people.staff import Employee
from tests.card import NUMBER, bill_two_months
from tests.page import Client, Page

SECRET = "a-token-that-lets-one-in"


def posted(letter: str = "recover", to: str = "anna@example.ru", state: str = WAITING, **rest: Any) -> Message:
    data = rest.pop("data", {})
    outbox.post(letter, to, data, {"token": SECRET, "code": "012345"}, **rest)
    message: Message = Message.newest(1).get()
    said = f"550 5.1.1 <{to}>: user unknown"
    Message.update(state=state, error=said).where(Message.id == message.id).execute()
    return message


def receipt(state: str = WAITING) -> Message:
    data = {"account": NUMBER, "period": "2026-10", "kopecks": 166_471, "due": "2026-11-15"}
    return posted("e_receipt", state=state, data=data, subject="customer:1", account=NUMBER)


def state_of(message: Message) -> str:
    return str(Message.get_by_id(message.id).state)


def read(browser: Client, message: Message, **reason: str) -> Page:
    page = browser.get("staff_messages.show", message_id=message.id)
    return page.submit({"reason": "call", **reason}, button="Открыть").follow()


# ---- the list


@pytest.mark.feature("B5")
def test_the_list_says_what_became_of_each_and_tells_nobodys_address(oleg: Client, anna: Any) -> None:
    posted(), receipt(FAILED), posted("debt_notice", "+79135550123", SENT, kind="sms", account=NUMBER)
    page = oleg.get("staff_messages.index")
    assert [row[1:3] + row[4:5] for row in page.rows] == [
        ["+7913***0123", NUMBER, "отправлено"],
        ["a***@example.ru", NUMBER, "не отправлено"],
        ["a***@example.ru", "", "ждёт отправки"],
    ]
    assert "anna@" not in page.markup and SECRET not in page.markup and "1\u202f664" not in page.markup
    for words in ("ждёт отправки 1", "не отправлено 1", "отправлено 1"):
        assert words in page.text


def test_the_list_is_narrowed_and_paged(oleg: Client, anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        receipt(FAILED)
    posted()
    page = oleg.get("staff_messages.index").submit(who="anna@example.ru", state=FAILED)
    assert len(page.rows) == 3
    monkeypatch.setattr("views.staff.messages.PAGE", 2)
    page = oleg.get("staff_messages.index", state=FAILED)
    assert len(page.rows) == 2
    page = page.click("Раньше →")
    assert len(page.rows) == 1
    assert len(page.click("← К новым").rows) == 2


@pytest.mark.parametrize(("field", "text"), [("who", "анна"), ("day", "вчера")])
def test_a_search_that_cannot_be_understood_says_why(oleg: Client, field: str, text: str) -> None:
    posted()
    page = oleg.get("staff_messages.index", **{field: text})
    assert page.errors and page.error(field) and page.rows == [] and page.value(field) == text


def test_a_search_for_somebody_counts_as_one(oleg: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.office.cards.MOST_SEARCHES", 1)
    assert not oleg.get("staff_messages.index", who="a@example.ru").errors
    assert oleg.get("staff_messages.index", who="b@example.ru").errors
    assert not oleg.get("staff_messages.index", state=SENT).errors


# ---- one message


def test_a_message_is_read_for_a_reason_and_without_what_lets_one_in(oleg: Client, anna: Any) -> None:
    message = posted()
    page = oleg.get("staff_messages.show", message_id=message.id)
    assert page.h1 == "Новый пароль" and message.message_id[1:9] not in page.markup
    assert "anna@" not in page.markup and "Вы просили" not in page.text
    assert "550 5.1.1 <a***@example.ru>" in page.text
    page = read(oleg, message)
    assert "anna@example.ru" in page.text and "Вы просили новый пароль" in page.text and message.message_id in page.text
    assert SECRET not in page.markup and "012345" not in page.markup and "/recover/…" in page.text
    (row,) = AuditRow.select().where(AuditRow.deed == messages.OPENED)
    assert row.subject == f"message:{message.id}" and row.who.startswith("staff:")


def test_a_letter_about_an_account_opens_its_card_too(oleg: Client, anna: Any) -> None:
    bill_two_months()
    page = read(oleg, receipt())
    assert "1\u202f664,71\u00a0₽" in page.text and "/r/…" in page.text and "/unsubscribe/…" in page.text
    assert oleg.get("staff_customers.show", number=NUMBER).h1 != "Абоненты"
    html = page.click("Как это видит получатель")
    assert html.h1 == "Счёт за октябрь\u00a02026" and "/unsubscribe/…" in html.markup
    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    file = page.click("Вложение, PDF")
    assert file.answer.data.startswith(b"%PDF") and file.answer.mimetype == "application/pdf"


@pytest.mark.parametrize("reason", [{"reason": ""}, {"reason": "other"}])
def test_without_a_reason_nothing_is_shown(oleg: Client, anna: Any, reason: dict[str, str]) -> None:
    message = receipt()
    page = oleg.get("staff_messages.show", message_id=message.id).submit(reason, button="Открыть")
    assert page.status == 422 and page.errors and "К оплате" not in page.text
    for endpoint in ("staff_messages.html", "staff_messages.file"):
        assert oleg.get(endpoint, message_id=message.id).location == f"/staff/messages/{message.id}"


def test_what_one_has_opened_another_has_not(oleg: Client, nina: Client, anna: Any) -> None:
    message = posted()
    read(oleg, message)
    assert "Вы просили" not in nina.get("staff_messages.show", message_id=message.id).text


def test_a_letter_whose_secrets_are_wiped_is_shown_all_the_same(oleg: Client, anna: Any) -> None:
    message = posted(state=SENT)
    Message.update(secrets={}).execute()
    assert "Вы просили" in read(oleg, message).text


def test_a_letter_of_an_older_day_that_cannot_be_put_together_is_no_fault(oleg: Client) -> None:
    message = posted("email_changed")  # without the address it tells
    assert "уже не сложить" in read(oleg, message).text
    assert oleg.get("staff_messages.html", message_id=message.id).status == 404


def test_an_sms_has_its_text_alone(oleg: Client, anna: Any) -> None:
    data = {"account": NUMBER, "kopecks": 10_000, "day": "2026-11-20", "months": 1}
    message = posted("debt_notice", "+79135550123", data=data, kind="sms", account=NUMBER)
    page = read(oleg, message)
    assert "долг по л/с" in page.text and "Как это видит получатель" not in page.text
    assert oleg.get("staff_messages.html", message_id=message.id).status == 404


# ---- sent again, given up


@pytest.mark.feature("B5")
def test_what_did_not_go_is_sent_again(oleg: Client, anna: Any) -> None:
    failed, sent = receipt(FAILED), receipt(SENT)
    page = oleg.get("staff_messages.index")
    assert [box["value"] for box in page.soup.select('input[name="id"]')] == [str(failed.id)]
    page = page.submit({"id": str(failed.id)}, button="Отправить отмеченные снова").follow()
    assert "Отправим снова: 1" in page.soup.text and state_of(failed) == WAITING and state_of(sent) == SENT
    (row,) = AuditRow.select().where(AuditRow.deed == "message.resent")
    assert row.subject == f"message:{failed.id}" and row.who.startswith("staff:")


def test_many_are_given_up_and_the_search_is_kept(oleg: Client, anna: Any) -> None:
    both = [receipt(FAILED), receipt(FAILED)]
    page = oleg.get("staff_messages.index", state=FAILED)
    answer = page.submit({"id": [str(one.id) for one in both]}, button="Не отправлять отмеченные")
    assert answer.location == f"/staff/messages?state={FAILED}"
    assert [state_of(one) for one in both] == [CANCELLED] * 2
    assert "Больше не отправляем: 2" in answer.follow().soup.text


def test_nothing_ticked_says_what_to_do(oleg: Client, anna: Any) -> None:
    receipt(FAILED)
    answer = oleg.get("staff_messages.index").submit(button="Отправить отмеченные снова")
    assert "Отметьте сообщения" in answer.follow().soup.text


def test_a_letter_whose_link_is_dead_is_not_sent_again(oleg: Client, anna: Any) -> None:
    message = posted(state=FAILED)
    Message.update(wiped_at=Message.created_at, secrets={}).execute()
    page = oleg.get("staff_messages.show", message_id=message.id).submit(button="Отправить снова").follow()
    assert "запросит письмо заново" in page.soup.text and state_of(message) == FAILED


def test_an_auditor_looks_and_does_nothing(nina: Client, anna: Any) -> None:
    message = receipt(FAILED)
    page = nina.get("staff_messages.index")
    assert page.rows and "id" not in page.fields
    data = {"csrf_token": page.token, "id": message.id, "do": "resend"}
    assert nina.post("staff_messages.act", data).status == 403
    assert state_of(message) == FAILED


def test_a_warning_cannot_be_ticked_nor_given_up(oleg: Client, anna: Any) -> None:
    """Whoever has got into somebody's settings must not find a way to silence what tells of it."""
    message = posted("password_changed")
    page = oleg.get("staff_messages.index")
    assert "id" not in page.fields and "Отправить отмеченные снова" not in page.text
    assert "Не отправлять" not in oleg.get("staff_messages.show", message_id=message.id).text
    oleg.post("staff_messages.act", {"csrf_token": page.token, "id": message.id, "do": "give_up"})
    assert state_of(message) == WAITING


def test_a_letter_that_no_release_knows_any_more_is_listed_and_opened(oleg: Client, anna: Any) -> None:
    message = posted()
    Message.update(letter="of_old").execute()
    assert "of_old" in oleg.get("staff_messages.index").text
    assert "уже не сложить" in read(oleg, message).text


def test_what_is_no_deed_is_refused(oleg: Client, anna: Any) -> None:
    receipt(FAILED)
    token = oleg.get("staff_messages.index").token
    assert oleg.post("staff_messages.act", {"csrf_token": token, "do": "burn"}).status == 400


# ---- addresses that take no mail


def suspended(address: str) -> None:
    with database.atomic():
        addresses.suspend(address, f"550 5.1.1 <{address}>: no such user")


@pytest.mark.feature("B5")
def test_an_address_that_takes_no_mail_is_listed_masked_and_restored(oleg: Client) -> None:
    suspended("anna@example.ru")
    suspended("boris@example.ru")
    page = oleg.get("staff_messages.addresses")
    assert [row[0] for row in page.rows] == ["b***@example.ru", "a***@example.ru"]
    assert "anna@" not in page.markup and "no such user" in page.text
    page = page.submit(q="anna@")
    assert [row[0] for row in page.rows] == ["a***@example.ru"]
    page = page.submit(button="Вернуть").follow()
    assert "Письма снова идут на a***@example.ru" in page.soup.text
    assert addresses.suspended(["anna@example.ru", "boris@example.ru"]) == {"boris@example.ru"}
    (row,) = AuditRow.select().where(AuditRow.deed == "address.restored")
    assert row.detail["by"] == f"staff:{Employee.by_email('oleg@example.ru').id}"


def test_an_auditor_restores_no_address(nina: Client) -> None:
    suspended("anna@example.ru")
    page = nina.get("staff_messages.addresses")
    assert page.rows and page.soup.select('main form[method="post"]') == []


def test_no_address_is_dead(oleg: Client) -> None:
    assert "письма доходят до всех" in oleg.get("staff_messages.addresses").text
