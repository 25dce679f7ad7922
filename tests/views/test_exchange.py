"""The office's exchange of files: checked first, loaded after a look, money by two, undone with a reason, every file found again."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from models.audit import AuditRow
from models.billing.payments import Payment
from models.exchange import decisions, formats, transfers, xlsx
from models.exchange.kinds import KINDS
from models.exchange.transfers import Transfer
from models.metering import intake
from models.metering.readings import Reading
from tasks import exchange as work
from tasks import queue
from tests import cast, paying
from tests.cast import Person
from tests.models.test_registers import line, texts
from tests.page import Client, Page

READINGS = "account;serial;taken;channel;t1;t2;state\n"
PAYMENTS = "account;paid;amount;channel;document\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(transfers, "_folder", tmp_path / "exchange")
    return tmp_path / "exchange"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bells that nobody answers: a test lets the background work when it likes."""
    heard: list[int] = []
    monkeypatch.setitem(queue._bells, "handle_transfer", heard.append)
    return heard


Upload = Callable[..., Page]


@pytest.fixture
def upload(irina: Client) -> Upload:
    """Irina chooses a file and presses «Проверить»; the file's page after the check."""

    def run(kind: str, content: str | bytes, name: str = "файл.csv") -> Page:
        sent = send(irina, kind, content, name)
        assert sent.status == 303, sent.errors
        work.work_all()
        return sent.follow()

    return run


def send(client: Client, kind: str, content: str | bytes, name: str = "файл.csv") -> Page:
    body = content.encode() if isinstance(content, str) else content
    form = client.get("exchange.index")
    data = {"csrf_token": form.token, "kind": kind, "file": (BytesIO(body), name)}
    return client.open("/staff/exchange/files", method="POST", data=data, content_type="multipart/form-data")


def reading(person: Person, t1: int = 6440) -> str:
    assert person.meter
    return f"{READINGS}{person.account.number};{person.meter.serial};2026-11-15;inspector;{t1};2720;accepted\n"


def press(page: Page, button: str, **values: str) -> Page:
    """The page after a button and what the background does about it."""
    sent = page.submit(values, button=button)
    assert sent.status == 303, sent.errors
    work.work_all()
    return sent.follow()


# ---- in


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_file_is_checked_shown_and_loaded(upload: Upload, anna: Person, encoding: str) -> None:
    text = reading(anna).replace("state", "state;reason").replace("accepted", "accepted;обход дома")
    page = upload("readings", text.encode(encoding))
    assert page.h1 == "Показания, № 1"
    assert "обход дома" in page.text and "Будет новых 1" in page.text
    assert not Reading.select().where(Reading.channel == "inspector").exists()
    after = press(page, "Загрузить")
    assert "загружен" in after.text and "Новых 1" in after.text
    assert Reading.get(Reading.channel == "inspector").reason == "обход дома"


def test_a_workbook_is_loaded_too(upload: Upload, anna: Person, tmp_path: Path) -> None:
    header, row = reading(anna).strip().split("\n")
    path = tmp_path / "b.xlsx"
    xlsx.write(path, header.split(";"), [row.split(";")], "Показания")
    assert "загружен" in press(upload("readings", path.read_bytes(), "b.xlsx"), "Загрузить").text


def test_faults_are_told_with_line_and_column(upload: Upload, anna: Person) -> None:
    page = upload("readings", reading(anna) + reading(anna).partition("\n")[2].replace("inspector", "голубь"))
    assert re.search(r"3 channel «голубь» неизвестно", page.text)
    assert "Загрузить только верные строки" in page.text
    assert "загружен" in press(page, "Загрузить только верные строки").text


def test_the_page_asks_for_itself_while_the_file_is_checked(irina: Client, anna: Person, rung: list[int]) -> None:
    page = send(irina, "readings", reading(anna)).follow()
    assert rung == [1]
    asks = page.soup.select_one("#transfer[hx-get]")
    assert asks is not None and page.soup.select_one("noscript meta") is not None
    assert irina.get(str(asks["hx-get"])).status == 204
    work.work(1)
    part = irina.get(str(asks["hx-get"]))
    assert part.status == 200 and "проверен" in part.text and not part.is_whole


def test_a_bell_that_nobody_heard_is_made_up_for(irina: Client, anna: Person) -> None:
    send(irina, "readings", reading(anna))
    assert work.work_all() == 1
    assert Transfer.get().state == "checked"


@pytest.mark.parametrize(("name", "content", "said"), [("", b"", "Выберите файл"), ("x.csv", b"", "Файл пуст")])
def test_no_file_is_refused_beside_the_field(irina: Client, name: str, content: bytes, said: str) -> None:
    page = send(irina, "readings", content, name)
    assert page.status == 422
    assert said in page.text


def test_what_is_no_kind_is_refused(irina: Client, anna: Person) -> None:
    for kind in ("secrets", "payments:nobank", "readings:sberbank", ""):
        assert send(irina, kind, reading(anna)).status == 422


def test_a_file_that_is_no_table_says_why(upload: Upload) -> None:
    page = upload("readings", b"\x00\x01\x02")
    assert "не получилось" in page.text and "Неизвестный столбец" in page.text


def test_a_large_file_is_taken_from_whom_may_load_and_from_nobody_else(
    irina: Client, oleg: Client, client: Client
) -> None:
    """A megabyte is the limit of all other forms."""
    large = (READINGS + "x;" * 1_000_000).encode()
    assert send(irina, "readings", large).status == 303
    for other in (oleg, client):
        data = {"csrf_token": "x", "kind": "readings", "file": (BytesIO(large), "x.csv")}
        answer = other.browser.open(
            "/staff/exchange/files", base_url=other.base, method="POST", data=data, content_type="multipart/form-data"
        )
        assert answer.status_code == 413


def test_the_same_file_again_is_said_aloud(upload: Upload, anna: Person) -> None:
    press(upload("readings", reading(anna)), "Загрузить")
    page = upload("readings", reading(anna), "другое имя.csv")
    assert "Такой же файл уже загружен: № 1" in page.text


# ---- money


def test_money_is_let_in_by_somebody_else(upload: Upload, irina: Client, marta: Client, anna: Person) -> None:
    page = upload("payments", f"{PAYMENTS}{anna.account.number};2026-11-18;1664,71;bank;7\n")
    assert "1 664,71" in page.text.replace("\u202f", " ")
    waits = press(page, "Отправить на подтверждение")
    assert "Подтвердить загрузку должен другой сотрудник" in waits.text
    assert paying.credited(anna.account) == 0
    assert irina.post("exchange.decide", {"csrf_token": waits.token, "deed": "approve"}, transfer_id=1).status == 422
    seen = marta.get("exchange.index")
    assert "Ждут второго сотрудника" in seen.text
    page = marta.get("exchange.show", transfer_id=1)
    button = next(one for one in page.soup.find_all("button") if "Подтвердить" in one.get_text())
    assert "1 строка на 1" in button.get_text().replace("\xa0", " ")
    after = irina_sees(page.submit({}, button=button.get_text()))
    assert "загружен" in after.text
    assert paying.credited(anna.account) == 166_471


def irina_sees(sent: Page) -> Page:
    assert sent.status == 303, sent.errors
    work.work_all()
    return sent.follow()


def test_a_register_with_an_unknown_account_is_mended_and_loaded(upload: Upload, marta: Client, anna: Person) -> None:
    text = texts(line(anna.account.number, "10,00"), line("241010000045", "20,00", "1002"))
    page = upload("payments:sberbank", text.encode("cp1251"), "реестр.txt")
    assert page.h1 == "Реестр платежей: Сбербанк, № 1"
    assert "Строка 2: 20,00 ₽" in page.text and "ул. Мира, 23-32" in page.text
    wrong = page.submit({"account": "123"}, button="Вписать")
    assert wrong.status == 422 and "12 цифр" in wrong.text
    mended = press(page, "Вписать", account=anna.account.number)
    assert "Будет новых 2" in mended.text
    press(mended, "Отправить на подтверждение")
    shown = marta.get("exchange.show", transfer_id=1)
    button = next(one.get_text() for one in shown.soup.find_all("button") if "Подтвердить" in one.get_text())
    irina_sees(shown.submit({}, button=button))
    assert paying.credited(anna.account) == 3000


def test_a_register_whose_sums_differ_is_not_loadable(upload: Upload, anna: Person) -> None:
    page = upload("payments:sberbank", texts(line(anna.account.number, "10,00"), total="11,00").encode("cp1251"))
    assert "принято в итоге 11,00" in page.text
    assert "Попросите банк прислать реестр заново" in page.text
    assert not any("подтверждение" in one.get_text() for one in page.soup.find_all("button"))


def test_payments_are_undone_by_two(upload: Upload, irina: Client, marta: Client, anna: Person) -> None:
    page = upload("payments", f"{PAYMENTS}{anna.account.number};2026-11-18;10;bank;7\n")
    press(page, "Отправить на подтверждение")
    decisions.approve(1, cast.employee("administrator", email="x@example.ru").id)
    work.work_all()
    page = irina.get("exchange.show", transfer_id=1)
    assert page.submit({"reason": " "}, button="Попросить отменить").status == 422
    asked = press(page, "Попросить отменить", reason="чужой реестр")
    assert "ждёт отмены" in asked.text and "чужой реестр" in asked.text
    seen = marta.get("exchange.show", transfer_id=1)
    button = next(one.get_text() for one in seen.soup.find_all("button") if "Отменить: 1" in one.get_text())
    after = irina_sees(seen.submit({}, button=button))
    assert "отменён" in after.text and paying.credited(anna.account) == 0
    assert Payment.get().state == "refunded"


def test_readings_are_undone_with_a_reason(upload: Upload, anna: Person) -> None:
    loaded = press(upload("readings", reading(anna)), "Загрузить")
    assert "Отменено 1" in press(loaded, "Отменить загрузку", reason="не тот обход").text
    assert Reading.get(Reading.channel == "inspector").state == "replaced"


# ---- out


def test_new_readings_go_out_once_and_can_be_taken_again(irina: Client, anna: Person) -> None:
    assert anna.meter
    intake.receive(anna.account, {anna.meter.id: ("6440", "2720")}, channel="web", key="k", confirmed=True)
    page = irina.get("exchange.index")
    assert "Новых показаний для расчётной системы: 1" in page.text
    made = press(page, "Выгрузить", what="readings")
    assert "готов" in made.text
    files = [made.submit({}, button="Скачать файл").answer.data for _ in range(2)]
    assert files[0] == files[1] and anna.account.number.encode() in files[0]
    assert AuditRow.select().where(AuditRow.deed == "transfer.taken").count() == 2
    assert "расчётной системы: 0" in irina.get("exchange.index").text


@pytest.mark.parametrize("typed", ["31.02.2026", "2026-99-01", "вчера", "01.01.2100", "1.1.1", "..", "-"])
def test_a_wrong_day_is_refused_beside_its_field(irina: Client, typed: str) -> None:
    page = irina.get("exchange.index").submit({"what": "payments", "since": typed}, button="Выгрузить")
    assert page.status == 422
    assert "Укажите" in page.text


def test_payments_since_a_day_as_a_workbook(irina: Client, anna: Person) -> None:
    sent = irina.get("exchange.index").submit(
        {"what": "payments", "since": "01.11.2026", "file_format": "xlsx"}, button="Выгрузить"
    )  # fmt: skip
    work.work_all()
    assert ".xlsx" in sent.follow().text


# ---- the list, the file, the formats


def test_the_original_comes_back_to_the_byte_and_only_as_a_file(upload: Upload, anna: Person) -> None:
    content = reading(anna).encode("cp1251")
    answer = upload("readings", content, "../показания <b>.csv").submit({}, button="Скачать файл").answer
    assert answer.data == content
    assert (
        answer.headers["Content-Disposition"].startswith("attachment") and answer.mimetype == "application/octet-stream"
    )
    assert ".." not in answer.headers["Content-Disposition"]


def test_history_is_filtered_and_paged(irina: Client, upload: Upload, anna: Person) -> None:
    for n in range(33):
        Transfer.create(
            direction="in",
            kind="readings" if n % 2 else "payments",
            format="csv",
            name=f"f{n}",
            stored="x",
            state="loaded",
        )
    page = irina.get("exchange.index")
    assert len(page.soup.select("tbody tr")) == 30
    assert len(irina.get(page.soup.select_one("a[rel=next]")["href"]).soup.select("tbody tr")) == 3  # type: ignore[index]
    assert len(irina.get("/staff/exchange?kind=payments").soup.select("tbody tr")) == 17
    for odd in ("?before=x", "?before=99999999999999", "?kind=%00&state=x", "?direction=out"):
        assert irina.get(f"/staff/exchange{odd}").status == 200


def test_the_auditor_looks_and_changes_nothing(nina: Client, upload: Upload, anna: Person) -> None:
    page = upload("readings", reading(anna))
    seen = nina.get("exchange.show", transfer_id=1)
    assert seen.status == 200 and not any("Загрузить" in one.get_text() for one in seen.soup.find_all("button"))
    assert nina.post("exchange.load", {"csrf_token": seen.token, "deed": "load"}, transfer_id=1).status == 403
    assert "файл" not in nina.get("exchange.index").soup.select_one("form")["action"]  # type: ignore[index]
    assert page.status == 200


def test_unknown_files_deeds_and_kinds_are_not_found(irina: Client) -> None:
    token = irina.get("exchange.index").token
    for path in (
        "/staff/exchange/files/99",
        "/staff/exchange/files/99999999999",
        "/staff/exchange/samples/secrets.csv",
    ):
        assert irina.get(path).status == 404
    Transfer.create(direction="in", kind="readings", format="csv", name="f", stored="x", state="checked")
    assert irina.post("exchange.load", {"csrf_token": token, "deed": "approve"}, transfer_id=1).status == 404


def test_formats_tell_every_column_and_samples_are_loadable(irina: Client) -> None:
    page = irina.get("exchange.formats")
    for kind in KINDS:
        assert formats.TITLES[kind] in page.text
        for column in KINDS[kind].columns:
            assert column.name in page.text
    assert irina.get("exchange.sample", kind="readings").answer.data.startswith(b"\xef\xbb\xbfaccount;serial")


def test_an_employee_uploads_only_so_often(irina: Client, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from views.staff import exchange

    monkeypatch.setattr(exchange, "UPLOADS", 2)
    assert [send(irina, "readings", reading(anna)).status for _ in range(3)] == [303, 303, 422]


def test_prices_are_let_in_by_somebody_else(upload: Upload, marta: Client) -> None:
    page = upload("norms", formats.sample("norms"))
    assert "По этим строкам считаются деньги всех абонентов" in page.text
    waits = press(page, "Отправить на подтверждение")
    assert "Подтвердить загрузку должен другой сотрудник" in waits.text
    assert "Нормативы: загрузка" in marta.get("exchange.index").text
    assert "Нормативы: загрузка" in marta.get("approvals.index").text
    shown = marta.get("exchange.show", transfer_id=1)
    assert transfers.listed()[0].sha256 in shown.text
    button = next(one.get_text() for one in shown.soup.find_all("button") if "Подтвердить" in one.get_text())
    assert "₽" not in button
    assert "загружен" in irina_sees(shown.submit({}, button=button)).text


@pytest.mark.parametrize("query", [{"kind": "\0"}, {"state": "\0"}, {"direction": "x" * 9000}, {"before": "9" * 5000}])
def test_a_filter_of_nothing_known_shows_all(
    irina: Client, upload: Upload, anna: Person, query: dict[str, str]
) -> None:
    upload("readings", reading(anna))
    page = irina.get("exchange.index", **query)
    assert page.status == 200 and "файл.csv" in page.text


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "٣", ""])
def test_a_line_that_cannot_be_is_not_mended(upload: Upload, irina: Client, anna: Person, number: str) -> None:
    page = upload("payments:sberbank", texts(line("241010000045", "20,00")).encode("cp1251"))
    data = {"csrf_token": page.token, "deed": "mend", "line": number, "account": anna.account.number}
    assert irina.post("exchange.load", data, transfer_id=1).status == 422


def test_file_without_one_good_row_is_not_offered_for_loading(upload: Upload) -> None:
    page = upload("readings", READINGS + "240300000001;1;2026-11-15;inspector;x;;accepted\n")
    assert "Верных новых строк в файле нет" in page.text
    assert "Загрузить только верные строки" not in page.text


def test_forgotten_file_is_asked_for_once_with_a_link_to_the_field(irina: Client) -> None:
    page = irina.get("exchange.index").submit(button="Проверить")
    assert page.status == 422
    assert page.soup.select(".errors a[href='#file']") and len(page.soup.select(".errors li")) == 1
