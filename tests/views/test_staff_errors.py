"""Error pages inside the office: an employee stays among the office's sections."""

from __future__ import annotations


def test_wrong_role_is_told_whom_to_ask_and_stays_in_the_office(pavel):
    page = pavel.get("people.index")
    assert page.status == 403 and "Это дело другой роли" in page.text
    assert page.click("Бланки").status == 200
    assert "Регистрация" not in page.text


def test_wrong_address_in_the_office_leads_to_the_desk(galina):
    page = galina.get("paperforms.entry", batch_id=4040)
    assert page.status == 404
    assert page.click("На рабочий стол").h1 == "Рабочий стол"
    assert galina.get("/staff/no-such-page").click("На рабочий стол").status == 200


def test_stranger_is_not_shown_that_there_is_an_office(client, app):
    page = client.get("/staff/no-such-page")
    assert page.status == 404 and "рабочее место" not in page.text
