"""The door: who may enter, whose deed it is, and the way back to the page that was wanted."""

from __future__ import annotations

import pytest
from flask import request

from models import audit
from models.people.customers import Customer
from models.people.sessions import Session
from tests.cast import PASSWORD


def test_page_wanted_comes_with_its_query(client, anna):
    where = f"/accounts/{anna.account.number}/history/readings?from=2026-01&to=2026-02"
    page = client.get(where).follow().submit(login="anna@example.ru", password=PASSWORD)
    assert page.location == where


def test_deed_of_a_guest_leads_to_its_page_after_sign_in(client, anna):
    page = client.post("settings.set_name", {"name": "Аня"})
    assert page.location == "/sign-in?next=/settings/name"


def test_guest_asking_by_htmx_is_led_away_whole(client, anna):
    page = client.get("history.readings_part", number=anna.account.number, headers={"HX-Request": "true"})
    assert page.status == 401
    assert page.headers["HX-Redirect"].startswith("/sign-in?next=")


def test_deeds_are_the_customers_own_in_the_audit(home, anna):
    home.get("settings.name").submit(name="Аня")
    row = audit.AuditRow.get(audit.AuditRow.deed == "customer.renamed")
    assert (row.who, row.ip) == (f"customer:{anna.id}", "127.0.0.1")


def test_deeds_of_a_guest_are_a_guests(client, anna):
    client.get("recovery.form").submit(login="anna@example.ru")
    client.sign_in("anna@example.ru", PASSWORD)
    assert audit.AuditRow.get(audit.AuditRow.deed == "session.opened").who == "guest"


def test_nothing_of_one_request_is_left_for_the_next(home, anna):
    home.get("settings.show")
    assert audit.actor().who == "system"


def test_session_of_a_customer_who_is_gone_opens_nothing(home, anna):
    Customer.delete().where(Customer.id == anna.id).execute()
    assert home.get("settings.show").location == "/sign-in?next=/settings"


def test_session_is_seen_at_most_once_an_hour(home, at):
    first = Session.get().seen_at
    at("2026-11-20T10:59")
    home.get("settings.show")
    assert Session.get().seen_at == first
    at("2026-11-20T11:01")
    home.get("settings.show")
    assert Session.get().seen_at > first


@pytest.mark.parametrize("forged", ["1", "anna@example.ru", "", None, "' or 1=1 --"])
def test_secret_of_ones_own_making_is_no_session(client, anna, forged):
    """Even whoever knew the signing key would need a secret that the database knows."""
    with client.browser.session_transaction(base_url=client.base) as made:
        made["_user_id"] = forged
    assert client.get("settings.show").status == 303


def test_error_inside_a_request_gives_its_connection_back(client, app, monkeypatch):
    def fail():
        raise ZeroDivisionError(request.path)

    monkeypatch.setitem(app.view_functions, "about.contacts", fail)
    for _ in range(40):
        assert client.browser.get("/about/contacts", base_url=client.base).status_code == 500
    assert client.get("about.offices").status == 200
