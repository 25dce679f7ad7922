"""No export gives a spreadsheet a formula out of a text that somebody typed; numbers stay as they are."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from models import audit, clock
from models.billing import payments
from models.billing.payments import DECLINED, Payment
from models.consents import Consent
from models.exchange import outgoing, transfers
from models.exchange.kinds import KINDS
from models.metering.accounts import Account, Office
from models.metering.meters import Meter
from models.metering.paperforms import batches, entry
from models.metering.readings import Reading
from models.people.customers import Customer
from models.people.staff import Employee
from tasks import exchange as work
from tests import cast, paying
from tests.page import Client

ROOT = Path(__file__).resolve().parents[2]
RUNS = tuple("=+-@\t\r\n＝＋－＠")
PAYLOADS = ("=1+1", "=cmd|' /C calc'!A0", "+7*2", "-2+3", "@SUM(A1)", "＝1+1", "'=1+1", '=HYPERLINK("http://x";"y")')
FIGURE = re.compile(r"[-+]?\d+([.,]\d+)?")
# Everything whose address ends in .csv or .xlsx, and how this test asks for it; the forms that give a file are below.
CUSTOMERS = {
    "bills.charges_file", "bills.statement_file", "payments.history_file", "history.readings_file", "history.consumption_file",
}  # fmt: skip
OTHERS = {"batch_reports.xlsx", "exchange.sample"}
# What may write a table at all: each of these is tried here.
WRITERS = {
    "models/exchange/exports.py",
    "models/exchange/outgoing.py",
    "models/exchange/xlsx.py",
    "models/office/audit_export.py",
    "models/office/consent_register.py",
}


@pytest.fixture(params=PAYLOADS)
def payload(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def hostile(home: Client, anna: cast.Person, payload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Anna's browser, signed in; whatever a person can type or a file bring in begins like a formula."""
    monkeypatch.setattr(transfers, "_folder", tmp_path / "exchange")
    paying.owe(anna.account)
    Account.update(last_name=payload, first_name=payload, street=payload, house=payload).where(
        Account.id == anna.account.id
    ).execute()
    Meter.update(serial=payload).where(Meter.account == anna.account.id).execute()
    Customer.update(name=payload, email=payload).where(Customer.id == anna.id).execute()
    Consent.update(ip=payload, account=payload).execute()
    Reading.update(reason=payload).execute()
    payments.take_external(anna.account.id, 100, channel="bank", document=payload, day=date(2026, 11, 18))
    Payment.create(
        number=payload, account=anna.account.id, channel="web", amount=7, parts={}, state=DECLINED, reason=payload, created_at=clock.now()
    )  # fmt: skip
    audit.record("payment.failed", f"payment:{payload}", reason=payload)
    audit.record(payload, payload, reason=payload)
    return home


def cells(content: bytes) -> Iterator[tuple[str, Any]]:
    """Each cell's kind, 'f' for a formula, 's' for a text, 'n' for the others, with its value; of a CSV as of a workbook."""
    if content.startswith(b"PK"):
        for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows():  # type: ignore[union-attr]
            yield from ((cell.data_type if cell.data_type in "fs" else "n", cell.value) for cell in row)
        return
    for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"):
        for text in line:
            is_formula = text.startswith(RUNS) and not FIGURE.fullmatch(text)
            yield "n" if FIGURE.fullmatch(text) else "f" if is_formula else "s", text


def check(content: bytes, *, holds: str = "") -> None:
    """No formula in the file; the text that would be one is there all the same, if it should be."""
    found = list(cells(content))
    assert found and not [cell for cell in found if cell[0] == "f"]
    if holds:
        wanted = holds if content.startswith(b"PK") else f"'{holds}"
        assert any(wanted in str(value) for _, value in found), [value for _, value in found][:60]


def test_every_table_that_goes_out_is_tried_here(app: Any) -> None:
    files = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.endswith((".csv", ".xlsx"))}
    assert files == CUSTOMERS | OTHERS
    writing = re.compile(r"csv\.(Dict)?[wW]riter|Workbook\(")
    sources = (path for folder in ("models", "tasks", "views") for path in (ROOT / folder).rglob("*.py"))
    assert {str(path.relative_to(ROOT)) for path in sources if writing.search(path.read_text("utf-8"))} == WRITERS


def test_a_customers_tables(hostile: Client, anna: cast.Person, payload: str) -> None:
    held = {"history.readings_file", "payments.history_file"}
    for endpoint in sorted(CUSTOMERS):
        answer = hostile.get(endpoint, number=anna.account.number)
        assert answer.status == 200, endpoint
        check(answer.answer.data, holds=payload if endpoint in held else "")


def test_numbers_are_untouched(hostile: Client, anna: cast.Person) -> None:
    text = hostile.get("bills.statement_file", number=anna.account.number).answer.data.decode("utf-8-sig")
    assert ";2642,85" in text and "'2642" not in text and "'-" not in text
    paying.owe(anna.account, -500_000, "repair")
    text = hostile.get("bills.statement_file", number=anna.account.number).answer.data.decode("utf-8-sig")
    assert ";-5000,00" in text


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_exports_of_the_office(hostile: Client, payload: str, file_format: str) -> None:
    for kind, export in outgoing.EXPORTS.items():
        made = outgoing.order(kind, file_format, since=None if export.whole else date(2020, 1, 1))
        if kind == "readings":
            _pass_here()
        work.work(made.id)
        check(transfers.taken(transfers.find(made.id)).read_bytes(), holds=payload)  # type: ignore[arg-type]


def _pass_here() -> None:
    """A reading that somebody passed on the site: those from files do not go out."""
    from models.metering.readings import Receipt

    one = Reading.select().order_by(Reading.id.desc()).get()
    receipt = Receipt.create(account=one.account_id, channel="web", key="k", received_at=clock.now())
    Reading.update(receipt=receipt.id).where(Reading.id == one.id).execute()


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_audit_log(hostile: Client, nina: Client, payload: str, file_format: str) -> None:
    page = nina.get("audit.index")
    answer = nina.post("audit.export", {"csrf_token": page.token, "format": file_format})
    assert answer.status == 200
    check(answer.answer.data, holds=payload)


def test_the_whole_audit_log_at_the_console(hostile: Client, app: Any, payload: str, tmp_path: Path) -> None:
    from models.office import audit_export

    audit_export.write(tmp_path / "audit.csv")
    check((tmp_path / "audit.csv").read_bytes(), holds=payload)


def test_the_register_of_consents(hostile: Client, nina: Client, payload: str) -> None:
    answer = nina.post("staff_consents.export", {"csrf_token": nina.get("staff_consents.index").token})
    book = zipfile.ZipFile(io.BytesIO(answer.answer.data))
    check(book.read("consents.csv"), holds=payload)


def test_the_report_of_a_batch(hostile: Client, galina: Client, anna: cast.Person, payload: str) -> None:
    who = Employee.by_email("galina@example.ru")
    assert who is not None
    office = Office.create(code="x", name=payload, settlement=payload, address=payload)
    batch = batches.start(office.id, date(2026, 11, 20), "staff", key="1", employee_id=who.id)
    entry.enter(batch.id, payload, ["1", "2"], key="1", employee_id=who.id)
    entry.enter(batch.id, anna.account.number, list(map(str, cast.USUAL)), key="2", employee_id=who.id)
    answer = galina.get("paperforms.entry", batch_id=batch.id).submit(button="Отчёт XLSX")
    assert answer.status == 200
    check(answer.answer.data, holds=payload)


def test_the_samples(irina: Client) -> None:
    for kind in KINDS:
        check(irina.get("exchange.sample", kind=kind).answer.data)


@pytest.mark.parametrize("spoil", [lambda cell: cell, lambda cell: cell and cell[1:]])
def test_this_test_would_see_a_formula(spoil: Callable[[str], str]) -> None:
    """The proof of the proof: the same table with nothing made harmless is caught."""
    text = spoil("'=1+1") + ";-5,00;+7 913\r\n"
    kinds = [kind for kind, _ in cells(text.encode())]
    assert kinds == (["s", "n", "f"] if text.startswith("'") else ["f", "n", "f"])
