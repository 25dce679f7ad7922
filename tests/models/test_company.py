"""The shipped companies keep their guides' rules, and a wrong company file stops with file, key and reason."""

from __future__ import annotations

import csv
import re
import shutil
import tomllib
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import company
from models.company import CHANNELS, Averages, Billing, Checks, Company, CompanyError, Window
from models.metering import channels

COMPANIES = Path(__file__).resolve().parents[2] / "companies"
PRICES = ("days_off", "tariffs", "bands", "norms", "penalties")
CODES = ("krasnoyarsk", "kaluga", "koryak", "irkutsk")
DATA = (*PRICES, "offices", "accounts", "meters", "readings", "payments")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of one company to spoil."""
    for name in ("company.toml", "consents"):
        source, target = COMPANIES / "kaluga" / name, tmp_path / "kaluga" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path / "kaluga"


@pytest.fixture
def none_yet() -> Iterator[None]:
    before = company._current
    company._current = None
    yield
    company._current = before


def shipped(code: str) -> Company:
    return company.find(code, COMPANIES)


@pytest.mark.feature("S1")
@pytest.mark.feature("S2")
@pytest.mark.feature("S3")
@pytest.mark.parametrize(
    ("code", "typed", "number"),
    [
        ("krasnoyarsk", "240124680135", "240124680135"),
        ("krasnoyarsk", " 2401 2468 0135 ", "240124680135"),
        ("krasnoyarsk", "401234567", None),
        ("kaluga", "401234567", "401234567"),
        ("kaluga", "(401) 234-567", "401234567"),
        ("kaluga", "401\u00a0234\u2011567", "401234567"),
        ("kaluga", "４０１２３４５６７", "401234567"),
        ("kaluga", "٤٠١٢٣٤٥٦٧", None),
        ("kaluga", "40123456", None),
        ("kaluga", "4012345678", None),
        ("kaluga", "401234567\x00", None),
        ("kaluga", "\u202e401234567", None),
        ("kaluga", "-0", None),
        ("kaluga", "", None),
        ("kaluga", "4" * 10_000, None),
        ("koryak", "411234567", "411234567"),
        ("irkutsk", "инзб12345678", "ИНЗБ12345678"),
        ("irkutsk", "ИнЗб 1234-5678", "ИНЗБ12345678"),
        ("irkutsk", "12345678", None),
        ("irkutsk", "INZB12345678", None),
    ],
)
def test_account_number(code: str, typed: str, number: str | None) -> None:
    assert shipped(code).normal_number(typed) == number


@given(st.sampled_from(CODES), st.text())
def test_a_normal_number_stays_as_it_is(code: str, typed: str) -> None:
    number = shipped_once(code).normal_number(typed)
    assert number is None or shipped_once(code).normal_number(number) == number


@pytest.mark.feature("S9")
def test_kaluga_links_one_primary_and_five_additional_accounts() -> None:
    assert shipped("kaluga").accounts_limit == 6


@pytest.mark.feature("S4")
@pytest.mark.feature("S6")
@pytest.mark.feature("S11")
@pytest.mark.parametrize(
    ("code", "by", "phone"),
    [
        ("krasnoyarsk", "email", "optional"),
        ("kaluga", "account", "required"),
        ("koryak", "email", "optional"),
        ("irkutsk", "email", "required"),
    ],
)
def test_way_of_signing_up(code: str, by: str, phone: str) -> None:
    assert (shipped(code).sign_up.by, shipped(code).sign_up.phone) == (by, phone)


@pytest.mark.parametrize(
    ("code", "services"),
    [
        ("krasnoyarsk", ["electricity", "repair"]),
        ("kaluga", ["electricity"]),
        ("koryak", ["electricity", "heat"]),
        ("irkutsk", ["electricity", "heat"]),
    ],
)
def test_services(code: str, services: list[str]) -> None:
    assert list(shipped(code).services) == services


def test_capital_repair_has_no_meters() -> None:
    services = shipped("krasnoyarsk").services
    assert (services["repair"].metered, services["repair"].unit) == (False, "м²")
    assert (services["electricity"].metered, services["electricity"].unit) == (True, "кВт⋅ч")


@pytest.mark.feature("S17")
@pytest.mark.parametrize("channel", ["web", "email", "sms", "citypay", "kiosk", "bot"])
@pytest.mark.parametrize(
    ("code", "first", "last"), [("krasnoyarsk", 6, -2), ("kaluga", 6, -2), ("koryak", 1, -1), ("irkutsk", 1, -1)]
)
def test_window_of_the_customers_channels(code: str, first: int, last: int, channel: str) -> None:
    assert shipped(code).window(channel) == Window(first, last)


@pytest.mark.feature("S18")
@pytest.mark.parametrize("channel", ["platezhka", "kasservis", "sberbank"])
@pytest.mark.parametrize("code", CODES)
def test_window_of_the_terminals_and_the_bank(code: str, channel: str) -> None:
    assert shipped(code).window(channel) == Window(23, 26)


@pytest.mark.parametrize("code", CODES)
def test_staff_take_readings_on_any_day(code: str) -> None:
    assert shipped(code).window("staff") == shipped(code).window("inspector") == Window(1, -1)


@pytest.mark.parametrize("code", CODES)
def test_every_channel_has_a_window(code: str) -> None:
    assert set(shipped(code).windows) == set(CHANNELS)


def test_channels_of_the_windows_are_those_of_the_readings() -> None:
    assert set(CHANNELS) == set(channels.CHANNELS)


@pytest.mark.parametrize("code", CODES)
def test_checks_of_electricity(code: str) -> None:
    own = shipped(code)
    assert own.checks == Checks(5, 10, 90, max_per_day=360, floor=50, max_kw=15)
    assert own.checks_of("electricity") is own.checks


@pytest.mark.parametrize("code", ["koryak", "irkutsk"])
def test_checks_of_heat(code: str) -> None:
    assert shipped(code).checks_of("heat") == Checks(5, 10, 90, max_per_day=1, floor=3, max_kw=None)


@pytest.mark.parametrize("service", ["repair", "heat"])
def test_no_checks_without_meters(service: str) -> None:
    with pytest.raises(KeyError, match=service):
        shipped("krasnoyarsk").checks_of(service)


@pytest.mark.parametrize("code", ["koryak", "irkutsk"])
def test_demo_heat_is_below_the_bound_of_a_day(code: str) -> None:
    heat = {meter["serial"] for meter in rows(code, "meters") if meter["service"] == "heat"}
    most = shipped_once(code).checks_of("heat").max_per_day
    last: dict[str, tuple[date, int]] = {}
    for reading in sorted(rows(code, "readings"), key=lambda row: row["taken"]):
        serial, taken = reading["serial"], date.fromisoformat(reading["taken"])
        if serial not in heat or reading["state"] != "accepted":
            continue
        if serial in last:
            before, value = last[serial]
            assert int(reading["t1"]) - value <= most * (taken - before).days
        last[serial] = (taken, int(reading["t1"]))
    assert set(last) == heat


@pytest.mark.feature("S20")
@pytest.mark.parametrize("code", CODES)
def test_three_months_by_average_then_the_norm(code: str) -> None:
    averages = shipped(code).averages
    assert (averages.months, averages.least, averages.periods) == (12, 3, 3)


@pytest.mark.feature("S20")
@pytest.mark.parametrize("code", CODES)
def test_a_reading_puts_months_by_the_norm_right_and_an_expired_meter_counts(code: str) -> None:
    averages = shipped(code).averages
    assert (averages.norm_is_final, averages.expired_meter) == (False, "counts")


def test_estimates_may_follow_other_rules(folder: Path) -> None:
    path = folder / "company.toml"
    text = path.read_text("utf-8").replace("norm_is_final = false", "norm_is_final = true")
    path.write_text(text.replace('expired_meter = "counts"', 'expired_meter = "estimated"'), "utf-8")
    averages = company.load(folder).averages
    assert (averages.norm_is_final, averages.expired_meter) == (True, "estimated")


def test_estimates_have_usual_rules(folder: Path) -> None:
    path = folder / "company.toml"
    text = re.sub(r"\[averages\]\n(\w+ = .+\n)+", "[averages]\n", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    assert company.load(folder).averages == Averages(12, 3, 3, norm_is_final=False, expired_meter="counts")


@pytest.mark.parametrize("code", CODES)
def test_bills_go_out_by_the_5th_and_are_due_on_the_15th(code: str) -> None:
    assert shipped(code).billing == Billing("portal", issue_day=5, due_day=15, times=10, floor=100_000)


@pytest.mark.feature("S15")
@pytest.mark.parametrize(("code", "rule"), [(code, "required" if code == "kaluga" else "no") for code in CODES])
def test_kaluga_takes_money_only_with_readings(code: str, rule: str) -> None:
    assert shipped(code).payments.with_readings == rule


@pytest.mark.parametrize("code", CODES)
def test_payments_are_limited_and_have_what_a_cheque_needs(code: str) -> None:
    payments = shipped(code).payments
    assert (payments.least, payments.most, payments.sno, payments.ffd) == (100, 10_000_000, "osn", "1.2")
    assert payments.tax_codes == {0: 0, 10: 2, 20: 6, 22: 12}


def test_sums_may_have_kopecks(folder: Path) -> None:
    path = folder / "company.toml"
    path.write_text(path.read_text("utf-8").replace("least = 1\n", "least = 0.29\n"), "utf-8")
    assert company.load(folder).payments.least == 29


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("krasnoyarsk", "Asia/Krasnoyarsk"),
        ("kaluga", "Europe/Moscow"),
        ("koryak", "Asia/Kamchatka"),
        ("irkutsk", "Asia/Irkutsk"),
    ],
)
def test_time_zone(code: str, zone: str) -> None:
    assert shipped(code).timezone.key == zone


@pytest.mark.feature("S39")
@pytest.mark.feature("S40")
@pytest.mark.parametrize("code", CODES)
def test_phones_are_shown_as_people_write_them(code: str) -> None:
    first = shipped(code).phones[0]
    assert first.shown.startswith("8\u00a0800\u00a0") and first.hours


@pytest.mark.feature("S13")
@pytest.mark.feature("S15")
@pytest.mark.parametrize(("code", "kind"), [(code, kind) for code in CODES for kind in shipped(code).consents])
def test_consent_says_all_that_the_law_asks(code: str, kind: str) -> None:
    document = shipped(code).consents[kind]
    assert document.hash == sha256(document.text.encode()).hexdigest()
    assert document.text.startswith(document.title)
    assert document.text.count("\n- ") >= 5
    for words in (
        "152-ФЗ",
        shipped(code).legal_name,
        "обезличивание|удаление|удаляет",
        "[Оо]тозвать",
        "30 дней",
        "Цель|Зачем|Для чего",
    ):
        assert re.search(words, document.text), words


@pytest.mark.feature("S15")
@pytest.mark.parametrize("code", CODES)
def test_consent_to_recording_names_sound_and_picture_and_no_biometrics(code: str) -> None:
    document = shipped(code).consents["recording"]
    assert "аудио- и видеозапис" in document.title
    for words in ("голос", "изображение", "биометрическ", "один год"):
        assert words in document.text, words


@pytest.mark.feature("S33")
@pytest.mark.parametrize("code", CODES)
def test_consent_to_official_papers_names_both_and_what_they_replace(code: str) -> None:
    document = shipped(code).consents["official-papers"]
    for words in ("о задолженности", "повер", "заменяет бумажное", "СМС", "на бумаге"):
        assert words in document.text, words


@pytest.mark.feature("S14")
def test_being_told_of_charges_is_a_document_of_its_own() -> None:
    texts = shipped("koryak").consents
    for words in ("начислениях", "задолженности", "рассрочку"):
        assert words in texts["charges-news"].text
        assert words not in texts["personal-data"].text
    assert "charges-news" not in shipped("krasnoyarsk").consents


@pytest.mark.parametrize("code", CODES)
def test_consent_can_be_withdrawn_in_the_cabinet(code: str) -> None:
    for document in shipped(code).consents.values():
        assert "в личном кабинете" in document.text and "«Согласия»" in document.text, document.kind


@pytest.mark.feature("S15")
@pytest.mark.parametrize("code", CODES)
def test_consent_to_pay_is_for_the_contract_and_leaves_the_card_to_the_bank(code: str) -> None:
    document = shipped(code).consents["payment"]
    assert document.title.startswith("Согласие на обработку персональных данных в целях исполнения договора")
    for words in ("только (в )?бан|известны только банку", "54-ФЗ", "чек", "передаёт|передача|Передача", "пять лет"):
        assert re.search(words, document.text), words


def test_older_consents_stay_readable(folder: Path) -> None:
    consents = folder / "consents"
    newer = (consents / "personal-data.2026-01.txt").read_text("utf-8") + "\nИ ещё одно условие."
    (consents / "personal-data.2026-12.txt").write_text(newer, "utf-8")
    loaded = company.load(folder)
    assert loaded.consents["personal-data"].version == "2026-12"
    kept = shipped("kaluga").consent_versions["personal-data", "2026-01"]
    assert loaded.consent_versions["personal-data", "2026-01"].hash == kept.hash


def test_line_ends_do_not_change_the_hash(folder: Path) -> None:
    path = folder / "consents" / "personal-data.2026-11.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert company.load(folder).consents["personal-data"].hash == shipped("kaluga").consents["personal-data"].hash


METERED = "metered = true\n"
CHECKS = "checks = { max_per_day = 1, floor = 1 }\n"
HEAT = '[services.heat]\ntitle = "Отопление"\nunit = "Гкал"\nmetered = true\n'
REPAIR = '[services.repair]\ntitle = "Капитальный ремонт"\nunit = "м²"\nmetered = false\n'


def heat(max_per_day: str, floor: str) -> str:
    return f"{HEAT}checks = {{ max_per_day = {max_per_day}, floor = {floor} }}\n"


def test_checks_take_fractions(folder: Path) -> None:
    path = folder / "company.toml"
    path.write_text(path.read_text("utf-8").replace(METERED, METERED + heat("0.25", "0.5"), 1), "utf-8")
    checks = company.load(folder).checks_of("heat")
    assert (checks.max_per_day, checks.floor, checks.max_kw) == (0.25, 0.5, None)


# What is put in place of what in the file, the key that is named, and words of the reason.
MISTAKES = [
    (
        "web = { first = 6, last = -2 }",
        "web = { first = 6, last = 40 }",
        "windows.web.last",
        "must be 1…31 or -1…-28, not 40",
    ),
    ("web = { first = 6, last = -2 }", "web = { first = 0, last = -2 }", "windows.web.first", "not 0"),
    ("web = { first = 6, last = -2 }", "web = { first = 6 }", "windows.web.last", "is missing"),
    (
        "web = { first = 6, last = -2 }",
        "web = { first = 20, last = -15 }",
        "windows.web.last",
        "no open day in a month of 28 days",
    ),
    ("web = { first = 6, last = -2 }", "web = 6", "windows.web", "must be a table, not a whole number"),
    ("platezhka =", "platejka =", "windows.platejka", "no such key; did you mean platezhka?"),
    ("staff = { first = 1, last = -1 }\n", "", "windows.staff", "is missing"),
    ('legal_name = "', 'legal_nmae = "', "legal_nmae", "no such key; did you mean legal_name?"),
    ('site = "https://okasbyt.example"\n', "", "site", "is missing"),
    ('name = "Окасбыт"', "name = 7", "name", "must be a text, not a whole number"),
    ('name = "Окасбыт"', 'name = " Окасбыт"', "name", "no spaces around it"),
    ('name = "Окасбыт"', 'name = "Ока\\nсбыт"', "name", "must be one line"),
    ('name = "Окасбыт"', 'name = ""', "name", "1 to 300 characters"),
    ("https://okasbyt.example", "http://okasbyt.example", "site", "must be an address such as https://"),
    ("info@okasbyt.example", "info.okasbyt.example", "email", "must be an e-mail address"),
    ("reading@okasbyt.example", "reading@", "mail_readings", "must be an e-mail address"),
    ('inn = "4099000011"', 'inn = "4099000012"', "inn", "its control digit would be 1"),
    ('inn = "4099000011"', 'inn = "409900001"', "inn", "must be 10 digits"),
    ('inn = "4099000011"', 'inn = "４099000011"', "inn", "must be 10 digits"),
    ('kpp = "409901001"', 'kpp = "40990100"', "kpp", "must be 9 digits"),
    ('ogrn = "1264000000076"', 'ogrn = "1264000000077"', "ogrn", "its control digit would be 6"),
    ('bic = "042907940"', 'bic = "142907940"', "bank.bic", "must begin with 04"),
    ('bic = "042907940"', 'bic = "042907941"', "bank.account", "the key that belongs to the bank's BIC"),
    ('account = "40702810600000000401"', 'account = "4070281060000000040"', "bank.account", "must be 20 digits"),
    ('correspondent = "3010', 'correspondent = "3011', "bank.correspondent", "the key that belongs to the bank's BIC"),
    ("Europe/Moscow", "Europe/Kaluga", "timezone", "must be a time zone"),
    ('pattern = "[0-9]{9}"', 'pattern = "[0-9{9}"', "number.pattern", "must be a regular expression"),
    ('example = "401234567"', 'example = "40 123 45 67"', "number.example", "must match the pattern"),
    ("accounts_limit = 6", "accounts_limit = 0", "accounts_limit", "must be 1…1000, not 0"),
    ("accounts_limit = 6", "accounts_limit = true", "accounts_limit", "must be a whole number, not true or false"),
    ("accounts_limit = 6", "accounts_limit = 6.0", "accounts_limit", "must be a whole number, not a fraction"),
    ('by = "account"', 'by = "acount"', "sign_up.by", "must be email or account, not 'acount'; did you mean account?"),
    ("metered = true", 'metered = "yes"', "services.electricity.metered", "must be true or false, not a text"),
    ("metered = true", "metered = false", "services", "at least one with metered = true"),
    ("[services.electricity]", '[services."Свет"]', "services.Свет", "small Latin letters"),
    ("hold_times = 10", "hold_times = 5", "checks.hold_times", "must be more than confirm_times"),
    ("rollover_percent = 90", "rollover_percent = 100", "checks.rollover_percent", "must be 50…99"),
    ("max_kw = 15", "max_kw = 0", "checks.max_kw", "must be 1…1000, not 0"),
    ("max_kw = 15", "max_per_day = 360", "checks.max_per_day", "no such key"),
    ("floor_kwh = 50", "floor = 50", "checks.floor", "no such key; did you mean floor_kwh?"),
    (METERED, METERED + CHECKS, "services.electricity.checks", "must be in [checks]"),
    (METERED, METERED + REPAIR + CHECKS, "services.repair.checks", "the service is not metered"),
    (METERED, METERED + HEAT, "services.heat.checks", "is missing"),
    (METERED, METERED + HEAT + "checks = 1\n", "services.heat.checks", "must be a table, not a whole number"),
    (METERED, METERED + HEAT + "checks = { floor = 1 }\n", "services.heat.checks.max_per_day", "is missing"),
    (METERED, METERED + HEAT + "checks = { max_per_day = 1 }\n", "services.heat.checks.floor", "is missing"),
    (METERED, METERED + heat("0", "1"), "services.heat.checks.max_per_day", "must be 0.01…10000, not 0"),
    (METERED, METERED + heat("nan", "1"), "services.heat.checks.max_per_day", "not nan"),
    (METERED, METERED + heat("inf", "1"), "services.heat.checks.max_per_day", "not inf"),
    (METERED, METERED + heat("true", "1"), "services.heat.checks.max_per_day", "must be a number, not true or false"),
    (METERED, METERED + heat("'1'", "1"), "services.heat.checks.max_per_day", "must be a number, not a text"),
    (METERED, METERED + heat("0.5", "-1"), "services.heat.checks.floor", "must be 0…1000, not -1"),
    (METERED, METERED + heat("1", "1, max_kw = 15"), "services.heat.checks.max_kw", "no such key"),
    ("least = 3", "least = 13", "averages.least", "at most months (12), not 13"),
    ("norm_is_final = false", 'norm_is_final = "no"', "averages.norm_is_final", "must be true or false, not a text"),
    ('expired_meter = "counts"', 'expired_meter = "count"', "averages.expired_meter", "did you mean counts?"),
    ('by = "portal"', 'by = "1C"', "billing.by", "must be portal or import, not '1C'"),
    ("issue_day = 5", "issue_day = 29", "billing.issue_day", "must be 1…28, not 29"),
    ("due_day = 15", "due_day = 5", "billing.due_day", "must be after issue_day (5), not 5"),
    ("times = 10\nfloor", "times = 1\nfloor", "billing.times", "must be 2…1000, not 1"),
    ("floor = 1000\n", "", "billing.floor", "is missing"),
    ("floor = 1000\n", "floor = 0.005\n", "billing.floor", "must be rubles with at most two decimals, not 0.005"),
    ("floor = 1000\n", "floor = '1000'\n", "billing.floor", "must be a number, not a text"),
    ("[billing]", "[biling]", "biling", "no such key; did you mean billing?"),
    ('with_readings = "required"', "with_readings = true", "payments.with_readings", "must be a text"),
    ('with_readings = "required"', 'with_readings = "yes"', "payments.with_readings", "must be required or no"),
    ("least = 1\n", "least = 0\n", "payments.least", "must be 0.01…1000000, not 0"),
    ("most = 100000", "most = 0.5", "payments.most", "must be at least the least payment (1)"),
    ('sno = "osn"', 'sno = "ОСН"', "payments.sno", "must be osn or usn_income"),
    ('ffd = "1.2"', "ffd = 1.2", "payments.ffd", "must be a text, not a fraction"),
    ('ffd = "1.2"', 'ffd = "1.1"', "payments.ffd", "must be 1.05 or 1.2"),
    ("tax_codes = { 0 = 0, ", "tax_codes = { x = 0, ", "payments.tax_codes.x", "must be a percent of VAT"),
    ("tax_codes = { 0 = 0, ", "tax_codes = { 0 = 'none', ", "payments.tax_codes.0", "must be a whole number"),
    ("tax_codes = { 0 = 0, 10 = 2, 20 = 6, 22 = 12 }", "tax_codes = {}", "payments.tax_codes", "at least one"),
    ("tax_codes = { 0 = 0, 10 = 2, 20 = 6, 22 = 12 }", "tax_codes = 12", "payments.tax_codes", "must be a table"),
    ('number = "+78000000040"', 'number = "8 800 000-00-40"', "phones[1].number", "must be a phone number"),
    ('number = "+78000000040"', 'number = "+71000000040"', "phones[1].number", "must be a phone number"),
    ('sms_readings = "+79000000040"', 'sms_readings = "79000000040"', "sms_readings", "must be a phone number"),
    ("[bank]", "[bank", "", "is not TOML"),
]


@pytest.mark.parametrize(
    ("right", "wrong", "key", "reason"), MISTAKES, ids=[f"{key or 'file'}: {reason}" for _, _, key, reason in MISTAKES]
)
def test_mistake_stops_with_file_key_and_reason(folder: Path, right: str, wrong: str, key: str, reason: str) -> None:
    path = folder / "company.toml"
    text = path.read_text("utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), "utf-8")
    with pytest.raises(CompanyError) as caught:
        company.load(folder)
    assert (caught.value.file, caught.value.key) == (str(path), key)
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{path}: {key}")


def test_file_that_is_not_utf8(folder: Path) -> None:
    (folder / "company.toml").write_bytes('name = "Окасбыт"'.encode("cp1251"))
    with pytest.raises(CompanyError, match="is not UTF-8"):
        company.load(folder)


def test_folder_without_rules(folder: Path) -> None:
    (folder / "company.toml").unlink()
    with pytest.raises(CompanyError, match="cannot be read: No such file"):
        company.load(folder)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("personal-data.txt", "Согласие\n\nТекст", "must be named"),
        ("personal-data.2026-13.txt", "Согласие\n\nТекст", "must be named"),
        ("marketing.2026-12.txt", "Согласие\n\nТекст", "no such kind of consent; there are: personal-data, payment"),
        ("personal-data.2026-12.txt", "Согласие", "must have a title on its first line and a text"),
        (
            "personal-data.2026-12.txt",
            "Согласие\n\nЯ даю согласие другой компании.",
            "must name the operator as company.toml does",
        ),
    ],
)
def test_wrong_consent_file(folder: Path, name: str, text: str, reason: str) -> None:
    (folder / "consents" / name).write_text(text, "utf-8")
    with pytest.raises(CompanyError, match=reason) as caught:
        company.load(folder)
    assert caught.value.file.endswith(name)


@pytest.mark.parametrize(("kind", "deed"), [("personal-data", "sign up"), ("payment", "pay on line")])
def test_no_start_without_the_consents(folder: Path, kind: str, deed: str) -> None:
    for path in (folder / "consents").glob(f"{kind}.*"):
        path.unlink()
    with pytest.raises(CompanyError, match=f"is missing: nobody can {deed} without it") as caught:
        company.load(folder)
    assert caught.value.file.endswith(f"{kind}.<version>.txt")


@pytest.mark.parametrize("name", ["kalugа", "kalga", "../companies/kaluga", "", ".", "KALUGA"])
def test_no_such_company(name: str) -> None:
    with pytest.raises(CompanyError, match=r"no such company.*there are: irkutsk, kaluga, koryak, krasnoyarsk"):
        company.find(name, COMPANIES)


def test_misspelt_company_is_guessed() -> None:
    with pytest.raises(CompanyError, match=r"did you mean kaluga\?"):
        company.find("kalga", COMPANIES)


def test_one_company_a_process(none_yet: None) -> None:
    with pytest.raises(RuntimeError):
        company.current()
    company.use(shipped("koryak"))
    assert company.current().code == "koryak"


@pytest.mark.parametrize("code", CODES)
def test_demo_log_ins_hold_accounts_of_the_files(code: str) -> None:
    accounts = [row["account"] for row in rows(code, "accounts")]
    demo = tomllib.loads((COMPANIES / code / "demo.toml").read_text("utf-8"))
    held = {customer["email"]: customer["accounts"] for customer in demo["customers"]}
    assert held["anna@example.ru"] == accounts[:3]
    assert held["boris@example.ru"] == [accounts[3], accounts[2]]
    assert held["vera@example.ru"] == [accounts[4]]


@pytest.mark.parametrize("code", CODES)
def test_demo_has_what_life_has(code: str) -> None:
    meters, readings = rows(code, "meters"), rows(code, "readings")
    assert len(rows(code, "accounts")) >= 42
    assert {meter["zones"] for meter in meters} == {"1", "2", "3"}
    assert any(meter["removed"] for meter in meters)
    assert any(meter["ratio"] == "20" for meter in meters)
    assert any(meter["verification_due"] < "2025" for meter in meters)
    assert {reading["state"] for reading in readings} == {"accepted", "rejected", "replaced"}
    assert all(bool(reading["reason"]) == (reading["state"] != "accepted") for reading in readings)


@pytest.mark.feature("S17")
@pytest.mark.feature("S18")
@pytest.mark.parametrize("code", CODES)
def test_demo_readings_lie_in_their_windows(code: str) -> None:
    for reading in rows(code, "readings"):
        taken = date.fromisoformat(reading["taken"])
        first, last = shipped_once(code).window(reading["channel"]).within(monthrange(taken.year, taken.month)[1])
        assert first <= taken.day <= last


@pytest.mark.parametrize("code", CODES)
def test_demo_has_one_accepted_reading_a_meter_and_month(code: str) -> None:
    accepted = [
        (reading["serial"], reading["taken"][:7])
        for reading in rows(code, "readings")
        if reading["state"] == "accepted"
    ]
    assert len(accepted) == len(set(accepted))


@pytest.mark.parametrize("code", CODES)
def test_shipped_prices_are_plausible(code: str) -> None:
    """A town pays more than an electric stove, the country about 0.7 of it, and each band more than the one below."""
    tariffs = {
        tuple(row[name] for name in ("dwelling", "plan", "zone", "band", "since")): float(row["price"])
        for row in rows(code, "tariffs")
        if row["service"] == "electricity"
    }
    for (dwelling, *rest), price in tariffs.items():
        town = tariffs["urban", *rest]
        assert dwelling == "urban" or 0.6 * town < price < 0.9 * town
    for since in ("2025-01-01", "2026-10-01"):
        first, second, third = (tariffs["urban", "1", "t1", band, since] for band in "123")
        assert 1.3 < second / first < 1.5 and 2.0 < third / first < 2.4
    assert {row["first"] <= "3900" and row["second"] <= "6000" for row in rows(code, "bands")} == {True}


@pytest.mark.parametrize("code", CODES)
def test_shipped_prices_have_the_vat_of_their_time(code: str) -> None:
    for row in rows(code, "tariffs"):
        wanted = "0" if row["service"] == "repair" else "20" if row["since"] < "2026-01-01" else "22"
        assert row["vat"] == wanted


@pytest.mark.parametrize("name", DATA)
def test_demo_files_have_one_format(name: str) -> None:
    heads = {(COMPANIES / code / f"{name}.csv").read_text("utf-8").partition("\n")[0] for code in CODES}
    assert len(heads) == 1


def rows(code: str, name: str) -> list[dict[str, str]]:
    with (COMPANIES / code / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


_loaded: dict[str, Company] = {}


def shipped_once(code: str) -> Company:
    if code not in _loaded:
        _loaded[code] = shipped(code)
    return _loaded[code]
