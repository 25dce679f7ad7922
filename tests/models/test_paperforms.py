"""Paper forms: which account is meant, what becomes of a row, corrections, the second look, closing, several clerks at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database

from models import audit, seal
from models.audit import AuditRow
from models.base import Refusal
from models.metering import closings, reading_links
from models.metering.accounts import Account, Office
from models.metering.decisions import Decision
from models.metering.paperforms import batches, closing, entry, looking, numbers, second_look
from models.metering.paperforms.batches import Batch, PaperForm
from models.metering.readings import Reading
from models.people.staff import Employee
from tests import cast
from tests.crowd import at_once

USUAL = ("6440", "2720")
TAKEN = date(2026, 11, 20)


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


@pytest.fixture
def office(db: Database) -> Office:
    return Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")


@pytest.fixture
def galina(db: Database) -> Employee:
    return cast.employee("clerk", email="galina@example.ru", name="Галина Петрова")


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru", name="Олег Ким")


@pytest.fixture
def batch(office: Office, galina: Employee) -> Batch:
    return begin(office, galina)


def begin(office: Office, who: Employee, *, taken: date = TAKEN, channel: str = "staff", **more: Any) -> Batch:
    return batches.start(office.id, taken, channel, key=seal.token(), employee_id=who.id, **more)


def type_in(
    batch: Batch, account: Any, *typed: object, line: int | None = None, key: str = "", by: Any = None
) -> PaperForm:
    number = account if isinstance(account, str) else account.number
    employee = by.id if by else batch.opened_by_id
    return entry.enter(
        batch.id, number, list(map(str, typed)), key=key or seal.token(), employee_id=employee, line=line
    )


def counted(who: cast.Person) -> list[int]:
    rows = Reading.select().where(Reading.meter == who.meter, Reading.period == "2026-11", Reading.state == "accepted")
    return [row.t1 for row in rows]


def flat(n: int, *values: int, digits: int = 5, office: Office | None = None) -> Account:
    """A flat whose meter used some 150 kWh (each zone) a month up to October."""
    home = cast.account(n, office=office, flat=str(n))
    meter = cast.hang(home, f"77{n}", zones=len(values), digits=digits, initial=tuple(value - 1650 for value in values))
    for back in range(11):
        month = f"2026-{10 - back:02}" if back < 10 else "2025-12"
        cast.read(meter, f"{month}-20", *(value - 150 * back for value in values))
    return home


# ---- which account


@pytest.mark.parametrize(
    "text",
    [
        "241010000054", "2410 1000 0054", "[241010000054]", "10000054", "0054", "241010000054 ",
        "ST00012|Name=X|PersAcc=241010000054|Sum=100", "ЫЕ00012/Тфьу=Ч/ЗукыФсс=241010000054/Ыгь=100",
    ],
)  # fmt: skip
def test_an_account_is_found_by_number_part_or_payment_code(anna, text):
    assert numbers.recognise(text).account == anna.account


@pytest.mark.parametrize(
    "layout", [lambda text: text, lambda text: text.upper(), lambda text: text.translate(numbers._TO_CYRILLIC)]
)
def test_a_scanner_may_type_our_reading_link_in_either_layout(anna, layout):
    link = reading_links.address("https://kabinet.example", anna.account.id, "2026-11")
    assert numbers.recognise(layout(link)).account == anna.account


def test_a_forged_link_is_nothing(anna):
    token = reading_links.token(anna.account.id, "2026-11")
    assert numbers.recognise(f"/r/{token[:-1]}{'0' if token[-1] != '0' else '1'}").account is None


@pytest.mark.company("irkutsk")
@pytest.mark.parametrize("text", ["инзб38100054", "ИНЗБ 381-00054", "byp,38100054", "BYP<38100054", "38100054"])
def test_letters_may_be_of_any_case_and_of_the_other_layout(anna, text):
    assert numbers.recognise(text).account == anna.account


@pytest.mark.company("irkutsk")
def test_a_whole_number_in_the_other_layout_is_no_part_of_others(db):
    right, _other = (
        cast.account(54),
        Account.create(**{**cast.account(55).__data__, "id": None, "number": "ИНЗБ99138100054"}),
    )
    assert numbers.recognise("byp,38100054").account == right


@pytest.mark.company("irkutsk")
def test_the_script_knows_the_letters_of_the_other_layout(anna):
    assert numbers.whole_pattern() == "ИНЗБ[0-9]{8}|byp,[0-9]{8}"


@pytest.mark.parametrize("text", ["", "54", "999999999999", "Иванова", "24101000005", "'; --", "\0\0\0\0", "%%%%"])
def test_what_names_no_account_finds_none(anna, text):
    meant = numbers.recognise(text)
    assert meant.account is None or text == "24101000005"


def test_a_part_is_looked_for_in_the_office_first(db, office):
    here, there = cast.account(1234, office=office), cast.account(51234)
    assert numbers.recognise("1234", office.id).account == here
    meant = numbers.recognise("1234")
    assert meant.account is None and {one.id for one in meant.candidates} == {here.id, there.id}


def test_of_several_the_only_one_that_ends_so_is_meant(db):
    ending, _inside = cast.account(4321), cast.account(43210)
    assert numbers.recognise("4321").account == ending


# ---- what becomes of a row


def test_a_usual_form_is_accepted(batch, anna):
    form = type_in(batch, anna.account, *USUAL)
    assert (form.state, form.line, form.usage, form.total) == ("accepted", 1, 180, 9160)
    assert form.dials[0]["was"] == [6320, 2660] and form.dials[0]["now"] == [6440, 2720]
    assert counted(anna) == [6440]
    reading = Reading.get(Reading.receipt == form.receipt)
    assert (reading.channel, reading.taken) == ("staff", TAKEN)


def test_the_same_row_sent_again_gets_the_first_answer(batch, anna):
    first = type_in(batch, anna.account, *USUAL, key="once")
    assert type_in(batch, anna.account, *USUAL, key="once").id == first.id
    closing.close(batch.id, batch.opened_by_id)
    assert type_in(batch, anna.account, "1", key="once").id == first.id
    assert PaperForm.select().count() == 1


def test_keys_of_two_batches_do_not_meet(office, galina, batch, anna):
    other = begin(office, galina)
    assert type_in(batch, anna.account, *USUAL, key="k").batch_id == batch.id
    assert type_in(other, anna.account, *USUAL, key="k").batch_id == other.id


def test_an_unusual_form_is_a_doubt_until_it_is_typed_the_same_again(batch, anna):
    form = type_in(batch, anna.account, 7400, 2720)
    assert form.state == "doubt" and "больше обычного" in form.reason
    assert counted(anna) == []
    again = type_in(batch, anna.account, 7400, 2720, line=1)
    assert (again.state, again.line) == ("accepted", 1)
    assert counted(anna) == [7400]
    assert [row.id for row in batches.rows(batch.id)] == [again.id]


def test_a_doubt_typed_otherwise_is_judged_anew(batch, anna):
    type_in(batch, anna.account, 7400, 2720)
    assert type_in(batch, anna.account, 7300, 2720, line=1).state == "doubt"
    assert type_in(batch, anna.account, *USUAL, line=1).state == "accepted"


def test_what_nobody_can_use_is_held_once_it_is_sure(batch, anna):
    type_in(batch, anna.account, 64400, 2720)
    form = type_in(batch, anna.account, 64400, 2720, line=1)
    assert form.state == "held" and "больше" in form.reason
    assert counted(anna) == []


def test_a_doubt_says_what_was_probably_meant(batch, anna):
    assert "перепутаны зоны" in type_in(batch, anna.account, 2720, 6440).reason


@pytest.mark.parametrize(
    ("number", "typed", "rule"),
    [
        ("999999999999", USUAL, "account.none"), ("241010000054", ("6440",), "reading.empty"),
        ("241010000054", ("644040", "2720"), "reading.too_long"), ("241010000054", ("64a0", "2720"), "reading.digits"),
        ("241010000054", (*USUAL, "1"), "reading.zones"), ("241010000054", (), "reading.empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_reason(batch, anna, number, typed, rule):
    form = type_in(batch, number, *typed)
    assert (form.state, form.rule) == ("refused", rule)
    assert form.reason.endswith((".", ")")) and form.account_text == number and form.typed == list(typed)


def test_an_account_that_may_be_several_names_them(batch, db):
    for n in (11234, 21234):
        cast.account(n)
    form = type_in(batch, "1234", "1")
    assert form.rule == "account.several" and "241010021234" in form.reason


def test_a_closed_account_is_refused(batch, anna):
    Account.update(closed=date(2026, 11, 1)).where(Account.id == anna.account.id).execute()
    assert type_in(batch, anna.account, *USUAL).rule == "account.closed"


def test_a_form_older_than_what_is_known_is_refused(office, galina, anna):
    cast.read(anna.meter, "2026-11-18", 6430, 2715)
    form = type_in(begin(office, galina, taken=date(2026, 11, 15)), anna.account, 6400, 2700)
    assert (form.state, form.rule) == ("refused", "reading.later")


@pytest.mark.parametrize("day", ["2026-11-18", "2026-11-12"])
@pytest.mark.parametrize("state", ["accepted"])
def test_what_another_channel_has_already_is_nothing_new(office, galina, anna, day, state):
    cast.read(anna.meter, day, 6440, 2720, state=state)
    form = type_in(begin(office, galina, taken=date(2026, 11, 15)), anna.account, *USUAL)
    assert form.state == "same" and "личный кабинет" in form.reason
    assert Reading.select().where(Reading.period == "2026-11").count() == 1


def test_an_inspectors_word_is_stored_beside_the_same_by_a_customer(office, galina, anna):
    cast.read(anna.meter, "2026-11-18", 6440, 2720)
    form = type_in(begin(office, galina, channel="inspector"), anna.account, *USUAL)
    assert form.state == "accepted"
    assert Reading.get(Reading.receipt == form.receipt).channel == "inspector"


def test_several_meters_follow_each_other_and_one_may_be_left_out(batch, anna):
    second = cast.hang(anna.account, "88", initial=(100,), installed="2026-01-01")
    form = type_in(batch, anna.account, *USUAL, "130")
    assert form.state == "accepted" and [dial["now"] for dial in form.dials] == [[6440, 2720], [130]]
    form = type_in(batch, anna.account, "", "", "140", line=1)
    assert form.state == "accepted"
    assert [row.t1 for row in Reading.select().where(Reading.meter == second, Reading.state == "accepted")] == [140]
    assert counted(anna) == []


def test_what_runs_past_the_zones_and_names_an_account_is_the_next_form(batch, anna, galina):
    """A clerk behind a slow link: one zone or two was not known while they typed on."""
    one, two = flat(701, 5000), flat(702, 7000)
    texts = ("5150", two.number[-5:], "7150", anna.account.number, *USUAL)
    for _ in range(2):
        forms = entry.enter_on(batch.id, one.number, texts, key="k", employee_id=galina.id)
        assert [(form.line, form.state) for form in forms] == [(1, "accepted"), (2, "accepted"), (3, "accepted")]
    assert PaperForm.select().count() == 3 and counted(anna) == [6440]


def test_what_runs_past_the_zones_and_names_nothing_is_refused(batch, galina):
    forms = entry.enter_on(batch.id, flat(701, 5000).number, ("5150", "99"), key="k", employee_id=galina.id)
    assert [(form.state, form.rule) for form in forms] == [("refused", "reading.zones")]


# ---- duplicates


def test_the_same_form_twice_is_refused(batch, anna):
    type_in(batch, anna.account, *USUAL)
    form = type_in(batch, anna.account, *USUAL)
    assert (form.state, form.rule, form.line) == ("refused", "form.duplicate", 2)
    assert "строке 1" in form.reason


def test_another_form_of_the_same_account_is_a_doubt_that_names_the_line(batch, anna):
    type_in(batch, anna.account, *USUAL)
    form = type_in(batch, anna.account, 6445, 2720)
    assert (form.state, form.rule) == ("doubt", "form.twin")
    assert "строке 1" in form.reason and counted(anna) == [6440]
    assert type_in(batch, anna.account, 6445, 2720, line=2).state == "accepted"
    assert counted(anna) == [6445]


def test_forms_of_two_meters_of_an_account_are_no_duplicates(batch, anna):
    cast.hang(anna.account, "88", initial=(100,), installed="2026-01-01")
    type_in(batch, anna.account, *USUAL)
    assert type_in(batch, anna.account, "", "", "130").state == "accepted"


# ---- corrections


def test_a_correction_replaces_the_row_and_its_reading(batch, anna):
    first = type_in(batch, anna.account, *USUAL)
    second = type_in(batch, anna.account, 6450, 2720, line=1)
    assert counted(anna) == [6450]
    assert PaperForm.get_by_id(first.id).state == "replaced"
    assert second.line == 1 and PaperForm.select().count() == 2
    deeds = [row.deed for row in AuditRow.select().where(AuditRow.subject == batch.subject).order_by(AuditRow.id)]
    assert deeds == ["batch.opened", "paperform.entered", "paperform.corrected"]


def test_the_same_again_on_its_line_changes_nothing(batch, anna):
    first = type_in(batch, anna.account, *USUAL)
    assert type_in(batch, anna.account, "06440", " 2720", line=1).id == first.id


def test_a_correction_in_doubt_takes_the_wrong_reading_out_at_once(batch, anna):
    type_in(batch, anna.account, *USUAL)
    assert type_in(batch, anna.account, 7400, 2720, line=1).state == "doubt"
    assert counted(anna) == []


def test_a_form_typed_under_a_strangers_account_gives_the_stranger_their_own_reading_back(batch, anna):
    vera = cast.vera()
    cast.read(vera.meter, "2026-11-19", 12100)
    home = flat(500, 12050)
    form = type_in(batch, vera.account, 12200)
    assert form.state == "accepted" and counted(vera) == [12200]
    assert type_in(batch, home, 12200, line=1).state == "accepted"
    assert counted(vera) == [12100]
    taken_back = Reading.get(Reading.meter == vera.meter, Reading.t1 == 12200)
    assert taken_back.state == "rejected" and "по ошибке" in taken_back.reason


def test_a_withdrawn_row_counts_nowhere(batch, anna):
    form = type_in(batch, anna.account, *USUAL)
    entry.withdraw(form.id, "не тот бланк")
    entry.withdraw(form.id, "ещё раз")
    assert counted(anna) == []
    found = closing.totals(batch)
    assert (found.entered, found.total, found.usage) == (0, 0, 0)
    assert type_in(batch, anna.account, *USUAL).state == "accepted"


def test_a_billed_row_is_not_corrected(batch, anna):
    type_in(batch, anna.account, *USUAL)
    closings.close("2026-11")
    with pytest.raises(Refusal, match="учтено в счёте"):
        type_in(batch, anna.account, 6450, 2720, line=1)
    assert [row.state for row in batches.rows(batch.id)] == ["accepted"]


def test_a_line_that_is_not_there_is_refused(batch, anna):
    with pytest.raises(Refusal, match="Строки 7"):
        type_in(batch, anna.account, *USUAL, line=7)


# ---- the second look


def doubtful(batch: Batch, anna: cast.Person) -> PaperForm:
    return type_in(batch, anna.account, 7400, 2720)


def test_odd_rows_wait_for_somebody_else(batch, anna, galina, oleg):
    form = doubtful(batch, anna)
    assert [one.id for one in second_look.waiting(oleg.id)] == [form.id]
    assert list(second_look.waiting(galina.id)) == []


def test_a_sample_of_good_rows_waits_too(batch, anna, oleg):
    form = type_in(batch, anna.account, *USUAL)
    PaperForm.update(is_sampled=True).where(PaperForm.id == form.id).execute()
    assert [one.id for one in second_look.waiting(oleg.id, batch.id)] == [form.id]
    second_look.check(form.id, USUAL, oleg.id)
    assert list(second_look.waiting(oleg.id)) == []


def test_about_one_row_in_twenty_is_sampled():
    chosen = sum(entry._is_sampled(f"row {n}") for n in range(4000))
    assert 140 < chosen < 260


def test_two_who_read_the_same_make_a_doubt_sure(batch, anna, oleg):
    form = doubtful(batch, anna)
    look = second_look.check(form.id, ("07400", "2720"), oleg.id)
    assert look.agrees and counted(anna) == [7400]
    assert PaperForm.get_by_id(form.id).state == "accepted"
    assert second_look.check(form.id, ("1", "2"), oleg.id).id == look.id


@pytest.mark.parametrize(("picked", "stands", "state"), [("first", 7400, "accepted"), ("second", 6440, "accepted")])
def test_where_they_differ_the_paper_decides(batch, anna, oleg, picked, stands, state):
    form = doubtful(batch, anna)
    look = second_look.check(form.id, USUAL, oleg.id)
    assert not look.agrees and counted(anna) == []
    assert [one.id for one in second_look.undecided(batch.id)] == [look.id]
    second_look.pick(look.id, picked, oleg.id)
    assert counted(anna) == [stands]
    assert [row.state for row in batches.rows(batch.id)] == [state]
    second_look.pick(look.id, "first", oleg.id) if picked == "first" else None
    assert second_look.undecided(batch.id) == []


def test_nobody_checks_their_own_or_what_is_checked(batch, anna, galina, oleg):
    form = doubtful(batch, anna)
    with pytest.raises(Refusal, match="другой сотрудник"):
        second_look.check(form.id, USUAL, galina.id)
    second_look.check(form.id, USUAL, oleg.id)
    with pytest.raises(Refusal, match="уже сверил"):
        second_look.check(form.id, USUAL, cast.employee("administrator").id)


def test_a_row_corrected_meanwhile_is_not_checked(batch, anna, oleg):
    form = doubtful(batch, anna)
    type_in(batch, anna.account, *USUAL, line=1)
    with pytest.raises(Refusal, match="уже исправили"):
        second_look.check(form.id, USUAL, oleg.id)


# ---- closing


def test_a_batch_that_agrees_is_closed(office, galina, anna):
    batch = begin(office, galina, expected=1, control_sum=9160)
    type_in(batch, anna.account, *USUAL)
    assert not closing.totals(batch).differs
    closing.close(batch.id, galina.id)
    closing.close(batch.id, galina.id)
    with pytest.raises(Refusal, match="закрыта"):
        type_in(batch, anna.account, *USUAL, line=1)


def test_unresolved_rows_keep_it_open(batch, anna, galina):
    form = doubtful(batch, anna)
    with pytest.raises(Refusal, match="Не решено"):
        closing.close(batch.id, galina.id)
    with pytest.raises(Refusal):
        entry.set_aside(form.id, " ")
    entry.set_aside(form.id, "вернули абоненту")
    closing.close(batch.id, galina.id)
    assert not batches.find(batch.id).is_open


def test_a_difference_needs_a_tick_and_a_reason(office, galina, anna):
    batch = begin(office, galina, expected=2, control_sum=9170)
    type_in(batch, anna.account, *USUAL)
    found = closing.totals(batch)
    assert (found.missing, found.difference) == (1, -10)
    for told in ({}, {"acknowledged": True}, {"reason": "потерян бланк"}):
        with pytest.raises(Refusal):
            closing.close(batch.id, galina.id, **told)
    closing.close(batch.id, galina.id, acknowledged=True, reason="потерян бланк")
    assert batches.find(batch.id).difference == "потерян бланк"


def test_an_empty_batch_is_not_closed(batch, galina):
    with pytest.raises(Refusal, match="ни одного"):
        closing.close(batch.id, galina.id)


def test_a_closed_batch_opens_again_with_a_reason(batch, anna, galina, oleg):
    type_in(batch, anna.account, *USUAL)
    closing.close(batch.id, galina.id)
    with pytest.raises(Refusal):
        closing.reopen(batch.id, oleg.id, "")
    closing.reopen(batch.id, oleg.id, "нашёлся бланк")
    assert type_in(batch, anna.account, 6445, 2720, line=1).state == "accepted"


def test_the_same_start_twice_is_one_batch(office, galina):
    one, two = (batches.start(office.id, TAKEN, "staff", key="k", employee_id=galina.id) for _ in range(2))
    assert one.id == two.id


@pytest.mark.parametrize(
    "wrong",
    [
        {"taken": date(2026, 11, 21)},
        {"taken": date(2026, 8, 1)},
        {"channel": "web"},
        {"expected": 0},
        {"control_sum": -1},
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(office, galina, wrong):
    with pytest.raises(Refusal):
        begin(office, galina, **wrong)


# ---- several at once


def test_two_clerks_in_one_batch_get_lines_of_their_own(batch, office, galina, oleg):
    homes = [flat(600 + n, 5000) for n in range(12)]

    def work(n: int) -> None:
        with audit.acting("staff:1"):
            type_in(batch, homes[n], 5150, by=(galina, oleg)[n % 2])

    assert not [one for one in at_once(12, work) if one]
    rows = batches.rows(batch.id)
    assert [row.line for row in rows] == list(range(1, 13))
    assert {row.state for row in rows} == {"accepted"}


def test_one_row_sent_eight_times_at_once_is_one(batch, anna):
    given = at_once(8, lambda _: type_in(batch, anna.account, *USUAL, key="once").id)
    assert len(set(given)) == 1
    assert PaperForm.select().count() == 1 and counted(anna) == [6440]


# ---- numbers and texts out of range, what is not blind enough, closing without a check


@pytest.mark.parametrize("typed", [("9" * 19, "2720"), ("6440", "9" * 40), ("9" * 40, "9" * 40), ("6440", "²")])
def test_a_number_longer_than_any_dial_is_refused_in_words(batch, anna, typed):
    assert type_in(batch, anna.account, *USUAL).state == "accepted"
    form = type_in(batch, anna.account, *typed, line=1)
    assert form.state == "refused" and form.reason and counted(anna) == []
    assert type_in(batch, anna.account, *USUAL, line=1).state == "accepted"
    assert closing.totals(batch).total == 9160


def test_a_payment_code_may_be_longer_than_what_is_kept_of_it(batch, anna):
    form = type_in(batch, f"ST00012|Name={'X' * 400}|PersAcc=241010000054", *USUAL)
    assert form.state == "accepted" and len(form.account_text) == 300


def test_nobody_can_work_out_which_rows_are_sampled(monkeypatch):
    keys = [f"row {n}" for n in range(400)]
    before = [key for key in keys if entry._is_sampled(key)]
    monkeypatch.setattr(seal, "_keys", (b"another secret",))
    assert before != [key for key in keys if entry._is_sampled(key)]


def test_whoever_typed_first_does_not_pick_their_own(batch, anna, galina, oleg):
    form = doubtful(batch, anna)
    look = second_look.check(form.id, USUAL, oleg.id)
    with pytest.raises(Refusal, match="другой сотрудник"):
        second_look.pick(look.id, "first", galina.id)
    second_look.pick(look.id, "second", galina.id)
    assert counted(anna) == [6440]


def test_a_row_that_two_read_differently_keeps_the_batch_open(batch, anna, galina, oleg):
    form = type_in(batch, anna.account, *USUAL)
    PaperForm.update(is_sampled=True).where(PaperForm.id == form.id).execute()
    look = second_look.check(form.id, ("6441", "2720"), oleg.id)
    with pytest.raises(Refusal, match=r"по-разному: 1\u00a0строка \(1\)"):
        closing.close(batch.id, galina.id)
    second_look.pick(look.id, "first", oleg.id)
    closing.close(batch.id, galina.id)


def test_a_held_row_wants_a_check_or_a_tick_with_a_reason(batch, anna, galina, oleg):
    form = held(batch, anna)
    for told in ({}, {"unchecked": True}, {"reason": "некому сверить"}):
        with pytest.raises(Refusal):
            closing.close(batch.id, galina.id, **told)
    closing.close(batch.id, galina.id, unchecked=True, reason="некому сверить")
    assert batches.find(batch.id).difference == "некому сверить"
    assert AuditRow.get(AuditRow.deed == "batch.closed").detail["unchecked"] == 1
    closing.reopen(batch.id, oleg.id, "сверить")
    second_look.check(form.id, form.typed, oleg.id)
    closing.close(batch.id, galina.id)
    assert batches.find(batch.id).difference == ""


def held(batch: Batch, anna: cast.Person) -> PaperForm:
    type_in(batch, anna.account, 99000, 2720)
    form = type_in(batch, anna.account, 99000, 2720, line=1)
    assert form.state == "held"
    return form


def test_a_row_whose_reading_was_decided_on_is_not_withdrawn(batch, anna, oleg):
    form = held(batch, anna)
    reading = Reading.get(Reading.receipt == form.receipt_id)
    Reading.update(state="rejected").where(Reading.id == reading.id).execute()
    Decision.create(reading=reading.id, verdict="rejected", by=oleg.id, text="Проверьте счётчик.")
    with pytest.raises(Refusal, match="уже разобрал"):
        entry.withdraw(form.id)
    with pytest.raises(Refusal, match="уже разобрал"):
        type_in(batch, anna.account, *USUAL, line=1)


def test_forms_typed_count_against_lookups(batch, anna, galina, monkeypatch):
    monkeypatch.setattr(looking, "UNNOTED_LOOKUPS", 1)
    found = batches.find(batch.id)
    for value in (6440, 6441, 6442):
        assert looking.look_up(found, anna.account.number, galina.id).account.id == anna.account.id
        type_in(batch, anna.account, value, 2720, line=1 if value > 6440 else None)
    assert not AuditRow.select().where(AuditRow.deed == "paperforms.looked_up").exists()
    for _ in range(2):
        looking.look_up(found, "0054", galina.id)
    assert AuditRow.get(AuditRow.deed == "paperforms.looked_up").detail == {"account": anna.account.number}
