"""Mass printing: who lies where in which file, what a stopped run leaves, and what is refused."""

from __future__ import annotations

import csv
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from models import seal
from models.audit import AuditRow
from models.base import Refusal
from models.billing import print_run, run
from models.billing.bills import HELD, ISSUED, Bill
from models.billing.shown import Bill as Shown
from models.metering.accounts import Account, Office
from models.metering.routes import order
from tasks import printing
from tests import cast, prices
from tests.engines import Engine

OCTOBER = "2026-10"
# Who lives where, in the order in which the postman walks: office, street, house, flat.
WALK = (
    ("101", "ул. 2-я Полярная", "2", "1"),
    ("101", "ул. 10-я Полярная", "1", "1"),
    ("101", "ул. Ёлочная", "1", ""),
    ("101", "ул. Мира", "2", "9"),
    ("101", "ул. Мира", "2", "10"),
    ("101", "ул. Мира", "10", "1"),
    ("101", "ул. Мира", "10а", "1"),
    ("20", "ул. Мира", "1", "1"),
)
BY_NUMBER = sorted(range(len(WALK)), key=lambda i: WALK[i][2:])  # accounts are made in another order


@pytest.fixture
def walk(db: Any) -> list[str]:
    """Account numbers in the order of delivery, October billed."""
    prices.load()
    offices = {
        code: Office.create(code=code, name=code, settlement="г. Красноярск", address="") for code in ("20", "101")
    }
    numbers = {}
    for n, i in enumerate(BY_NUMBER):
        code, street, house, flat = WALK[i]
        numbers[i] = cast.account(100 + n, office=offices[code], street=street, house=house, flat=flat).number
    run.bill(OCTOBER)
    return [numbers[i] for i in sorted(numbers, key=lambda i: (WALK[i][0] != "20", i))]  # office 20 before 101


@pytest.fixture
def command(app: Any) -> Any:
    return lambda *words: app.test_cli_runner().invoke(args=["print-bills", *map(str, words)])


@pytest.fixture
def chosen(app: Any) -> Any:
    return app.extensions["kabinet"]


def listed(folder: Path, name: str = f"bills-{OCTOBER}") -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def accounts(folder: Path, name: str = f"bills-{OCTOBER}") -> list[str]:
    return [row["Лицевой счёт"] for row in listed(folder, name)]


def text_of(path: Path, page: int = 1) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        return document[page - 1].get_textpage().get_text_bounded().replace("\u00a0", " ")
    finally:
        document.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_bills_lie_as_the_postman_walks(walk: list[str], command: Any, tmp_path: Path) -> None:
    done = command(OCTOBER, tmp_path)
    assert (done.exit_code, "напечатано 8 счетов, частей 2" in done.output.replace("\u00a0", " ")) == (0, True)
    assert accounts(tmp_path) == walk
    assert [row["Файл"] for row in listed(tmp_path)] == [f"bills-{OCTOBER}-20-001.pdf"] + [
        f"bills-{OCTOBER}-101-001.pdf"
    ] * 7
    assert listed(tmp_path)[0]["Адрес"].replace("\u00a0", " ") == "г. Красноярск, ул. Мира, 1, кв. 1"


def test_list_says_on_which_pages_a_bill_is(walk: list[str], command: Any, tmp_path: Path) -> None:
    command(OCTOBER, tmp_path)
    last = {}
    for row in listed(tmp_path):
        first, end = int(row["Страница с"]), int(row["Страница по"])
        assert first == last.get(row["Файл"], 0) + 1
        last[row["Файл"]] = end
        text = text_of(tmp_path / row["Файл"], first)
        assert row["Лицевой счёт"] in text
        assert row["Адрес"].replace("\u00a0", " ") in " ".join(text.split())
    assert {name: len(pypdfium2.PdfDocument(tmp_path / name)) for name in last} == last


def test_printed_bill_holds_what_was_issued(walk: list[str], command: Any, tmp_path: Path) -> None:
    """Nobody has a meter: 240 kWh by the norm of three people at 4,00."""
    command(OCTOBER, tmp_path)
    text = text_of(tmp_path / f"bills-{OCTOBER}-20-001.pdf")
    assert "960,00 ₽" in text
    assert "Счёт за октябрь 2026" in text
    assert f"2610-{walk[0]}" in text


def test_long_office_is_divided(walk: list[str], command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "PER_LOT", 3)
    command(OCTOBER, tmp_path)
    own = [f"bills-{OCTOBER}-101-00{n}" for n in (1, 2, 3)]
    assert [len(listed(tmp_path, name)) for name in own] == [3, 3, 1]
    assert [account for name in own for account in accounts(tmp_path, name)] == walk[1:]
    assert accounts(tmp_path) == walk


def test_chunks_of_the_query_lose_nobody(
    walk: list[str], command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_run, "CHUNK", 2)
    command(OCTOBER, tmp_path)
    assert accounts(tmp_path) == walk


def test_file_an_account(walk: list[str], command: Any, tmp_path: Path) -> None:
    assert command(OCTOBER, tmp_path, "--single").exit_code == 0
    rows = listed(tmp_path, f"single-{OCTOBER}")
    assert [row["Файл"] for row in rows[:2]] == [
        f"single-{OCTOBER}-20-001/{walk[0]}.pdf",
        f"single-{OCTOBER}-101-001/{walk[1]}.pdf",
    ]
    assert len(list(tmp_path.rglob("*.pdf"))) == len(walk)
    for row in rows:
        assert row["Лицевой счёт"] in text_of(tmp_path / row["Файл"])


def test_one_office_alone(walk: list[str], command: Any, tmp_path: Path) -> None:
    command(OCTOBER, tmp_path, "--office", "20")
    assert accounts(tmp_path) == walk[:1]
    command(OCTOBER, tmp_path)
    assert accounts(tmp_path) == walk


def test_second_run_leaves_whole_files_alone(walk: list[str], command: Any, tmp_path: Path) -> None:
    command(OCTOBER, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.pdf")}
    done = command(OCTOBER, tmp_path)
    assert "напечатано 0" in done.output
    assert "было раньше 8" in done.output
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.pdf")} == before
    assert AuditRow.select().where(AuditRow.deed == "bills.printed").count() == 1


def test_file_that_is_gone_is_printed_again(walk: list[str], command: Any, tmp_path: Path) -> None:
    command(OCTOBER, tmp_path)
    whole = contents(tmp_path)
    (tmp_path / f"bills-{OCTOBER}-20-001.pdf").unlink()
    assert "напечатано 1 " in command(OCTOBER, tmp_path).output.replace("\u00a0", " ")
    assert contents(tmp_path) == whole


_DYING = """
import os, signal
from app import create_app
from models.billing import print_run
from tasks import printing

shown, seen = print_run.shown, []

def dying(*given):
    for bill in shown(*given):
        seen.append(bill)
        if len(seen) == {last}:
            os.kill(os.getpid(), signal.SIGKILL)
        yield bill

print_run.shown = dying
printing.PER_LOT = 3
create_app().test_cli_runner().invoke(args=["print-bills", {period!r}, {folder!r}, *{words!r}])
"""


@pytest.mark.parametrize("words", [(), ("--single",)])
def test_killed_run_goes_on(
    walk: list[str],
    command: Any,
    chosen: Any,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    """Killed at the sixth bill, in the third lot: two are whole, the next run makes the rest, and nobody can tell."""
    killed, straight = tmp_path / "killed", tmp_path / "straight"
    environ = {"KABINET_DATABASE_URL": engine.url, "KABINET_VAR_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    script = _DYING.format(last=6, period=OCTOBER, folder=str(killed), words=words)
    died = subprocess.run(
        [sys.executable, "-c", script],
        env=environ,
        cwd=Path(printing.__file__).parents[1],
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert len(list(killed.glob("*-001.csv"))) == 2
    assert list(killed.glob(".*.part"))

    monkeypatch.setattr(printing, "PER_LOT", 3)
    done = command(OCTOBER, killed, *words)
    assert (done.exit_code, "было раньше 4" in done.output) == (0, True)
    command(OCTOBER, straight, *words)
    assert contents(killed) == contents(straight)
    assert not list(killed.glob(".*"))


def test_bill_issued_later_gets_a_file_of_its_own(walk: list[str], command: Any, tmp_path: Path) -> None:
    late = Bill.get(Bill.number == f"2610-{walk[3]}")
    Bill.update(state=HELD).where(Bill.id == late.id).execute()
    first = command(OCTOBER, tmp_path)
    assert "задержано и не напечатано 1" in first.output
    assert accounts(tmp_path) == [*walk[:3], *walk[4:]]
    Bill.update(state=ISSUED).where(Bill.id == late.id).execute()
    command(OCTOBER, tmp_path)
    assert accounts(tmp_path, f"bills-{OCTOBER}-101-002") == [walk[3]]
    assert sorted(accounts(tmp_path)) == sorted(walk)


def test_two_processes_print_what_one_does(
    walk: list[str], chosen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal.use(chosen.secret_key)
    monkeypatch.setattr(printing, "PER_LOT", 3)
    printing.print_bills(OCTOBER, tmp_path / "one", chosen)
    monkeypatch.setattr(printing, "LEAST_APART", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(printing, "_draw", None)  # of this process: the others have their own
    told: list[tuple[int, int]] = []
    summary = printing.print_bills(
        OCTOBER, tmp_path / "two", chosen, progress=lambda done, whole: told.append((done, whole))
    )
    assert (summary.bills, summary.lots, told[-1]) == (8, 4, (8, 8))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_process_that_dies_stops_the_run(
    walk: list[str], chosen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "LEAST_APART", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(printing.Stopped, match="с кодом 1"):
        printing.print_bills(OCTOBER, tmp_path / "out", replace(chosen, companies_dir=tmp_path))
    assert printing.print_bills(OCTOBER, tmp_path / "out", chosen).bills == 8


def test_full_disk_stops_the_run(
    walk: list[str], command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = printing._settle

    def full(file: Any) -> None:
        if f"bills-{OCTOBER}-101" in file.name:
            raise OSError(28, "No space left on device")
        settle(file)

    monkeypatch.setattr(printing, "_settle", full)
    done = command(OCTOBER, tmp_path)
    assert (done.exit_code, "печать прервалась" in done.output) == (1, True)
    assert [path.name for path in tmp_path.glob("*.pdf")] == [f"bills-{OCTOBER}-20-001.pdf"]
    monkeypatch.setattr(printing, "_settle", settle)
    command(OCTOBER, tmp_path)
    assert accounts(tmp_path) == walk


def test_period_that_is_not_billed(walk: list[str], command: Any, tmp_path: Path) -> None:
    done = command("2026-09", tmp_path)
    assert (done.exit_code, "Счетов за 2026-09 нет" in done.output) == (1, True)
    assert not list(tmp_path.iterdir())


def test_word_that_is_no_period(command: Any, tmp_path: Path) -> None:
    assert "is no period" in command("октябрь", tmp_path).output


def test_folder_that_is_a_file(walk: list[str], command: Any, tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("")
    done = command(OCTOBER, file)
    assert (done.exit_code, "нельзя писать" in done.output) == (1, True)


def test_office_that_is_not_there(walk: list[str], command: Any, tmp_path: Path) -> None:
    assert "Участка 7 нет" in command(OCTOBER, tmp_path, "--office", "7").output


def test_two_runs_at_once(walk: list[str], chosen: Any, tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(Refusal, match="уже печатает"):
        printing.print_bills(OCTOBER, tmp_path, chosen)
    os.close(other)
    assert printing.print_bills(OCTOBER, tmp_path, chosen).bills == 8


def test_folder_is_for_nobody_elses_eyes(walk: list[str], command: Any, tmp_path: Path) -> None:
    command(OCTOBER, tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_odd_names_stay_inside_the_folder(walk: list[str], command: Any, tmp_path: Path) -> None:
    """An office called «../1», a settlement that a spreadsheet would run."""
    bill = Bill.get(Bill.number == f"2610-{walk[0]}")
    facts = {**bill.facts, "address": '=1+1; "г. Ачинск"', "route": ["../1", "=1+1", "ул. Мира", "1", "1"]}
    Bill.update(facts=facts).where(Bill.id == bill.id).execute()
    command(OCTOBER, tmp_path)
    row = next(row for row in listed(tmp_path) if row["Лицевой счёт"] == walk[0])
    assert row["Файл"] == f"bills-{OCTOBER}-___1-001.pdf"
    assert row["Адрес"] == '\'=1+1; "г. Ачинск"'
    assert (tmp_path / row["Файл"]).exists()


def test_account_without_an_office(walk: list[str], command: Any, tmp_path: Path) -> None:
    """Their bills come first, under the number 0."""
    bill = Bill.get(Bill.number == f"2610-{walk[5]}")
    Bill.update(facts={**bill.facts, "route": ["", *bill.facts["route"][1:]]}).where(Bill.id == bill.id).execute()
    command(OCTOBER, tmp_path)
    assert accounts(tmp_path)[0] == walk[5]
    assert (tmp_path / f"bills-{OCTOBER}-0-001.pdf").exists()


def test_bill_is_read_whole(walk: list[str], chosen: Any) -> None:
    """What the run reads in chunks is what the bill's page shows, but for the traces."""
    from models.billing import bills

    ids = [bill_id for route in print_run.routes(OCTOBER).values() for bill_id in route]
    for shown, number in zip(print_run.shown(ids, OCTOBER, "https://kabinet.example"), walk, strict=True):
        opened = bills.Open(Account.get(Account.number == number), OCTOBER)
        page = opened.shown(opened.lines()[OCTOBER], "https://kabinet.example")
        assert shown == _without_traces(page)


def _without_traces(bill: Shown) -> Shown:
    return replace(bill, lines=tuple(replace(line, trace={}) for line in bill.lines))


@pytest.mark.parametrize(
    "walked",
    [
        ("2", "10", "10а", "10б", "11"),
        ("1/2", "1/10", "2"),
        ("ул. 2-я", "ул. 10-я"),
        ("Ёлочная", "Ельничная", "Жукова"),
        ("", "1"),
        ("9", "99999999999999999999", "100000000000000000000"),
    ],
)
def test_order_of_delivery(walked: tuple[str, ...]) -> None:
    assert is_in_order([[one] for one in walked])


def test_street_ends_before_the_house_begins() -> None:
    routes = [("ул. Мира", "9"), ("ул. Мирная", "1")]
    assert is_in_order(routes)


def is_in_order(routes: Sequence[Sequence[str]]) -> bool:
    keys = [order(route) for route in routes]
    return all(before < after for before, after in pairwise(keys))
