"""A file's way through the office: checked without harm, loaded once, money by two people, undone where it can be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from models import base, clock, doctor
from models.audit import AuditRow
from models.base import Refusal
from models.billing import ledger
from models.billing.payments import Payment
from models.exchange import decisions, formats, handling, outgoing, transfers, xlsx
from models.exchange.transfers import Transfer
from models.metering import closings
from models.metering.accounts import Account
from models.metering.readings import Reading
from models.people.staff import Employee
from tests import cast, paying
from tests.models.test_registers import line, texts

PAYMENTS = "account;paid;amount;channel;document\n"
READINGS = "account;serial;taken;channel;t1;t2;state\n"


@pytest.fixture
def people(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Employee, Employee]:
    """Two of the office; files lie in a folder of the test's own."""
    monkeypatch.setattr(transfers, "_folder", tmp_path / "exchange")
    return cast.employee("operator", email="oleg@example.ru"), cast.employee("administrator", email="irina@example.ru")


@pytest.fixture
def anna(people: Any) -> cast.Person:
    return cast.anna()


Send = Callable[..., Transfer]


@pytest.fixture
def send(people: tuple[Employee, Employee]) -> Send:
    """Upload a file and let it be checked."""

    def run(kind: str, text: str | bytes, *, register: str = "", name: str = "file.csv") -> Transfer:
        content = text if isinstance(text, bytes) else text.encode()
        made = transfers.receive(BytesIO(content), name, kind=kind, register=register, employee_id=people[0].id)
        return done(made)

    return run


def done(transfer: Transfer) -> Transfer:
    """The transfer after the background has seen to it."""
    handling.step(transfer.id)
    found = transfers.find(transfer.id)
    assert found is not None
    return found


def loaded(transfer: Transfer, people: tuple[Employee, Employee]) -> Transfer:
    if decisions.ask(transfer.id, people[0].id) == transfers.WAITING:
        decisions.approve(transfer.id, people[1].id)
    return done(transfer)


def payment(account: str, amount: str, document: str = "1") -> str:
    return f"{account};2026-11-18;{amount};bank;{document}\n"


def reading(person: cast.Person, day: str, t1: int, t2: int) -> str:
    assert person.meter
    return f"{person.account.number};{person.meter.serial};{day};inspector;{t1};{t2};accepted\n"


def rule(call: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.problems[0].rule


# ---- the check


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_check_counts_and_stores_nothing(send: Send, anna: cast.Person, encoding: str) -> None:
    text = READINGS.replace("state", "state;reason").strip() + "\n"
    text += (
        reading(anna, "2026-11-15", 6440, 2720).strip()
        + ";обход\n"
        + f"{anna.account.number};нет такого;2026-11-15;web;1;2;accepted;\n"
    )
    checked = send("readings", text.encode(encoding))
    assert (checked.state, checked.counts["read"], checked.counts["new"], checked.counts["bad"]) == ("checked", 2, 1, 1)
    assert checked.faults == [[3, "serial", "такого счётчика на этом лицевом счёте нет; загрузите meters раньше"]]
    assert Reading.select().where(Reading.channel == "inspector").count() == 0
    assert "обход" in checked.preview["rows"][0]
    assert checked.may_keep_good


def test_what_only_the_whole_file_shows_is_found_by_the_check(send: Send, anna: cast.Person) -> None:
    first, other = payment(anna.account.number, "10", "same"), payment(anna.account.number, "11", "same")
    between = "".join(payment(anna.account.number, "1", str(n)) for n in range(600))
    checked = send("payments", PAYMENTS + first + between + other)
    assert checked.faults == [[603, "", "о том же самом другое сказано в строке 2"]]
    assert send("payments", PAYMENTS + first + between + first).counts["bad"] == 0


def test_a_check_leaves_room_for_others_between_batches(
    send: Send, anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes meanwhile waits for one batch, not for the file."""
    if not base.is_sqlite():
        pytest.skip("only SQLite has one writer")
    written: list[bool] = []
    whole = handling.read

    def slowly(transfer: Transfer, progress: Any = None) -> Any:
        for number, values in whole(transfer, progress):
            if number == 1400:
                thread = threading.Thread(target=_write, args=(written,))
                thread.start()
                thread.join(5)
            yield number, values

    monkeypatch.setattr(handling, "read", slowly)
    send("payments", PAYMENTS + "".join(payment(anna.account.number, "1", str(n)) for n in range(1500)))
    assert written == [True]


def _write(written: list[bool]) -> None:
    with base.connection():
        AuditRow.insert(at=clock.now(), who="x", ip="", deed="test.written", subject="x", detail={}).execute()
        written.append(True)


def test_a_file_of_which_no_line_can_be_read_fails_with_the_reason(send: Send) -> None:
    failed = send("readings", "счёт;показание\n1;2\n")
    assert (failed.state, failed.reason[:19]) == ("failed", "неизвестный столбец")
    decisions.check_again(failed.id)
    assert done(failed).state == "failed"


def test_a_workbook_is_checked_and_loaded(send: Send, anna: cast.Person, people: Any, tmp_path: Path) -> None:
    assert anna.meter
    path = tmp_path / "book.xlsx"
    row = (anna.account.number, anna.meter.serial, clock.today(), "inspector", 6440, 2720, "accepted")
    xlsx.write(path, tuple(READINGS.strip().split(";")), [row], "Показания")
    checked = send("readings", path.read_bytes(), name="book.xlsx")
    assert (checked.format, checked.state, checked.counts["new"]) == ("xlsx", "checked", 1), checked.reason
    assert loaded(checked, people).state == "loaded"
    assert Reading.get(Reading.channel == "inspector").t1 == 6440


def test_empty_and_unknown_files_are_refused_and_nothing_is_kept(people: Any) -> None:
    def sent(content: bytes, kind: str = "readings", **more: Any) -> None:
        transfers.receive(BytesIO(content), "x", kind=kind, employee_id=people[0].id, **more)

    assert rule(lambda: sent(b"")) == "transfer.empty"
    assert rule(lambda: sent(b"x", "passwords")) == "transfer.kind"
    assert rule(lambda: sent(b"x", "payments", register="nobank")) == "transfer.kind"
    assert rule(lambda: sent(b"PK\x03\x04x", "payments", register="sberbank")) == "transfer.format"
    assert list(transfers.folder().iterdir()) == []


def test_a_file_too_large_is_refused(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "LARGEST", 10)
    assert (
        rule(lambda: transfers.receive(BytesIO(b"x" * 11), "x", kind="readings", employee_id=people[0].id))
        == "transfer.large"
    )
    assert list(transfers.folder().iterdir()) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Отчёты\\май.csv", "май.csv"),
        ("a\r\nb\u202e.csv", "ab.csv"),
        ("", "без имени"),
    ],
)
def test_a_files_name_is_a_name(given: str, kept: str) -> None:
    assert transfers.clean_name(given) == kept


# ---- loading


def test_readings_are_loaded_by_one_person_and_know_their_file(send: Send, anna: cast.Person, people: Any) -> None:
    there = loaded(send("readings", READINGS + reading(anna, "2026-11-15", 6440, 2720)), people)
    assert (there.state, there.counts["new"], Reading.get(Reading.channel == "inspector").loaded_by) == (
        "loaded",
        1,
        there.id,
    )
    deeds = [row.deed for row in AuditRow.select().where(AuditRow.subject == there.subject).order_by(AuditRow.id)]
    assert deeds == ["transfer.uploaded", "transfer.checked", "transfer.asked", "transfer.loaded"]
    by = {row.who for row in AuditRow.select().where(AuditRow.deed.in_(("transfer.loaded", "import.loaded")))}
    assert by == {people[0].subject}


def test_faults_stop_the_file_unless_the_good_lines_are_wanted(send: Send, anna: cast.Person, people: Any) -> None:
    text = READINGS + reading(anna, "2026-11-15", 6440, 2720) + reading(anna, "2027-11-15", 6440, 2720)
    checked = send("readings", text)
    assert rule(lambda: decisions.ask(checked.id, people[0].id)) == "transfer.faults"
    decisions.ask(checked.id, people[0].id, keep_good=True)
    assert done(checked).counts == {"read": 2, "new": 1, "changed": 0, "same": 0, "bad": 1, "kopecks": 0, "owners": 0}


def test_money_is_never_loaded_in_part(send: Send, anna: cast.Person, people: Any) -> None:
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10") + payment("000000000000", "10", "2"))
    assert rule(lambda: decisions.ask(checked.id, people[0].id, keep_good=True)) == "transfer.faults"


def test_money_waits_for_another_person(send: Send, anna: cast.Person, people: Any) -> None:
    oleg, irina = people
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10"))
    assert decisions.ask(checked.id, irina.id) == "waiting"
    assert done(checked).state == "waiting"
    assert [one.id for one in transfers.waiting_for_approval()] == [checked.id]
    assert rule(lambda: decisions.approve(checked.id, oleg.id)) == "transfer.same_person"
    assert rule(lambda: decisions.approve(checked.id, irina.id)) == "transfer.same_person"
    third = cast.employee("administrator", email="marta@example.ru")
    decisions.approve(checked.id, third.id)
    assert rule(lambda: decisions.approve(checked.id, third.id)) == "transfer.state"
    assert done(checked).state == "loaded"
    assert paying.credited(anna.account) == 1000
    assert Payment.get().loaded_by == checked.id
    assert doctor.complaints() == []


def test_declined_money_goes_back_with_the_reason(send: Send, anna: cast.Person, people: Any) -> None:
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10"))
    decisions.ask(checked.id, people[0].id)
    assert rule(lambda: decisions.decline(checked.id, people[1].id, " ")) == "transfer.reason"
    decisions.decline(checked.id, people[1].id, "не тот день")
    again = transfers.find(checked.id)
    assert again and (again.state, again.reason, again.asked_by_id) == ("checked", "не тот день", None)


def test_what_changed_while_money_waited_stops_it(send: Send, anna: cast.Person, people: Any) -> None:
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10") + payment(anna.account.number, "20", "2"))
    loaded(send("payments", PAYMENTS + payment(anna.account.number, "21", "2")), people)
    after = loaded(checked, people)
    assert (after.state, after.approved_by_id, after.counts["bad"]) == ("checked", None, 1)
    assert "данные изменились" in after.reason
    assert paying.credited(anna.account) == 2100


def test_two_workers_load_a_file_once(send: Send, anna: cast.Person, people: Any) -> None:
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10"))
    decisions.ask(checked.id, people[0].id)
    decisions.approve(checked.id, people[1].id)
    both = [transfers.find(checked.id) for _ in range(2)]
    handling._load(both[0])  # type: ignore[arg-type]
    with pytest.raises(transfers.Lost):
        handling._load(both[1])  # type: ignore[arg-type]
    handling.step(checked.id)
    assert paying.credited(anna.account) == 1000


def test_a_lease_keeps_others_away_until_it_ends(
    send: Send, anna: cast.Person, people: Any, at: Callable[[str], Any]
) -> None:
    checked = send("readings", READINGS + reading(anna, "2026-11-15", 6440, 2720))
    decisions.ask(checked.id, people[0].id)
    assert transfers.due() == [checked.id]
    assert transfers.claim(checked.id) is not None
    assert transfers.claim(checked.id) is None
    assert transfers.due() == []
    at("2026-11-20T11:00")
    assert transfers.due() == [checked.id]
    assert done(checked).state == "loaded"


def test_what_breaks_off_again_and_again_fails_for_people_to_see(
    send: Send, anna: cast.Person, people: Any, at: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = send("readings", READINGS + reading(anna, "2026-11-15", 6440, 2720))
    decisions.ask(checked.id, people[0].id)
    monkeypatch.setattr(handling.imports, "take_in_parts", lambda *args, **more: 1 / 0)
    for minute in range(transfers.MOST_TRIES):
        at(f"2026-11-20T10:{minute * 10:02}")
        with pytest.raises(ZeroDivisionError):
            handling.step(checked.id)
    at("2026-11-20T11:00")
    failed = done(checked)
    assert (failed.state, "несколько попыток" in failed.reason) == ("failed", True)


def test_the_same_file_is_recognised(send: Send, anna: cast.Person, people: Any) -> None:
    text = READINGS + reading(anna, "2026-11-15", 6440, 2720)
    first = loaded(send("readings", text), people)
    second = send("readings", text)
    assert [one.id for one in transfers.twins(second)] == [first.id]
    assert second.counts["same"] == 1


# ---- registers


def test_a_line_for_nobody_is_mended_and_the_money_arrives(send: Send, anna: cast.Person, people: Any) -> None:
    text = texts(line(anna.account.number, "10,00"), line("241010000045", "20,00", "1002"))
    checked = send("payments", text.encode("cp1251"), register="sberbank", name="реестр.txt")
    assert (checked.counts["bad"], checked.is_loadable, checked.facts["said"]["order"]) == (1, False, "311")
    assert checked.facts["unclear"][0]["name"] == "Иванова А. С."
    assert rule(lambda: decisions.mend(checked.id, 1, anna.account.number, people[0].id)) == "transfer.state"
    assert rule(lambda: decisions.mend(checked.id, 2, "12", people[0].id)) == "transfer.account"
    assert rule(lambda: decisions.mend(checked.id, 2, "241010000045", people[0].id)) == "transfer.account"
    decisions.mend(checked.id, 2, f" {anna.account.number} ", people[0].id)
    again = done(checked)
    assert (again.counts["bad"], again.counts["kopecks"]) == (0, 3000)
    assert loaded(again, people).state == "loaded"
    assert paying.credited(anna.account) == 3000
    row = AuditRow.get(AuditRow.deed == "transfer.mended")
    assert row.detail == {"line": 2, "was": "241010000045", "now": anna.account.number}


# ---- undoing


def test_payments_are_undone_by_two_people_and_may_come_again(send: Send, anna: cast.Person, people: Any) -> None:
    paying.owe(anna.account)
    text = PAYMENTS + payment(anna.account.number, "10") + payment(anna.account.number, "5", "2")
    there = loaded(send("payments", text), people)
    assert rule(lambda: decisions.ask_undo(there.id, people[0].id, "")) == "transfer.reason"
    assert decisions.ask_undo(there.id, people[0].id, "чужой реестр") == "loaded"
    assert done(there).state == "loaded"
    assert rule(lambda: decisions.approve_undo(there.id, people[0].id)) == "transfer.same_person"
    decisions.approve_undo(there.id, people[1].id)
    undone = done(there)
    assert (undone.state, undone.counts["undone"], undone.counts["undone_kopecks"]) == ("undone", 2, 1500)
    assert ledger.balance(anna.account.id) == paying.DEBT
    assert doctor.complaints() == []
    assert loaded(send("payments", text), people).counts["new"] == 2
    assert ledger.balance(anna.account.id) == paying.DEBT - 1500
    assert doctor.complaints() == []


def test_an_undoing_that_is_declined_leaves_the_money(send: Send, anna: cast.Person, people: Any) -> None:
    there = loaded(send("payments", PAYMENTS + payment(anna.account.number, "10")), people)
    decisions.ask_undo(there.id, people[0].id, "показалось")
    decisions.decline_undo(there.id, "реестр верный")
    assert rule(lambda: decisions.approve_undo(there.id, people[1].id)) == "transfer.state"
    assert paying.credited(anna.account) == 1000


def test_readings_are_undone_unless_a_bill_rests_on_them(send: Send, anna: cast.Person, people: Any) -> None:
    vera = cast.vera()
    october = f"{vera.account.number};{vera.meter.serial};2026-09-15;inspector;11950;;accepted\n"  # type: ignore[union-attr]
    closings.close("2026-09")
    there = loaded(send("readings", READINGS + october + reading(anna, "2026-11-15", 6440, 2720)), people)
    assert decisions.ask_undo(there.id, people[0].id, "не тот обход") == "undoing"
    assert done(there).counts["undone"] == 1
    states = {one.account_id: (one.state, one.reason) for one in Reading.select().where(Reading.loaded_by == there.id)}
    assert states[vera.account.id][0] == "billed"
    assert states[anna.account.id] == ("replaced", f"отменён файл № {there.id}: не тот обход")
    assert doctor.complaints() == []


def test_nothing_to_undo_is_said(send: Send, anna: cast.Person, people: Any) -> None:
    there = loaded(send("readings", READINGS + reading(anna, "2026-11-15", 6440, 2720)), people)
    Reading.update(state="billed").where(Reading.loaded_by == there.id).execute()
    assert rule(lambda: decisions.ask_undo(there.id, people[0].id, "поздно")) == "transfer.undo"


@pytest.mark.parametrize("kind", ["accounts", "balances", "charges", "tariffs"])
def test_the_other_kinds_say_what_to_do_instead(people: Any, kind: str) -> None:
    there = Transfer(direction="in", kind=kind, state="loaded")
    assert decisions.why_no_undo(there)


def test_a_file_is_put_aside_only_before_it_counts(send: Send, anna: cast.Person, people: Any) -> None:
    text = READINGS + reading(anna, "2026-11-15", 6440, 2720)
    aside = send("readings", text)
    decisions.drop(aside.id)
    assert rule(lambda: decisions.ask(aside.id, people[0].id)) == "transfer.state"
    there = loaded(send("readings", text), people)
    assert rule(lambda: decisions.drop(there.id)) == "transfer.state"


@pytest.mark.postgres
def test_two_approvers_at_once_load_it_once(send: Send, anna: cast.Person, people: Any) -> None:
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10"))
    decisions.ask(checked.id, people[0].id)
    third = cast.employee("administrator", email="marta@example.ru")
    ends: list[str] = []
    barrier = threading.Barrier(2)

    def approve(who: int) -> None:
        with base.connection():
            barrier.wait()
            try:
                decisions.approve(checked.id, who)
                ends.append("ok")
            except Refusal as refusal:
                ends.append(refusal.problems[0].rule)
            handling.step(checked.id)

    threads = [threading.Thread(target=approve, args=(who,)) for who in (people[1].id, third.id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ends) == ["ok", "transfer.state"]
    assert paying.credited(anna.account) == 1000


# ---- two people


ACCOUNTS = "account;last_name;first_name;middle_name;settlement;street;house;dwelling;persons;area_m2;services;access_code;opened\n"


def place(number: str, last: str = "Иванова", code: str = "16359559", persons: int = 3) -> str:
    return (
        f"{number};{last};Анна;Сергеевна;г. Красноярск;ул. Мира;23;urban;{persons};57,9;electricity;{code};2012-04-02\n"
    )


@pytest.mark.parametrize("kind", transfers.PRICES)
def test_what_everybodys_money_rests_on_waits_for_another_person(send: Send, people: Any, kind: str) -> None:
    checked = send(kind, formats.sample(kind).encode())
    assert (checked.state, checked.has_faults) == ("checked", False)
    assert decisions.ask(checked.id, people[0].id) == "waiting"
    assert rule(lambda: decisions.approve(checked.id, people[0].id)) == "transfer.same_person"
    decisions.approve(checked.id, people[1].id)
    assert done(checked).state == "loaded"


@pytest.mark.parametrize("changed", [{"last": "Чужая"}, {"code": "00000000"}])
def test_an_account_that_changes_hands_waits_for_another_person(
    send: Send, anna: cast.Person, people: Any, changed: dict[str, str]
) -> None:
    number = anna.account.number
    checked = send("accounts", ACCOUNTS + place(number, **changed) + place("241010000999", "Новая"))  # type: ignore[arg-type]
    assert checked.counts["owners"] == 1
    assert "у 1\u00a0счёта" in decisions.why_two(checked)
    assert decisions.ask(checked.id, people[0].id) == "waiting"
    decisions.approve(checked.id, people[1].id)
    assert done(checked).counts["owners"] == 1
    stored = Account.get(Account.number == number)
    assert changed in ({"last": stored.last_name}, {"code": stored.access_code})


def test_new_accounts_and_changed_facts_need_one_person(send: Send, anna: cast.Person, people: Any) -> None:
    text = ACCOUNTS + place(anna.account.number, persons=5) + place("241010000999", "Новая")
    there = loaded(send("accounts", text), people)
    assert (there.state, there.approved_by_id, there.counts["new"], there.counts["changed"]) == ("loaded", None, 1, 1)


def test_an_account_that_came_with_another_holder_meanwhile_is_not_taken_by_one_person(
    send: Send, people: Any, anna: cast.Person
) -> None:
    checked = send("accounts", ACCOUNTS + place("241010000999", "Новая"))
    loaded(send("accounts", ACCOUNTS + place("241010000999", "Другая")), people)
    assert decisions.ask(checked.id, people[0].id) == "loading"
    back = done(checked)
    assert (back.state, "данные изменились" in back.reason) == ("checked", True)
    assert "второй сотрудник" in back.faults[0][2]
    assert Account.get(Account.number == "241010000999").last_name == "Другая"
    decisions.check_again(checked.id)
    assert decisions.why_two(done(checked)) and decisions.ask(checked.id, people[0].id) == "waiting"


# ---- the file itself


@pytest.mark.parametrize("spoil", [lambda path: path.write_text(PAYMENTS), lambda path: path.unlink()])
def test_what_was_checked_is_what_is_loaded(
    send: Send, anna: cast.Person, people: Any, spoil: Callable[[Path], Any]
) -> None:
    checked = send("payments", PAYMENTS + payment(anna.account.number, "10"))
    decisions.ask(checked.id, people[0].id)
    spoil(checked.path)
    decisions.approve(checked.id, people[1].id)
    failed = done(checked)
    assert (failed.state, "в хранилище" in failed.reason) == ("failed", True)
    assert paying.credited(anna.account) == 0


def test_the_same_line_twice_is_money_once_also_for_whoever_approves(
    send: Send, anna: cast.Person, people: Any
) -> None:
    twice, thrice = payment(anna.account.number, "10"), payment(anna.account.number, "5", "2")
    single = payment(anna.account.number, "1", "3")
    checked = send("payments", PAYMENTS + twice + thrice + single + twice + thrice + thrice)
    assert [checked.counts[name] for name in ("read", "new", "same", "kopecks")] == [6, 3, 3, 1600]
    there = loaded(checked, people)
    assert [there.counts[name] for name in ("read", "new", "same", "kopecks")] == [6, 3, 3, 1600]
    again = send("payments", PAYMENTS + twice + twice)
    assert [again.counts[name] for name in ("new", "same", "kopecks")] == [0, 2, 0]


def test_files_are_for_nobody_else_on_the_machine(send: Send, anna: cast.Person) -> None:
    there = send("payments", PAYMENTS + payment(anna.account.number, "10"))
    made = outgoing.order("consents", "csv", since=clock.today())
    handling.step(made.id)
    for path, mode in ((transfers.folder(), 0o700), (there.path, 0o600), (made.path, 0o600)):
        assert path.stat().st_mode & 0o777 == mode


def test_the_doctor_misses_a_file_that_is_gone(send: Send, anna: cast.Person, people: Any) -> None:
    there = loaded(send("payments", PAYMENTS + payment(anna.account.number, "10")), people)
    aside = send("payments", PAYMENTS + payment(anna.account.number, "11", "2"))
    decisions.drop(aside.id)
    aside.path.unlink()
    assert doctor.complaints() == []
    there.path.unlink()
    assert [f"№ {there.id}" in one for one in doctor.complaints()] == [True]
