"""Finding accounts: each way customers name themselves, what narrows, what must not be found, and entries that keep up."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models import doctor
from models.audit import acting
from models.base import database, is_sqlite
from models.entrance import profile
from models.exchange import imports
from models.metering import finding
from models.metering.accounts import Account, Office, link, unlink
from models.metering.finding import SearchEntry
from tests import cast
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def town() -> dict[str, Account]:
    """Five accounts that share streets, houses and names."""
    office = Office.create(code="101", name="Северный", settlement="г. Красноярск", address="ул. Мира, 1")
    anna = cast.account(
        54, last_name="Иванова", first_name="Анна", middle_name="Сергеевна", street="ул. Мира", house="23", flat="32", office=office,
        email="anna.i@example.ru", phone="+79135550177",
    )  # fmt: skip
    cast.hang(anna, "009450235068549")
    neighbour = cast.account(
        60, last_name="Фёдоров", first_name="Пётр", middle_name="Ильич", street="ул. Мира", house="23А", flat="7"
    )
    far = cast.account(75, last_name="Мирошниченко", first_name="Олег", street="ул. 8 Марта", house="32", flat="23")
    village = cast.account(
        171, last_name="Иванова", first_name="Мария", settlement="СНТ «Берёзка», Емельяновский район", street="пер. Тихий", house="4/1",
        flat="",
    )  # fmt: skip
    late = cast.account(1233, last_name="Ли", first_name="Эн", street="пр. Мира", house="32", flat="23")
    return {"anna": anna, "neighbour": neighbour, "far": far, "village": village, "late": late}


@pytest.fixture
def who(town: dict[str, Account]):
    names = {account.number: name for name, account in town.items()}

    def found(text: str, **options: object) -> list[str]:
        return [names[row.number] for row in finding.find(text, **options).rows]

    return found


ALL = {"anna", "neighbour", "far", "village", "late"}
CASES = [
    ("241010000054", {"anna"}),
    ("2410 1000 0054", {"anna"}),
    ("2410-10000054", {"anna"}),
    ("24101", ALL),
    ("2410100012", {"late"}),
    ("0054", {"anna"}),
    ("00054", {"anna"}),
    ("0055", set()),
    ("иванова", {"anna", "village"}),
    ("ИВАНОВА", {"anna", "village"}),
    ("иван", {"anna", "village"}),
    ("иванова анна", {"anna"}),
    ("анна иванова", {"anna"}),
    ("Иванова А.С.", {"anna"}),
    ("Иванова А. С.", {"anna"}),
    ("иванова м", {"village"}),
    ("федоров", {"neighbour"}),
    ("ФЁДОРОВ", {"neighbour"}),
    ("ли", {"late"}),
    ("мира 23-32", {"anna"}),
    ("мира 23 кв 32", {"anna"}),
    ("мира 23 кв.32", {"anna"}),
    ("ул. Мира, д. 23, кв. 32", {"anna"}),
    ("ул.Мира,д.23,кв.32", {"anna"}),
    ("мира д23 кв32", {"anna"}),
    ("кв 32 дом 23 мира", {"anna"}),
    ("мира 32-23", {"late"}),
    ("мира 23", {"anna", "neighbour"}),
    ("мира дом 23", {"anna", "neighbour"}),
    ("мира 23а", {"neighbour"}),
    ("мира 23 а 7", {"neighbour"}),
    ("мира 23A", {"neighbour"}),
    ("8 марта 32-23", {"far"}),
    ("марта 8 32", {"far"}),
    ("тихий 4/1", {"village"}),
    ("березка 4", {"village"}),
    ("красноярск мира 23", {"anna", "neighbour"}),
    ("иванова мира 23", {"anna"}),
    ("мира иванова красноярск 32 анна 23", {"anna"}),
    ("иванова 0054", {"anna"}),
    ("иванова 0171", {"village"}),
    ("+7 913 555-01-77", {"anna"}),
    ("8 (913) 555 01 77", {"anna"}),
    ("89135550177", {"anna"}),
    ("79135550177", {"anna"}),
    ("9135550177", {"anna"}),
    ("5550177", {"anna"}),
    ("555-01-77", {"anna"}),
    ("0177", {"anna"}),
    ("иванова +7 913 555-01-77", {"anna"}),
    ("anna.i@example.ru", {"anna"}),
    ("Anna.I@Example", {"anna"}),
    ("anna", {"anna"}),
    ("иванова anna.i@", {"anna"}),
    ("009450235068549", {"anna"}),
    ("8549", {"anna"}),
    ("068549", {"anna"}),
    ("68548", set()),
    ("ваноа", set()),
    ("", set()),
    ("   ", set()),
    ("ул.", set()),
    ("%", set()),
    ("сидоров", set()),
    ("bdfyjdf", {"anna", "village"}),
    ("Bdfyjdf vbhf 23", {"anna"}),
    ("atljhjd", {"neighbour"}),
    ("ivanova", set()),
    ("иванова сидоров", set()),
]


@pytest.mark.parametrize(("typed", "expected"), CASES)
def test_an_account_is_found_by(typed: str, expected: set[str], who) -> None:
    assert set(who(typed)) == expected


def test_a_house_is_meant_rather_than_a_flat_unless_there_is_none(who) -> None:
    assert who("мира 32") == ["late"]
    assert who("мира 7") == ["neighbour"]


def test_the_end_of_a_number_comes_before_the_beginning(town, who) -> None:
    cast.account(9, last_name="Конец", phone="+79130002410")
    assert finding.find("2410").rows[0].last_name == "Конец"


def test_an_office_keeps_to_its_own(who) -> None:
    assert who("иванова", office="101") == ["anna"]
    assert who("24101", office="101") == ["anna"]
    assert who("иванова", office="999") == []
    assert who("иванова", office="\0") == []


def test_more_is_said_and_not_shown(who) -> None:
    found = finding.find("мира", limit=2)
    assert len(found.rows) == 2 and found.more
    assert not finding.find("мира", limit=3).more
    assert finding.find("24101", limit=4).more


@pytest.mark.company("irkutsk")
def test_letters_in_account_numbers() -> None:
    flat = cast.account(14)
    for typed in ("инзб38100014", "ИНЗБ381", "0014", "инзб 38100014"):
        assert [row.id for row in finding.find(typed).rows] == [flat.id], typed


def test_letters_in_a_meters_number() -> None:
    flat = cast.account(1)
    cast.hang(flat, "ЭА-77 N1234Б")
    for typed in ("эа-77 n1234б", "N1234Б", "1234б"):
        assert [row.id for row in finding.find(typed).rows] == [flat.id], typed


# ---- what is typed cannot break the index


@given(st.text(max_size=60))
@example('"')
@example('" OR words:*')
@example("NEAR(a b) AND NOT * ^ - + : { }")
@example("' & | ! <-> :* \\ (")
@example("\0\ud800 иванова\0")
@example("²³ ½ Ⅷ ٣٤٥٦ １２３４")
@example("a" * 5000)
@example("1 " * 100)
@example("о'генри O'Neil")
@example("ß İ ŉ ﬃ")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_text_is_a_query(text: str) -> None:
    assert finding.find(text).rows == []


@given(st.text(min_size=1, max_size=20))
@example("\x1f О'Хара")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_name_makes_an_entry(name: str) -> None:
    if "\0" in name or any(0xD800 <= ord(one) < 0xE000 for one in name):
        return
    with database.atomic() as transaction:
        made = cast.account(7, last_name=name, street=name, house=name[:20], flat=name[:20])
        assert SearchEntry.get(SearchEntry.account == made.id).words
        transaction.rollback()


# ---- entries keep up


def test_an_import_changes_what_is_found(tmp_path) -> None:
    header = (
        "account;last_name;first_name;settlement;street;house;dwelling;persons;area_m2;services;access_code;opened\n"
    )
    row = "241010000054;{};Анна;г. Красноярск;ул. Мира;23;urban;2;54.3;electricity;10000000;2015-01-01\n"
    file = tmp_path / "accounts.csv"
    for name in ("Иванова", "Петрова"):
        file.write_text(header + row.format(name), "utf-8")
        imports.load("accounts", file)
    assert not finding.find("иванова").rows
    assert len(finding.find("петрова").rows) == 1
    meters = "account;serial;service;model;zones;digits;installed;initial_t1\n241010000054;77665544;electricity;М;1;5;2015-01-01;0\n"
    (tmp_path / "meters.csv").write_text(meters, "utf-8")
    imports.load("meters", tmp_path / "meters.csv")
    assert len(finding.find("665544").rows) == 1


def test_holders_are_found_while_they_hold() -> None:
    flat = cast.account(54)
    holder = cast.customer("kate@example.ru", "Екатерина")
    assert not finding.find("kate@example.ru").rows
    link(holder.id, flat)
    assert finding.find("kate@example.ru").rows and finding.find("5550123").rows
    unlink(holder.id, flat)
    assert not finding.find("kate@example.ru").rows and not finding.find("5550123").rows


def test_a_changed_phone_is_found() -> None:
    flat = cast.account(54)
    holder = cast.customer("kate@example.ru", "Екатерина", flat)
    with acting(holder.subject):
        profile.change_phone(holder.id, cast.PASSWORD, "+7 913 000-77-66")
    assert finding.find("0007766").rows and not finding.find("5550123").rows


def test_a_deleted_account_is_gone(town, who) -> None:
    Account.delete().where(Account.id == town["anna"].id).execute()
    assert SearchEntry.select().count() == 4
    assert who("иванова") == ["village"]


def test_an_entry_is_written_only_when_it_changes(town) -> None:
    before = _writes()
    finding.refresh([account.id for account in town.values()])
    assert _writes() == before


def _writes() -> int:
    if is_sqlite():
        return database.execute_sql("SELECT total_changes()").fetchone()[0]
    return database.execute_sql("SELECT sum(xmin::text::bigint) FROM search_entry").fetchone()[0]


@pytest.mark.parametrize("is_locked", [True, False])
def test_a_family_that_links_at_once_is_found_by_each(is_locked: bool, monkeypatch) -> None:
    """Without the lock the second to write would not have seen the first one's link."""
    flat = cast.account(54)
    family = [cast.customer(f"one{n}@example.ru", "Некто") for n in range(6)]
    if not is_locked:
        if is_sqlite():
            pytest.skip("a transaction is the lock there")
        monkeypatch.setattr(finding, "locked", lambda query: query)
    plainly = finding._words
    monkeypatch.setattr(finding, "_words", lambda ids: (plainly(ids), time.sleep(0.05))[0])
    at_once(6, lambda n: link(family[n].id, flat))
    found = [bool(finding.find(one.email).rows) for one in family]
    assert all(found) == is_locked


def test_fill_makes_what_is_missing(town, who, monkeypatch) -> None:
    monkeypatch.setattr(finding, "_BATCH", 2)
    SearchEntry.delete().execute()
    assert finding.missing() == 5 and who("иванова") == []
    told: list[int] = []
    assert finding.fill(told.append) == 5
    assert (finding.missing(), sum(told), finding.fill()) == (0, 5, 0)
    assert who("мира 23-32") == ["anna"]


def test_doctor_tells_of_accounts_that_nobody_finds(town) -> None:
    assert not doctor.complaints()
    SearchEntry.delete().where(SearchEntry.account == town["anna"]).execute()
    assert doctor.complaints() == ["accounts: 1 cannot be found by the staff; run `flask --app app reindex --missing`"]


def test_fill_anew_mends_what_is_wrong(town, who) -> None:
    SearchEntry.update(words="чепуха").where(SearchEntry.account == town["anna"]).execute()
    assert who("чепуха") == ["anna"]
    assert finding.fill(anew=True) == 5
    assert (who("чепуха"), who("0054")) == ([], ["anna"])
