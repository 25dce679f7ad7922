"""Finding appeals: forms of Russian words, unfinished words, numbers, names; entries that keep up; the same on both engines."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.audit import acting
from models.base import database, is_sqlite
from models.contact.appeals import answering, handling, moves, registering, search
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import ANSWERED, Appeal
from models.contact.appeals.search import AppealSearchEntry
from models.metering import finding
from tests import cast

pytestmark = pytest.mark.usefixtures("db")


TEXTS = {
    "charges": "В октябре начисления не сходятся с показаниями счётчика: посчитали 1 664,71 рубля вместо обычных девятисот.",
    "meter": "Старый электросчётчик остановился, прошу заменить его. Номер прибора 009450235068549.",
    "light": "Вторые сутки нет света в доме, соседи тоже сидят без электричества. Когда всё починят?",
    "owner": "Купили квартиру, нужно переоформить лицевой счёт на нового собственника. Выписку из ЕГРН приложил.",
    "payment": "Оплатил дважды за сентябрь 2026 года через банк, верните, пожалуйста, лишние деньги.",
}


@pytest.fixture
def desk() -> dict[str, Appeal]:
    """Five appeals of five guests, and Anna's account on the first."""
    anna = cast.anna(history=False)
    people = {
        "charges": Applicant(anna.id, account_id=anna.account.id),
        "meter": Applicant(email="p.sedykh@example.ru", name="Пётр Седых", phone="+79135550188"),
        "light": Applicant(email="light@mail.example", name="Ольга Фёдорова", typed_account="2410 1000 0777"),
        "owner": Applicant(email="new@mail.example", name="Мария Ким"),
        "payment": Applicant(email="twice@mail.example", name="Игорь Петров"),
    }
    topics = {"charges": "charges", "meter": "meter", "light": "supply", "owner": "contract", "payment": "payment"}
    return {
        name: registering.register(who, topics[name], TEXTS[name], key=name) for name, who in people.items()
    }  # fmt: skip


@pytest.fixture
def found(desk: dict[str, Appeal]):
    names = {appeal.id: name for name, appeal in desk.items()}

    def of(text: str, **options: str) -> list[str]:
        return [names[one] for one in search.find(text, **options).ids]

    return of


CASES = [
    ("не сходится начисление", {"charges"}),
    ("начисления", {"charges"}),
    ("НАЧИСЛЕНИЕ", {"charges"}),
    ("начислений не сошлось", set()),
    ("сходятся показания", {"charges"}),
    ("показаниям", {"charges"}),
    ("счётчик", {"charges"}),
    ("счетчика", {"charges"}),
    ("счётчики октября", {"charges"}),
    ("начисл", {"charges"}),
    ("показ", {"charges"}),
    ("электросчётчика", {"meter"}),
    ("замените электросчетчик", {"meter"}),
    ("заменить прибор", {"meter"}),
    ("приборы", {"meter"}),
    ("старыми счётчиками", set()),
    ("сутки без света", {"light"}),
    ("свет", {"light"}),
    ("соседей", {"light"}),
    ("соседи в домах", {"light"}),
    ("электричество", {"light"}),
    ("электр", {"light", "meter"}),
    ("собственники", {"owner"}),
    ("новому собственнику квартиры", {"owner"}),
    ("переоформить счёт", {"owner"}),
    ("егрн", {"owner"}),
    ("выписка егрн", {"owner"}),
    ("лишних денег", set()),
    ("лишние деньги", {"payment"}),
    ("деньгами", {"payment"}),
    ("оплатили", {"payment"}),
    ("дважды сентябре", {"payment"}),
    ("сентябрь 2026", {"payment"}),
    ("1 664,71", {"charges"}),
    ("1 664", {"charges"}),
    ("седых", {"meter"}),
    ("Пётр", {"meter", "payment"}),
    ("петр седых", {"meter"}),
    ("федорова ольга", {"light"}),
    ("Фёдоровой", {"light"}),
    ("анна сергеевна", {"charges"}),
    ("p.sedykh@example.ru", {"meter"}),
    ("P.Sedykh@", {"meter"}),
    ("8 (913) 555-01-88", {"meter"}),
    ("+79135550188", {"meter"}),
    ("0188", {"meter"}),
    ("241010000054", {"charges"}),
    ("0054", {"charges"}),
    ("2410 1000 0777", {"light"}),
    ("241010000777", {"light"}),
    ("068549", {"meter"}),
    ("0094502", {"meter"}),
    ("квитанция", set()),
    ("", set()),
    ("  ", set()),
    ("%", set()),
    ('"', set()),
    ("' OR 1=1 --", set()),
    ("начисления OR света", set()),
    ("NEAR(начисления)", set()),
    ("начислени*", {"charges"}),
    ("свет & сутки", {"light"}),
    ("не", {"charges"}),
    ("\0", set()),
]


@pytest.mark.feature("S37")
@pytest.mark.parametrize(("typed", "expected"), CASES, ids=[repr(typed) for typed, _ in CASES])
def test_what_is_typed_finds(found, typed: str, expected: set[str]) -> None:
    assert set(found(typed)) == expected


def test_typed_number_comes_first(found, desk: dict[str, Appeal]) -> None:
    """Though a newer one speaks of it."""
    number = desk["charges"].number
    with acting("staff:1"), database.atomic():
        moves.add(moves.hold(desk["payment"].id), "note", f"То же, что в {number}")
    assert found(number) == ["charges", "payment"]
    assert found(f"№ {number}") == ["charges", "payment"]
    assert found(number[5:]) == ["charges", "payment"]
    assert found(str(desk["charges"].id)) == ["charges"]  # as people say it on the phone


def test_whole_words_come_before_beginnings(found, desk: dict[str, Appeal]) -> None:
    with database.atomic():
        moves.add(moves.hold(desk["payment"].id), "note", "Звонил Кимченко", author="staff:1")
    assert found("ким") == ["owner", "payment"]


def test_answers_notes_and_names_are_found_at_once(found, desk: dict[str, Appeal]) -> None:
    clerk = cast.employee("operator")
    light = desk["light"]
    with acting(clerk.subject):
        answering.note(light.id, clerk.id, "Бригада выехала на подстанцию", key="n")
        assert found("подстанции") == ["light"]
        answering.answer(light.id, clerk.id, "Трансформатор заменён", seen=light.last_entry + 10, key="a")
    assert found("трансформаторы") == ["light"]


def test_open_and_closed_are_told_apart_as_they_change(found, desk: dict[str, Appeal]) -> None:
    assert found("свет", state="open") == ["light"]
    assert found("свет", state="closed") == []
    with database.atomic():
        moves.move(moves.hold(desk["light"].id), ANSWERED)
    assert found("свет", state="open") == []
    assert found("свет", state="closed") == ["light"]
    assert found(desk["light"].number, state="open") == []


def test_words_of_a_text_never_pass_for_marks(found, desk: dict[str, Appeal]) -> None:
    """A state, the end of a number, an e-mail address are known from the appeal, not from what somebody wrote."""
    with database.atomic():
        moves.add(
            moves.hold(desk["light"].id), "message", "zclosed §closed closed t8810 №8810 mpsed ¦psed", author="guest"
        )
    assert found("свет", state="closed") == []
    assert found("свет", state="open") == ["light"]
    assert found("0188") == ["meter"]
    assert found("psed@") == ["meter"]


def test_account_found_by_the_office_finds_the_appeal(found, desk: dict[str, Appeal]) -> None:
    clerk, account = cast.employee("operator"), cast.account(901)
    with acting(clerk.subject):
        handling.link_account(desk["owner"].id, clerk.id, account.number)
    assert found(account.number) == ["owner"]


def test_entry_that_is_missing_is_counted_and_made(desk: dict[str, Appeal]) -> None:
    AppealSearchEntry.delete().where(AppealSearchEntry.appeal == desk["light"].id).execute()
    assert search.missing() == 1
    assert search.find("свет").ids == []
    assert search.fill() == 1
    assert search.missing() == 0
    assert search.find("свет").ids == [desk["light"].id]


def test_more_than_asked_for_is_said(desk: dict[str, Appeal]) -> None:
    few = search.find("example", limit=1)
    assert few.more is False
    assert search.find("электр", limit=1).more is True


def test_very_long_conversation_is_kept(desk: dict[str, Appeal]) -> None:
    """Postgres keeps no vector above a megabyte."""
    words = [f"слово{i}абвгдежзиклмнопрстуфхцчшщ" for i in range(40_000)]
    with database.atomic():
        appeal = moves.hold(desk["light"].id)
        for start in range(0, len(words), 500):
            moves.add(appeal, "message", " ".join(words[start : start + 500]), author="guest")
    assert search.find(words[10]).ids == [appeal.id]


def test_rolled_back_word_is_not_found(desk: dict[str, Appeal]) -> None:
    with database.atomic() as transaction:
        moves.add(moves.hold(desk["light"].id), "note", "подстанция", author="staff:1")
        assert search.find("подстанция").ids == [desk["light"].id]
        transaction.rollback()
    assert search.find("подстанция").ids == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
@example("a'b")
@example(":*")
@example("\\")
@example("ſ İ ß ǆ")
@example("١٢٣٤ ٥")
@example("²³ ½")
@example("x@")
@example("@")
@example("--------")
@example("0\x1f")
@example("8913555018888888888888888888888888888888888888888888888")
def test_nothing_that_is_typed_breaks_the_search(desk: dict[str, Appeal], text: str) -> None:
    search.find(text)
    search.find(text, state="open")


def test_a_search_uses_the_index(desk: dict[str, Appeal]) -> None:
    if not is_sqlite():
        pytest.skip("five rows are read faster without")
    sql = "EXPLAIN QUERY PLAN SELECT rowid FROM appeal_words WHERE appeal_words MATCH '\"свет\"' ORDER BY rowid DESC LIMIT 5"
    plan = " ".join(str(row[3]) for row in database.execute_sql(sql).fetchall())
    assert "VIRTUAL TABLE INDEX" in plan


def test_accounts_are_found_as_before() -> None:
    """The engine under both searches is one."""
    anna = cast.anna(history=False)
    assert [row.number for row in finding.find("иванова анна").rows] == [anna.account.number]
