"""Tables as XLSX: what we write others read, what others write we read, and what is no table is refused."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exchange import table, workbook, xlsx
from models.exchange.table import BadFile, Column, Fault

COLUMNS = (
    Column("account", table.words(40)),
    Column("day", table.day),
    Column("t1", table.whole(0, 99_999_999)),
    Column("sum", table.kopecks, required=False),
    Column("month", table.period, required=False),
    Column("note", table.words(100), required=False, default=""),
)
HEADER = [column.name for column in COLUMNS]
FORMULAS = ("=1+1", "+7 391 299", "-5", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")', "#N/A", "=", "'=1")
SHEET = "xl/worksheets/sheet1.xml"
SHARED = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
FIRST = {"account": "241010000054", "day": date(2026, 11, 20), "t1": 6440}


def book(rows: list[list[Any]], change: Callable[[Any], None] | None = None) -> io.BytesIO:
    """A workbook as another program would write it."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if change:
        change(made)
    file = io.BytesIO()
    made.save(file)
    return file


def read(file: Any) -> list[Any]:
    return list(xlsx.lines(file, COLUMNS))


def written(rows: list[tuple[Any, ...]], header: tuple[str, ...] = ("a", "b")) -> Any:
    file = io.BytesIO()
    xlsx.write(file, header, rows, "Лист: [1]")
    return openpyxl.load_workbook(file)


def changed(file: io.BytesIO, name: str, old: str, new: str) -> io.BytesIO:
    """The same workbook with one of its parts edited by hand."""
    again = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as target:
        assert name in source.namelist()
        for part in source.namelist():
            text = source.read(part)
            if part == name:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            target.writestr(part, text)
    return again


def with_shared(file: io.BytesIO, texts: str) -> io.BytesIO:
    """The same workbook with a list of shared texts, as spreadsheets write it; cell A2 refers to the first of them."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    link = f'<Relationship Type="{kind}" Target="sharedStrings.xml" Id="rId9" />'
    linked = changed(file, "xl/_rels/workbook.xml.rels", "</Relationships>", f"{link}</Relationships>")
    again = changed(linked, SHEET, 'r="A2" t="inlineStr"><is><t>AAA</t></is>', 'r="A2" t="s"><v>0</v>')
    with zipfile.ZipFile(again, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", texts)
    return again


# ---- writing


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_never_becomes_a_formula(text: str) -> None:
    cell = written([(text, "")]).active["A2"]
    assert (cell.data_type, cell.value) == ("s", text)


@given(st.text(max_size=40))
def test_no_text_at_all_becomes_a_formula_or_a_number(text: str) -> None:
    cell = written([("x", text)]).active["B2"]
    assert cell.value is None or (cell.data_type == "s" and isinstance(cell.value, str))


def test_a_text_that_begins_like_a_formula_stays_one_when_it_is_edited() -> None:
    sheet = written([("=1+1", "обычный")]).active
    assert sheet["A2"].quotePrefix and not sheet["B2"].quotePrefix


def test_numbers_money_and_dates_are_what_they_are() -> None:
    file = io.BytesIO()
    row = (14_218, -5, xlsx.money(-123_450), date(2026, 11, 20), datetime(2026, 11, 20, 14, 5), True, None)
    xlsx.write(file, tuple("abcdefg"), [row], "Показания")
    cells = openpyxl.load_workbook(file).active[2]
    assert [cell.value for cell in cells] == [
        14_218, -5, -1234.5, datetime(2026, 11, 20), datetime(2026, 11, 20, 14, 5), "да", None,
    ]  # fmt: skip
    assert [cells[2].number_format, cells[3].number_format] == ["#,##0.00", "dd.mm.yyyy"]


def test_a_number_too_long_for_a_spreadsheet_is_written_as_a_text() -> None:
    assert written([(24_101_000_005_412_345_678, "")]).active["A2"].value == "24101000005412345678"


def test_the_title_and_the_heading_fit_the_format() -> None:
    sheet = written([]).active
    assert sheet.title == "Лист   1" and sheet.freeze_panes == "A2" and sheet["A1"].font.bold


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    assert written([("a\x00b\x1fc", "")]).active["A2"].value == "abc"


# ---- reading


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "readings.xlsx"
    xlsx.write(path, HEADER, [("241010000054", date(2026, 11, 20), 6440, xlsx.money(123_450), "2026-11", "=1")], "x")
    assert read(path) == [(2, {**FIRST, "sum": 123_450, "month": "2026-11", "note": "=1"})]


def test_numbers_and_dates_of_a_spreadsheet_become_what_a_csv_would_say() -> None:
    file = book([HEADER, [241010000054, datetime(2026, 11, 20), 6440.0, 0.1 + 0.2, datetime(2026, 10, 1), 12.5]])
    assert read(file) == [(2, {**FIRST, "sum": 30, "month": "2026-10", "note": "12.5"})]


def test_lines_are_numbered_as_the_spreadsheet_numbers_them_and_empty_ones_passed_over() -> None:
    file = book([HEADER, [], ["1", "20.11.2026", "7"], [None, " "], ["2", "2026-11-20", "x"]])
    assert read(file) == [
        (3, {"account": "1", "day": date(2026, 11, 20), "t1": 7, "sum": None, "month": None, "note": ""}),
        (5, [Fault(5, "t1", "«x»: нужно целое число от 0 до 99999999")]),
    ]


def test_the_heading_may_stand_below_empty_rows_and_in_any_order() -> None:
    assert read(book([[], ["T1", "Account ", "day"], [6440, "241010000054", "20.11.2026"]])) == [(3, FIRST)]


def test_a_value_beyond_the_last_column_is_a_fault() -> None:
    found = read(book([["account", "day", "t1"], ["1", "20.11.2026", 7, "лишнее"]]))
    assert found == [(2, [Fault(2, "", "значения правее последнего столбца: столбцов 3")])]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["account", "day"], "нет столбца «t1»"),
        (["account", "day", "t1", "x"], "неизвестный столбец «x»"),
        (["account", "day", "t1", "day"], "столбец «day» назван дважды"),
        (["день"], "неизвестный столбец «день»"),
    ],
)
def test_a_wrong_heading_is_refused(names: list[str], text: str) -> None:
    with pytest.raises(BadFile, match=text):
        read(book([names, ["1"]]))


def test_a_formula_counts_by_its_kept_result_and_is_a_fault_without_one() -> None:
    file = book([HEADER, ["241010000054", "2026-11-20", "=6000+440"]])
    assert read(file) == [(2, [Fault(2, "t1", "формула без сохранённого значения; замените её значением")])]
    sheet = SHEET
    kept = changed(file, sheet, "<f>6000+440</f><v", "<f>6000+440</f><v>6440</v><x")
    assert [line for _, line in read(kept)] == [{**FIRST, "sum": None, "month": None, "note": ""}]


def test_an_error_in_a_cell_is_a_fault() -> None:
    file = book([HEADER, ["241010000054", "2026-11-20", "#REF!"]])
    assert read(file) == [(2, [Fault(2, "t1", "в ячейке ошибка #REF!")])]


def test_a_number_whose_end_the_spreadsheet_has_lost_is_a_fault() -> None:
    file = book([HEADER, [2410100000541234567, "2026-11-20", 1]])
    [(_, [fault])] = read(file)
    assert fault.column == "account" and "сделайте столбец текстовым" in fault.reason


def test_dates_counted_from_1904_are_the_same_days() -> None:
    def since_1904(made: Any) -> None:
        made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    found = read(book([HEADER, ["241010000054", date(2026, 11, 20), 6440]], since_1904))
    assert found[0][1]["day"] == date(2026, 11, 20)


def test_the_first_visible_sheet_is_read() -> None:
    def hide_first(made: Any) -> None:
        sheet = made.create_sheet("Данные")
        sheet.append(HEADER[:3])
        sheet.append(["241010000054", "2026-11-20", 6440])
        made.worksheets[0].sheet_state = "hidden"

    assert read(book([["чужое"]], hide_first)) == [(2, FIRST)]


def test_texts_of_several_looks_are_one_text() -> None:
    item = "<si><r><t>24</t></r><r><rPr><b/></rPr><t>1</t></r><rPh><t>no</t></rPh></si>"
    file = with_shared(book([HEADER[:3], ["AAA", "2026-11-20", 1]]), SHARED.format(item))
    assert read(file)[0][1]["account"] == "241"


def test_progress_adds_up_to_the_packed_sheet() -> None:
    file, told = book([HEADER, *[["1", "2026-11-20", number] for number in range(500)]]), []
    list(xlsx.lines(file, COLUMNS, told.append))
    with zipfile.ZipFile(file) as archive:
        assert 0 < sum(told) <= archive.getinfo(SHEET).compress_size


# ---- what is no table, or a trap


@pytest.mark.parametrize("content", [b"", b"account;day;t1\n", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0old xls"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile, match="не книга XLSX"):
        read(io.BytesIO(content))


def test_a_zip_of_something_else_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(BadFile, match="не книга XLSX"):
        read(file)


def test_a_cut_off_workbook_is_refused() -> None:
    whole = book([HEADER, ["241010000054", "2026-11-20", 6440]]).getvalue()
    with pytest.raises(BadFile, match="не книга XLSX"):
        read(io.BytesIO(whole[: len(whole) // 2]))


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    file = book([HEADER])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/big.bin", bytes(20 << 20))
    with pytest.raises(BadFile, match="слишком велика"):
        read(file)


def test_a_bomb_is_not_hidden_by_noise_beside_it() -> None:
    file = book([HEADER])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/big.bin", bytes(20 << 20))
        archive.writestr("xl/media/noise.bin", random.Random(1).randbytes(2 << 20))
    with pytest.raises(BadFile, match="слишком велика"):
        read(file)


def test_texts_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_TEXTS", 3)
    with pytest.raises(BadFile, match="больше 3 разных текстов"):
        read(with_shared(book([HEADER, ["AAA"]]), SHARED.format("<si/>" * 4)))


def test_an_empty_sheet_has_no_heading() -> None:
    with pytest.raises(BadFile, match="нет столбца «account»"):
        read(book([]))


def test_too_many_parts_are_refused() -> None:
    file = book([HEADER])
    with zipfile.ZipFile(file, "a") as archive:
        for number in range(workbook.MOST_PARTS):
            archive.writestr(f"x/{number}", b"")
    with pytest.raises(BadFile, match="слишком велика"):
        read(file)


def test_a_row_without_end_is_refused_before_it_fills_the_memory() -> None:
    file = book([HEADER, ["1"]])
    # Not so even that the sizes alone would give it away.
    cells = "".join(f'<c s="{number}"/>' for number in range(80_000))
    with pytest.raises(BadFile, match="слишком длинна"):
        read(changed(file, SHEET, "</row></sheetData>", f"{cells}</row></sheetData>"))


def test_entities_are_refused() -> None:
    bomb, file = '<!DOCTYPE x [<!ENTITY a "aaaa">]>', book([HEADER, ["AAA"]])
    trapped = (
        changed(file, SHEET, "<worksheet ", f"{bomb}<worksheet "),
        changed(file, "xl/workbook.xml", "<workbook ", f"{bomb}<workbook "),
        with_shared(file, bomb + SHARED.format("<si><t>&a;</t></si>")),
    )
    for one in trapped:
        with pytest.raises(BadFile, match="не книга XLSX"):
            read(one)


def test_a_sheet_somewhere_else_is_not_fetched() -> None:
    file = changed(
        book([HEADER]), "xl/_rels/workbook.xml.rels", 'Target="/xl/worksheets/sheet1.xml"',
        'Target="http://127.0.0.1/x" TargetMode="External"',
    )  # fmt: skip
    with pytest.raises(BadFile, match="не книга XLSX"):
        read(file)


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("_rels/.rels", "relationships/officeDocument", "relationships/other"),
        ("xl/workbook.xml", ' r:id="rId1"', ""),
        ("xl/workbook.xml", ' r:id="rId1"', ' r:id="rId77"'),
        ("xl/workbook.xml", 'state="visible"', 'state="hidden"'),
        ("xl/_rels/workbook.xml.rels", "/xl/worksheets/sheet1.xml", "../../../etc/passwd"),
        (SHEET, 'r="A2"', 'r="2A"'),
        (SHEET, "<v>6440</v>", "<v>6x</v>"),
        (SHEET, "<v>6440</v>", "<v>nan</v>"),
        (SHEET, 't="n"', 't="s"'),
        (SHEET, "</sheetData>", ""),
    ],
)
def test_a_broken_workbook_is_refused(part: str, old: str, new: str) -> None:
    file = book([HEADER[:3], ["241010000054", "2026-11-20", 6440]])
    with pytest.raises(BadFile):
        read(changed(file, part, old, new))


def test_a_row_number_out_of_all_proportion_costs_nothing() -> None:
    file = book([HEADER[:3], ["241010000054", "2026-11-20", 6440]])
    far = changed(file, SHEET, '<row r="2">', '<row r="999999999">')
    assert read(far) == [(999_999_999, FIRST)]


def test_more_rows_than_a_sheet_is_read_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 2)
    with pytest.raises(BadFile, match="больше 2 строк"):
        read(book([HEADER, *[["1", "2026-11-20", 1]] * 3]))


def test_money_is_rubles() -> None:
    assert xlsx.money(-5) == Decimal("-0.05")
