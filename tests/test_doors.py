"""Every route against every role, and everything with a number in its address against everybody it does not belong to."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import IntegerConverter

from models import clock
from models.metering.accounts import Account
from models.people import rights
from tests import cast
from tests.page import Client
from tests.test_house import addresses, house, rules  # noqa: F401  fixture
from tests.views.conftest import town, towns  # noqa: F401  fixtures
from views.staff_door import KEY

NOBODYS = 10**9  # an id that no row has
VALUES = {"token": "x" * 43, "number": "241010000054", "period": "2026-10", "name": "x", "kind": "readings"}


def office(app: Any) -> list[tuple[str, str, str]]:
    """Endpoint, method and right of every route behind the staff's door."""
    found = []
    for rule in rules(app):
        view = app.view_functions[rule.endpoint]
        if getattr(view, "door", "") == "staff":
            found += [(rule, method, view.right) for method in rule.methods & {"GET", "POST"}]
    return found


def ask(client: Client, rule: Any, method: str) -> int:
    """The status of a request with values that name nobody; a POST has a token that holds."""
    values = {
        name: NOBODYS if isinstance(rule._converters[name], IntegerConverter) else VALUES.get(name, "x")
        for name in rule.arguments
    }
    path = client.path(rule.endpoint, **values)
    page = client.get("staff_sign_in.ask")  # for whoever is not signed in the form of signing in
    data = {"csrf_token": (page.follow() if page.status == 303 else page).token}
    answer = client.browser.open(path, base_url=client.base, method=method, data=data if method == "POST" else None)
    where = answer.headers.get("Location", "")
    return 401 if answer.status_code == 303 and where.startswith("/staff/sign-in") else answer.status_code


@pytest.mark.parametrize("role", rights.ROLES)
def test_every_route_of_the_office_is_open_to_the_roles_of_the_table_and_to_no_other(app: Any, role: str) -> None:
    employee = cast.employee(role)
    client, routes, wrong = Client(app), office(app), []
    client.enter_office(employee.email, cast.PASSWORD)
    for rule, method, right in routes:
        status = ask(client, rule, method)
        allowed = not right or rights.allows(role, right)
        if (status == 403) == allowed or status == 401 or status >= 500:
            wrong.append(f"{role} {method} {rule.rule} ({right}): {status}")
    assert len(routes) > 20
    assert not wrong, "\n".join(wrong)


def test_the_office_is_closed_to_guests_and_customers(house: Client) -> None:  # noqa: F811
    guest = house.another()
    for rule, method, _ in office(house.app):
        for client in (guest, house):
            assert ask(client, rule, method) == 401, f"{method} {rule.rule}"


def test_every_address_under_staff_has_the_staffs_door_or_leads_to_it(app: Any) -> None:
    for rule in rules(app):
        if rule.rule.startswith("/staff"):
            view = app.view_functions[rule.endpoint]
            is_entrance = rule.endpoint.startswith("staff_sign_in.")
            assert view.door == ("public" if is_entrance else "staff"), rule.rule


def test_a_forged_session_opens_nothing(app: Any) -> None:
    client = Client(app)
    with client.browser.session_transaction(base_url=client.base) as session:
        session[KEY] = "x" * 43
    assert client.get("/staff/").location.startswith("/staff/sign-in")


# ---- what belongs to somebody


def test_nothing_with_a_number_in_its_address_is_open_to_another_customer(house: Client) -> None:  # noqa: F811
    """Each address of Anna's, as each of the other customers of the demo asks for it, who do not share the account."""
    mine = {
        endpoint: path
        for endpoint, path in addresses(house).items()
        if getattr(house.app.view_functions[endpoint], "door", "") == "customer" and _is_somebodys(house, endpoint)
    }
    assert len(mine) > 15
    for name in ("boris", "vera"):
        other = house.another()
        assert other.sign_in(f"{name}@example.ru", cast.PASSWORD).status == 303
        for endpoint, path in mine.items():
            assert other.get(path).status == 404, f"{name}: {endpoint} {path}"


def test_no_form_of_another_customers_account_does_anything(house: Client) -> None:  # noqa: F811
    vera = house.another()
    vera.sign_in("vera@example.ru", cast.PASSWORD)
    token = vera.get("settings.show").token
    numbers = [one.number for one in Account.select(Account.number) if not _is_veras(one.number)]
    routes = [rule for rule in rules(house.app, "POST") if "number" in rule.arguments and _is_customers(house, rule)]
    assert len(routes) > 5
    for rule in routes:
        values = {"receipt": "2611-000001", "period": clock.period(), "session_id": NOBODYS}
        for number in numbers[:: max(1, len(numbers) // 8)]:
            given = {**values, "number": number}
            page = vera.post(rule.endpoint, {"csrf_token": token}, **{name: given[name] for name in rule.arguments})
            assert page.status == 404, f"{rule.rule} {number}"


def _is_somebodys(client: Client, endpoint: str) -> bool:
    rule = next(rule for rule in rules(client.app, "GET") if rule.endpoint == endpoint)
    return "number" in rule.arguments


def _is_customers(client: Client, rule: Any) -> bool:
    return getattr(client.app.view_functions[rule.endpoint], "door", "") == "customer"


def _is_veras(number: str) -> bool:
    return number == "241020000171"
