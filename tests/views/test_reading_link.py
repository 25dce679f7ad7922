"""Readings by the link on a bill or in a letter: no signing in, nothing told about anybody, one account and period."""

from __future__ import annotations

from typing import Any

import pytest

from models.audit import AuditRow
from models.metering import closings, intake, reading_links
from models.metering.meters import Meter
from models.metering.readings import Reading, Receipt
from tests import cast
from tests.page import Client, Page

HERE = "2026-11"


def link(person: cast.Person, period: str = HERE) -> str:
    return f"/r/{reading_links.token(person.account.id, period)}"


def typed(person: cast.Person, *values: Any) -> dict[str, str]:
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(values, 1)}


def stored() -> list[tuple[int, int, str]]:
    query = Reading.select().where(Reading.period == HERE).order_by(Reading.id)
    return [(row.t1, row.t2, row.state) for row in query]


def tells_nothing(page: Page, person: cast.Person) -> None:
    """No name, address, account number, access code, whole serial number or previous value anywhere on the page."""
    account = person.account
    secrets = [
        account.last_name, account.first_name, account.middle_name, account.street, account.settlement, account.number,
        account.access_code, person.meter.serial, *(str(value) for value in cast.PREVIOUS), "6\u202f320", "2\u202f660",
    ]  # fmt: skip
    bare = page.markup.replace(page.path, "")
    assert [one for one in secrets if one and one in bare] == []


@pytest.mark.feature("M3")
def test_page_opens_without_signing_in_and_tells_nothing(client: Client, anna: cast.Person) -> None:
    page = client.get(link(anna))
    assert (page.status, page.h1) == (200, "Показания за ноябрь\u00a02026")
    assert page.fields >= set(typed(anna, 0, 0)) and all(page.value(name) == "" for name in typed(anna, 0, 0))
    tells_nothing(page, anna)


@pytest.mark.feature("M3")
def test_reading_is_taken_once(client: Client, anna: cast.Person) -> None:
    form = client.get(link(anna))
    page = form.submit(typed(anna, *cast.USUAL))
    assert page.status == 200 and "переданы" in page.h1
    tells_nothing(page, anna)
    again = form.submit(typed(anna, *cast.USUAL))  # the very same form, by a double click or Back
    assert "второй раз ничего не записано" in again.text
    another = client.another().get(link(anna)).submit(typed(anna, *cast.USUAL))  # the link again, elsewhere
    assert "второй раз ничего не записано" in another.text
    assert stored() == [(*cast.USUAL, "accepted")] and Receipt.select().count() == 1


def test_what_was_passed_is_not_shown_to_the_next(client: Client, anna: cast.Person) -> None:
    client.get(link(anna)).submit(typed(anna, *cast.USUAL))
    page = client.another().get(link(anna))
    assert (
        "6440" not in page.markup and "6\u202f440" not in page.markup and page.value(f"meter-{anna.meter.id}-t1") == ""
    )


def test_correction_by_the_link_replaces(client: Client, anna: cast.Person) -> None:
    for values in ((6440, 2720), (6450, 2720)):
        client.get(link(anna)).submit(typed(anna, *values))
    assert stored() == [(6440, 2720, "replaced"), (6450, 2720, "accepted")]


@pytest.mark.feature("M3")
@pytest.mark.parametrize("values", [(6320 - 20, 2720), (6320 + 9000, 2720)])
def test_unusual_value_is_asked_about_without_the_previous_one(
    client: Client, anna: cast.Person, values: tuple[int, int]
) -> None:
    page = client.get(link(anna)).submit(typed(anna, *values))
    assert page.status == 422 and "Проверьте" in page.markup and stored() == []
    tells_nothing(page, anna)
    assert page.submit(button="Всё верно, передать").status == 200
    assert [state for *_, state in stored()] == ["held"]


@pytest.mark.parametrize("values", [("", ""), ("6440", ""), ("abc", "2720"), ("1234567", "2720")])
def test_bad_value_is_refused_and_kept(client: Client, anna: cast.Person, values: tuple[str, str]) -> None:
    page = client.get(link(anna)).submit(typed(anna, *values))
    assert page.status == 422 and page.errors and stored() == []
    assert page.value(f"meter-{anna.meter.id}-t1") == values[0]
    tells_nothing(page, anna)


@pytest.mark.feature("M3")
@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t[:-1] + "x", lambda t: t.replace("-2611-", "-2612-")]
)
def test_altered_link_is_no_page(client: Client, anna: cast.Person, change: Any) -> None:
    page = client.get(change(link(anna)))
    assert page.status == 404 and "Иванова" not in page.markup
    assert client.get(link(anna)).status == 200


def test_form_of_one_account_stores_nothing_under_another(client: Client, anna: cast.Person, vera: cast.Person) -> None:
    """Vera's link with fields of Anna's meter."""
    form = client.get(link(vera))
    page = client.open(
        link(vera), method="POST", data={**typed(anna, *cast.USUAL), "key": "k", "csrf_token": form.field("csrf_token")["value"]}
    )  # fmt: skip
    assert page.status == 422 and stored() == []


def test_post_needs_its_token(client: Client, anna: cast.Person) -> None:
    page = client.post(link(anna), typed(anna, *cast.USUAL))
    assert page.status == 303 and page.location == link(anna)  # the form comes back, what was typed kept
    assert stored() == []


@pytest.mark.feature("M3")
@pytest.mark.parametrize(
    ("period", "words"),
    [("2026-10", "Срок этой ссылки прошёл"), ("2026-12", "ещё не начался"), ("2025-11", "Срок этой ссылки прошёл")],
)
def test_link_of_another_month_is_closed(client: Client, anna: cast.Person, period: str, words: str) -> None:
    page = client.get(link(anna, period))
    assert page.status == 200 and words in page.text and not page.fields & set(typed(anna, 0, 0))
    tells_nothing(page, anna)


def test_page_left_open_over_the_month_stores_nothing(client: Client, anna: cast.Person, at: Any) -> None:
    form = client.get(link(anna))
    at("2026-12-07T10:00")
    page = form.submit(typed(anna, *cast.USUAL))
    assert page.status == 422 and "Срок этой ссылки прошёл" in page.text
    assert Receipt.select().count() == 0


def test_outside_the_window_it_says_when(client: Client, anna: cast.Person, at: Any) -> None:
    at("2026-11-03T10:00")
    page = client.get(link(anna))
    assert "6\u00a0ноября" in page.text and not page.fields & set(typed(anna, 0, 0))


def test_billed_period_is_closed(client: Client, anna: cast.Person) -> None:
    form = client.get(link(anna))
    closings.close(HERE)
    page = form.submit(typed(anna, *cast.USUAL))
    assert page.status == 422 and "уже рассчитана" in page.markup and stored() == []
    tells_nothing(page, anna)


def test_account_without_a_meter(client: Client, anna: cast.Person) -> None:
    boris = cast.boris(anna)
    assert "нет действующего счётчика" in client.get(link(boris)).text


def test_controllers_reading_stands(client: Client, anna: cast.Person) -> None:
    intake.receive(anna.account, {anna.meter.id: ("6441", "2721")}, channel="inspector", key="act")
    page = client.get(link(anna)).submit(typed(anna, *cast.USUAL))
    assert page.status == 422 and stored() == [(6441, 2721, "accepted")]


def test_two_meters_one_may_be_left_blank(client: Client, anna: cast.Person) -> None:
    cast.hang(anna.account, "55512345", initial=(10,), installed="2026-09-01")
    page = client.get(link(anna)).submit(typed(anna, *cast.USUAL))
    assert page.status == 200 and stored() == [(*cast.USUAL, "accepted")]
    assert Meter.select().count() == 2


@pytest.mark.feature("M3")
def test_guessing_is_limited_for_an_address_and_a_true_link_still_opens(client: Client, anna: cast.Person) -> None:
    answers = [client.get(f"/r/{anna.account.id:x}-2611-{i:024x}") for i in range(61)]
    assert [page.status for page in answers[:60]] == [404] * 60
    assert answers[60].status == 422 and "Слишком много попыток" in answers[60].text
    assert client.get(link(anna)).status == 200
    assert client.another("10.9.8.7").get("/r/1-2611-" + "0" * 24).status == 404


def test_looking_changes_nothing(client: Client, anna: cast.Person) -> None:
    before = AuditRow.select().count()
    for _ in range(3):
        client.get(link(anna))
    assert (AuditRow.select().count(), Reading.select().where(Reading.period == HERE).count()) == (before, 0)
