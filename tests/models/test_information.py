"""Published versions, drafts, hints, hours of work: what the office writes and anyone may read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from models import audit, clock, files
from models.audit import AuditRow
from models.base import Refusal
from models.company import Company
from models.contact.information import (
    changes,
    demo,
    drafting,
    hours,
    links,
    price_list,
    published,
    publishing,
    questions,
)
from models.contact.information.drafting import Overtaken
from models.contact.information.publishing import Outdated
from models.contact.information.rows import InformationDraft, InformationVersion
from models.contact.information.sections import SECTIONS
from models.exchange import imports
from models.files import StoredFile
from models.metering.accounts import Office
from tests.conftest import ROOT

QUESTIONS, SERVICES, PHONES = (SECTIONS[code] for code in ("questions", "services", "phones"))
OFFICES, CONTRACTS, PAGES = (SECTIONS[code] for code in ("offices", "contracts", "pages"))
ASKED = {"topic": "other", "question": "Где взять справку?", "answer": "В любом [офисе](/about/offices)."}
PHONE = {"number": "8 (391) 299-00-25", "title": "Справочная", "hours": "пн–пт 9:00–18:00", "note": ""}


@pytest.fixture(autouse=True)
def memory(db: Any, company: Company) -> Iterator[None]:
    """Nothing that was published in one test is believed in the next."""
    published.forget()
    yield
    published.assume_none()


def add(section: Any, typed: dict[str, str]) -> InformationDraft:
    return drafting.save(section, "", typed, seen=drafting.revision(section.code))


def publish(section: Any, typed: dict[str, str]) -> InformationVersion:
    return publishing.publish(section, seen=add(section, typed).revision)


def rules(refused: Any) -> dict[str | None, str]:
    return {problem.field: problem.rule for problem in refused.value.problems}


# ---- hints


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("У меня сломался счетчик и ничего не показывает", "meter-broken"),
        ("Нет света с самого утра, куда звонить?", "no-power"),
        ("Оплатила квитанцию неделю назад через банк, а платёж не виден", "paid-not-seen"),
        ("Мы купили квартиру, нужно переоформить счёт на нового собственника", "new-owner"),
        ("мигает лампочка и скачки напряжения", "voltage-jumps"),
        ("Ошиблась в показаниях, как теперь исправить", "wrong-reading"),
        ("почему такая большая сумма", "why-so-much"),
    ],
)
@pytest.mark.feature("S36")
def test_whoever_writes_is_offered_the_answer_whatever_the_endings(text, slug):
    assert questions.hints(text)[0].slug == slug


@pytest.mark.parametrize(
    "text", ["", "   ", "привет", "хочу чтобы вы мне помогли", "Здравствуйте, пожалуйста", "!!! 🙂", "а" * 100_000]
)
def test_idle_words_are_offered_nothing(text):
    assert questions.hints(text) == []


def test_what_is_asked_and_the_chosen_topic_weigh_more_than_what_is_told():
    found = questions.hints("Почему такая большая сумма? Показания я передавала вовремя", topic="charges")
    assert found[0].slug == "why-so-much"


def test_what_everybody_asks_is_no_word_to_find_by():
    found = [one.slug for one in questions.hints("Счётчик гудит. Что делать?")]
    assert found[0] == "meter-broken" and "paid-not-seen" not in found


def test_hints_are_few_and_the_topic_weighs_a_little():
    text = "счётчик: поверка, показания, пломба, зоны, оплата, договор, долг, квитанция"
    assert len(questions.hints(text, most=2)) <= 2
    assert questions.hints(text, topic="meter")[0].topic == "meter"


def test_a_published_question_is_offered_at_once():
    publish(QUESTIONS, {**ASKED, "question": "Как заказать барабан для кабеля?"})
    assert questions.hints("нужен барабан для кабеля")[0].question == "Как заказать барабан для кабеля?"


# ---- versions


def test_the_files_are_shown_until_a_version_is_published(company):
    assert [one.slug for one in published.questions()] == [one.slug for one in company.information.questions]
    made = publish(QUESTIONS, ASKED)
    assert made.number == 1 and made.changes == {"added": ["Где взять справку?"]}
    assert published.questions()[-1].question == "Где взять справку?"
    assert drafting.of("questions") is None


def test_a_draft_is_seen_by_nobody_else():
    add(QUESTIONS, ASKED)
    assert "Где взять справку?" not in [one.question for one in published.questions()]
    assert drafting.items("questions")[-1]["question"] == "Где взять справку?"


def test_who_comes_second_sees_what_the_first_has_changed():
    seen = drafting.revision("questions")
    drafting.save(QUESTIONS, "no-power", {**ASKED, "question": "Первый"}, seen=seen)
    with pytest.raises(Overtaken) as refused:
        drafting.save(QUESTIONS, "no-power", {**ASKED, "question": "Второй"}, seen=seen)
    assert refused.value.draft.updated_by == audit.actor().who
    assert drafting.one_of("questions", "no-power")["question"] == "Первый"
    drafting.save(QUESTIONS, "no-power", {**ASKED, "question": "Второй"}, seen=drafting.revision("questions"))
    assert drafting.one_of("questions", "no-power")["question"] == "Второй"


def test_who_saw_an_older_version_is_stopped_too():
    seen = drafting.revision("questions")
    publish(QUESTIONS, ASKED)
    with pytest.raises(Overtaken):
        drafting.save(QUESTIONS, "no-power", ASKED, seen=seen)


def test_who_saw_a_draft_that_was_dropped_has_not_seen_the_next_one():
    first = add(QUESTIONS, ASKED)
    drafting.drop(QUESTIONS, seen=first.revision)
    add(QUESTIONS, {**ASKED, "question": "Другой"})
    with pytest.raises(Overtaken):
        publishing.publish(QUESTIONS, seen=first.revision)


def test_going_back_publishes_the_old_items_once_more(company):
    publish(QUESTIONS, ASKED)
    publish(QUESTIONS, {**ASKED, "question": "Ещё один?"})
    made = publishing.restore(QUESTIONS, 0)
    assert (made.number, made.back_to) == (3, 0)
    assert [one.slug for one in published.questions()] == [one.slug for one in company.information.questions]
    assert [one.number for one in publishing.history(QUESTIONS)] == [3, 2, 1]
    assert len(InformationVersion.get(InformationVersion.number == 2).items) == len(company.information.questions) + 2


def test_nothing_changed_is_not_published():
    with pytest.raises(Refusal, match="Ничего не изменилось"):
        publishing.restore(QUESTIONS, 0)
    one = drafting.one_of("questions", "no-power")
    draft = drafting.save(QUESTIONS, "no-power", one, seen=drafting.revision("questions"))
    with pytest.raises(Refusal, match="Ничего не изменилось"):
        publishing.publish(QUESTIONS, seen=draft.revision)


def test_a_version_that_is_none_is_refused():
    for number in (-1, 7, 10**9):
        with pytest.raises(Refusal, match="Такой версии нет"):
            publishing.compare(QUESTIONS, 0, number)


def test_a_draft_that_another_version_has_overtaken_is_carried_over():
    publish(QUESTIONS, ASKED)
    mine = add(QUESTIONS, {**ASKED, "question": "Мой"})
    publishing.restore(QUESTIONS, 0)
    with pytest.raises(Outdated):
        publishing.publish(QUESTIONS, seen=mine.revision)
    publishing.carry(QUESTIONS, seen=mine.revision)
    publishing.publish(QUESTIONS, seen=drafting.revision("questions"))
    shown = [one.question for one in published.questions()]
    assert "Мой" in shown and "Где взять справку?" not in shown


def test_an_item_moves_and_goes():
    seen = drafting.move(QUESTIONS, "when-to-pass", -1, seen=drafting.revision("questions")).revision
    seen = drafting.remove(QUESTIONS, "missed-reading", seen=seen).revision
    made = changes.between(published.present("questions"), drafting.items("questions"))
    assert made.is_moved and [one.slug for one in made.removed] == ["missed-reading"]
    publishing.publish(QUESTIONS, seen=seen)
    assert [one.slug for one in published.questions()][:2] == ["when-to-pass", "pass-reading"]


def test_an_item_moves_past_its_neighbour_below_the_same_head():
    asked = published.questions()
    topic = next(one.topic for one in asked if one.topic != asked[0].topic)
    own = [one.slug for one in asked if one.topic == topic]
    seen = drafting.move(QUESTIONS, own[0], -1, seen=drafting.revision("questions")).revision
    assert [one["slug"] for one in drafting.items("questions")] == [one.slug for one in asked], (
        "the first of its head stays"
    )
    drafting.move(QUESTIONS, own[-1], -1, seen=seen)
    after = [one["slug"] for one in drafting.items("questions") if one["topic"] == topic]
    assert after == [*own[:-2], own[-1], own[-2]]
    others = [one["slug"] for one in drafting.items("questions") if one["topic"] != topic]
    assert others == [one.slug for one in asked if one.topic != topic]


def test_items_stand_below_the_heads_of_their_page():
    groups = QUESTIONS.groups(published.items("questions"))
    assert [title for title, _ in groups] == [title for _, title, _ in questions.by_topic()]
    assert sum(len(own) for _, own in groups) == len(published.questions())
    assert [title for title, _ in PHONES.groups(published.items("phones"))] == [""]


def test_a_version_that_another_thread_forgets_meanwhile_is_shown(monkeypatch):
    publish(QUESTIONS, ASKED)
    published.forget()

    class Forgetful(dict[Any, Any]):
        def __setitem__(self, key: Any, value: Any) -> None:
            """Another thread has forgotten all at this moment."""

    monkeypatch.setattr(published._known, "items", Forgetful())
    assert "Где взять справку?" in [one.question for one in published.questions()]


def test_pages_are_changed_but_never_removed():
    with pytest.raises(Refusal, match="нельзя удалить"):
        drafting.remove(PAGES, "contacts", seen=drafting.revision("pages"))


def test_who_and_what_stand_in_the_audit_log():
    with audit.acting("staff:3"):
        publish(QUESTIONS, ASKED)
    rows = AuditRow.select().where(AuditRow.subject == "information:questions").order_by(AuditRow.id)
    assert [(row.deed, row.who) for row in rows] == [
        ("information.drafted", "staff:3"),
        ("information.published", "staff:3"),
    ]


# ---- phones, offices, contracts


@pytest.mark.feature("S39")
def test_published_phones_are_the_companys_everywhere(company):
    assert company.phones == company.filed_phones
    for place, one in enumerate(published.filed("phones")[1:]):
        drafting.remove(PHONES, one["slug"], seen=drafting.revision("phones"))
        assert place < 5
    first = published.filed("phones")[0]["slug"]
    draft = drafting.save(PHONES, first, PHONE, seen=drafting.revision("phones"))
    publishing.publish(PHONES, seen=draft.revision)
    assert [(one.number, one.title) for one in company.phones] == [("+73912990025", "Справочная")]
    assert company.phones[0].shown.endswith("299-00-25")


def test_the_last_phone_stays():
    left = [one["slug"] for one in published.filed("phones")]
    for slug in left[:-1]:
        drafting.remove(PHONES, slug, seen=drafting.revision("phones"))
    with pytest.raises(Refusal, match="Последний"):
        drafting.remove(PHONES, left[-1], seen=drafting.revision("phones"))


def test_offices_are_published_into_their_own_table():
    kept = Office.create(code="101", name="Центральный", settlement="г. Красноярск", address="ул. Мира, 1")
    one = drafting.one_of("offices", "101")
    typed = {**one, "way": "Вход со двора", "place": "56.0106 92.8525", "phone": "8 391 299 00 24"}
    drafting.save(OFFICES, "101", typed, seen=drafting.revision("offices"))
    draft = add(OFFICES, {**typed, "slug": "106", "name": "Новый", "place": ""})
    made = publishing.publish(OFFICES, seen=draft.revision)
    stored = Office.get_by_id(kept.id)
    assert (stored.way, stored.place, stored.phone) == ("Вход со двора", "56.01060,92.85250", "+73912990024")
    assert Office.get(Office.code == "106").name == "Новый"
    assert made.number == 2  # 1 is what was there before
    publishing.restore(OFFICES, 1)
    assert Office.get_by_id(kept.id).way == "" and Office.select().count() == 2


def test_an_import_of_offices_outdates_their_draft():
    Office.create(code="101", name="Центральный", settlement="г. Красноярск", address="ул. Мира, 1")
    draft = drafting.save(OFFICES, "101", {**drafting.one_of("offices", "101"), "way": "Со двора"}, seen=-1)
    Office.update(address="ул. Мира, 2").where(Office.code == "101").execute()
    with pytest.raises(Outdated):
        publishing.publish(OFFICES, seen=draft.revision)
    publishing.carry(OFFICES, seen=draft.revision)
    assert drafting.one_of("offices", "101")["way"] == "Со двора"


def test_how_to_get_there_comes_with_the_import(company):
    imports.load("offices", ROOT / "companies" / company.code / "offices.csv")
    office = Office.get(Office.code == "101")
    assert office.place == "56.01060,92.85250" and "пандус" in office.way


def test_a_pdf_takes_the_place_of_the_words():
    pdf = files.put(io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "договор.pdf")
    one = drafting.one_of("contracts", "electricity-block")
    draft = drafting.save(CONTRACTS, one["slug"], one, seen=-1, file=pdf)
    publishing.publish(CONTRACTS, seen=draft.revision)
    found = next(one for one in published.contracts() if one.slug == "electricity-block")
    assert published.file_of(found).title == found.file_title == "договор.pdf"
    assert StoredFile.update(scan_at=clock.now()).execute() == 1  # put there while there was a scanner
    assert published.file_of(found) is not None, "no scanner now: nothing waits for one"
    draft = drafting.save(CONTRACTS, one["slug"], one, seen=drafting.revision("contracts"), without_file=True)
    assert drafting.one_of("contracts", "electricity-block")["file"] == 0


# ---- what is typed


@pytest.mark.parametrize(
    ("section", "typed", "rule"),
    [
        (QUESTIONS, {**ASKED, "question": ""}, {"question": "information.missing"}),
        (QUESTIONS, {**ASKED, "question": "я" * 201}, {"question": "information.long"}),
        (QUESTIONS, {**ASKED, "answer": "<script>alert(1)</script>"}, {"answer": "information.markup"}),
        (QUESTIONS, {**ASKED, "answer": "<p class='MsoNormal'>Текст</p>"}, {"answer": "information.markup"}),
        (QUESTIONS, {**ASKED, "answer": "вот \u202eтекст"}, {"answer": "information.unseen"}),
        (QUESTIONS, {**ASKED, "answer": "[сюда](javascript:alert(1))"}, {"answer": "information.link"}),
        (QUESTIONS, {**ASKED, "answer": "[сюда](//evil.example)"}, {"answer": "information.link"}),
        (QUESTIONS, {**ASKED, "answer": "[сюда](http://plain.example)"}, {"answer": "information.link"}),
        (QUESTIONS, {**ASKED, "topic": "никакая"}, {"topic": "information.choice"}),
        (PHONES, {**PHONE, "number": "12345"}, {"number": "phone.shape"}),
        (PHONES, {"number": "", "title": "", "hours": "", "note": ""}, {"number": "information.missing",
            "title": "information.missing", "hours": "information.missing"}),
        (SERVICES, {"group": "Щиток", "name": "Сборка", "unit": "шт.", "price": "10,555", "vat": "22"},
            {"price": "information.price"}),
        (SERVICES, {"group": "Щиток", "name": "Сборка", "unit": "шт.", "price": "-1", "vat": "22"},
            {"price": "information.price"}),
        (SERVICES, {"group": "Щиток", "name": "Сборка", "unit": "шт.", "price": "1e400", "vat": "18"},
            {"price": "information.price", "vat": "information.choice"}),
        (OFFICES, {"slug": "9", "name": "Н", "settlement": "Г", "address": "А", "place": "120.0, 92.8"},
            {"place": "information.place"}),
        (CONTRACTS, {"title": "Пустой", "service": "any", "house": "any", "text": ""}, {"text": "information.empty"}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(section, typed, rule):
    with pytest.raises(Refusal) as refused:
        add(section, typed)
    assert rules(refused) == rule
    assert drafting.of(section.code) is None


def test_a_price_is_kept_in_kopecks():
    typed = {"group": "Щиток", "name": "Сборка", "unit": "шт.", "price": "1 450,50 ₽", "vat": "22", "note": ""}
    assert add(SERVICES, typed).items[-1]["price"] == 145050


@pytest.mark.parametrize(
    "address", ["https://example.ru/a?b=1", "/about/offices#place-1", "tel:+73912990024", "mailto:a@b.ru"]
)
def test_links_that_may_be(address):
    assert list(links.pieces(f"до [слова]({address}) после"))[1] == ("слова", address)


@pytest.mark.parametrize(
    "address", ["https://a@b.ru", "https:///x", "ftp://a.ru", "data:text/html,x", "/\\evil.ru", "https://[", "//a.ru"]
)
def test_links_that_may_not_be_stay_text(address):
    text = f"до [слова]({address}) после"
    assert "".join(one.words for one in links.pieces(text)) == text


# ---- hours


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("пн–пт 8:00–19:00, сб 9:00–14:00", "2026-11-20T10:00", True),
        ("пн–пт 8:00–19:00, сб 9:00–14:00", "2026-11-20T19:00", False),
        ("пн–пт 8:00–19:00, сб 9:00–14:00", "2026-11-21T13:59", True),
        ("пн–пт 8:00–19:00, сб 9:00–14:00", "2026-11-22T10:00", False),
        ("пн–чт 8:00–17:00, пт 8:00–16:00, перерыв 12:00–13:00", "2026-11-20T12:30", False),
        ("пн–чт 8:00–17:00, пт 8:00–16:00, перерыв 12:00–13:00", "2026-11-20T16:30", False),
        ("пн–чт 8:00–17:00, пт 8:00–16:00, перерыв 12:00–13:00", "2026-11-20T13:00", True),
        ("Ежедневно с 9:00 до 21:00", "2026-11-22T20:59", True),
        ("круглосуточно", "2026-11-22T03:00", True),
        ("сб-пн 10:00-18:00", "2026-11-22T11:00", True),
        ("по договорённости", "2026-11-20T10:00", None),
        ("пн–пт 19:00–8:00", "2026-11-20T10:00", None),
        ("пн–пт 8:00–25:00", "2026-11-20T10:00", None),
    ],
)
def test_open_now(text, moment, expected):
    assert hours.is_open(text, datetime.fromisoformat(moment), {}) is expected


def test_nothing_is_promised_on_a_day_that_is_not_as_usual():
    holiday = {date(2026, 11, 4): False, date(2026, 11, 21): True}
    assert hours.is_open("пн–пт 8:00–19:00", datetime(2026, 11, 4, 10), holiday) is None
    assert hours.is_open("пн–пт 8:00–19:00", datetime(2026, 11, 21, 10), holiday) is None


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.company(name)) for name in ("krasnoyarsk", "kaluga", "koryak", "irkutsk")],
)
def test_the_hours_of_every_company_are_understood(company, name):
    imports.load("offices", ROOT / "companies" / name / "offices.csv")
    said = [one["hours"] for one in (*published.filed("phones"), *published.offices())]
    assert said and all(hours.week(one) for one in said), [one for one in said if not hours.week(one)]


# ---- prices, demo


def test_todays_prices_by_dwelling_zone_and_band(company):
    for kind in ("tariffs", "bands"):
        imports.load(kind, ROOT / "companies" / company.code / f"{kind}.csv")
    found = {one.service: one for one in price_list.today(date(2026, 11, 20))}
    by_dwelling = {one.code: one for one in found["electricity"].dwellings}
    assert list(by_dwelling) == ["urban", "stove", "rural"]
    one_zone, two_zones, _ = by_dwelling["urban"].plans
    assert [zone for zone, _ in two_zones.zones] == ["t1", "t2"]
    assert all(len(row) == len(one_zone.limits) + 1 for _, row in (*one_zone.zones, *two_zones.zones))
    assert price_list.today(date(1999, 1, 1)) == []


def test_the_demo_has_a_version_and_a_draft_once():
    demo.fill_demo()
    demo.fill_demo()
    assert InformationVersion.select().count() == InformationDraft.select().count() == 1
