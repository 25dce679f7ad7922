"""One company's rules: companies/<code>/company.toml checked into frozen dataclasses. A process serves one company."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from models import company_consents, words
from models import company_file as rules
from models.company_catalogue import Catalogue, catalogue
from models.company_consents import ConsentDocument
from models.company_file import CompanyError, Table
from models.company_information import Information, information
from models.company_letters import Delivery, Letters, delivery, letters
from models.company_reception import Orders, Reception, orders, reception
from models.company_registers import Register, registers

CHANNELS = (
    "web",
    "email",
    "sms",
    "citypay",
    "platezhka",
    "kasservis",
    "sberbank",
    "staff",
    "kiosk",
    "bot",
    "inspector",
)
REPORTED_BY = ("web", "sberbank", "bank", "post", "citypay", "platezhka", "kasservis", "cash", "other")  # payments
ELECTRICITY = "electricity"
FOLLOW_WEB = ("kiosk", "bot")  # their windows are the web's unless the file says otherwise
DWELLINGS = ("urban", "stove", "rural")
LONGEST_NUMBER = 64
TAX_SYSTEMS = ("osn", "usn_income", "usn_income_outcome", "esn", "patent")

_OPTIONAL_IN_NUMBER = re.compile(r"[\s()\[\]\-\u2010-\u2015\u2212]")
_SERVICE_CODE = re.compile(r"[a-z]+")
_PERCENT = re.compile(r"0|[1-9][0-9]?")


@dataclass(frozen=True)
class Bank:
    name: str
    bic: str
    account: str
    correspondent: str


@dataclass(frozen=True)
class NumberRule:
    """What an account number looks like, written without spaces and in capitals."""

    pattern: re.Pattern[str]
    example: str
    hint: str  # Russian, shown by the field


@dataclass(frozen=True)
class SignUp:
    """How a customer registers: with e-mail, linking accounts afterwards, or by an account number and its secret."""

    by: str  # email | account
    phone: str  # required | optional


@dataclass(frozen=True)
class Checks:
    """The bounds of the reading checks of one service (product rules «Reading checks»), in the service's units."""

    confirm_times: int  # above so many usual daily uses the customer is asked
    hold_times: int  # above so many the reading waits for staff
    rollover_percent: int  # of the dial: less than the previous value counts as a rollover above this only
    max_per_day: float  # no household uses more in a day
    floor: float  # use in a period below this is never called unusual
    max_kw: int | None = None  # the power behind max_per_day, for the words; None where it is not counted in kW


@dataclass(frozen=True)
class Service:
    code: str
    title: str
    unit: str
    metered: bool
    checks: Checks | None  # None when not metered


@dataclass(frozen=True)
class Window:
    """Days of the month, both included, on which a channel takes readings; negative ones count from the end, -1 the last."""

    first: int
    last: int

    def within(self, length: int) -> tuple[int, int]:
        """The first and the last open day of a month of so many days."""
        first, last = (min(day, length) if day > 0 else length + 1 + day for day in (self.first, self.last))
        return first, last


@dataclass(frozen=True)
class Averages:
    """Estimation without a reading (ПП 354 п. 59): over up to `months`, at least `least`, for `periods` in a row."""

    months: int
    least: int
    periods: int
    norm_is_final: bool = False  # months charged by the norm are not recalculated when a reading comes
    expired_meter: str = "counts"  # counts | estimated: a meter whose verification has expired (ПП 354 п. 59 а)


@dataclass(frozen=True)
class Billing:
    """Who works the charges out, the days of the month after the period, and what of a bill is looked at before it goes out."""

    by: str  # portal | import: a billing system of the company's own
    issue_day: int
    due_day: int  # the last day to pay (ЖК 155 ч. 1); on a day off the next working day
    times: int  # so many times the usual bill is unusual
    floor: int  # kopecks; a bill below is never unusual


@dataclass(frozen=True)
class Payments:
    """What may be paid on line, and how the acquirer's cheque (54-ФЗ) names it."""

    with_readings: str  # required | no: whether a payment goes only together with readings
    least: int  # kopecks of one payment
    most: int
    sno: str  # the system of taxation, as the acquirer writes it
    ffd: str  # the version of the fiscal documents' format
    tax_codes: Mapping[int, int]  # the acquirer's code by percent of VAT


@dataclass(frozen=True)
class Phone:
    number: str  # E.164
    title: str
    hours: str
    note: str

    @property
    def shown(self) -> str:
        """8 800 700-24-57"""
        return words.phone(self.number)


@dataclass(frozen=True)
class Company:
    code: str  # the folder's name
    name: str
    legal_name: str
    inn: str
    kpp: str
    ogrn: str
    legal_address: str
    post_address: str
    site: str
    email: str
    timezone: ZoneInfo
    bank: Bank
    number: NumberRule
    accounts_limit: int
    sign_up: SignUp
    services: Mapping[str, Service]
    windows: Mapping[str, Window]
    checks: Checks  # of electricity; see checks_of
    averages: Averages
    billing: Billing
    payments: Payments
    letters: Letters
    delivery: Delivery
    reception: Reception
    orders: Orders
    catalogue: Catalogue
    registers: Mapping[str, Register]  # files in which others report payments, by name
    filed_phones: tuple[Phone, ...]  # of company.toml; see phones
    mail_readings: str  # where readings are mailed to, or empty
    sms_readings: str  # E.164, or empty
    consents: Mapping[str, ConsentDocument]  # by kind, the version in force
    consent_versions: Mapping[tuple[str, str], ConsentDocument]  # by kind and version, older ones too
    information: Information  # what anyone may read, until staff publish another version

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones that customers see: the file's, or those that staff have published since."""
        return _published_phones() or self.filed_phones

    def normal_number(self, typed: str) -> str | None:
        """The account number as it is stored, or None if it cannot be one.

        Spaces, hyphens and brackets are dropped (seed 002), letters may be of any case (seed 004), full-width digits are digits.
        """
        if len(typed) > LONGEST_NUMBER:
            return None
        number = _OPTIONAL_IN_NUMBER.sub("", unicodedata.normalize("NFKC", typed)).upper()
        return number if self.number.pattern.fullmatch(number) else None

    def window(self, channel: str) -> Window:
        return self.windows[channel]

    def checks_of(self, service_code: str) -> Checks:
        """The bounds for readings of that metered service; KeyError for any other."""
        service = self.services[service_code]
        if service.checks is None:
            raise KeyError(f"{service_code} has no meters")
        return service.checks


_current: Company | None = None
_published_phones: Callable[[], tuple[Phone, ...]] = tuple


def ask_phones(published: Callable[[], tuple[Phone, ...]]) -> None:
    """Whom to ask for the phones that staff have published; none published: the file's own are shown."""
    global _published_phones
    _published_phones = published


def use(company: Company) -> None:
    """Make it the company of this process."""
    global _current
    _current = company


def current() -> Company:
    if _current is None:
        raise RuntimeError("no company yet: call company.use(company.find(name, companies_dir)) first")
    return _current


def find(name: str, companies_dir: Path) -> Company:
    """The company in the folder of that name. Refused: a name that is no folder there."""
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", name) or not (companies_dir / name).is_dir():
        raise CompanyError(
            rules.shown(companies_dir), "", f"no such company: {name!r}{rules.nearest_folder(name, companies_dir)}"
        )
    return load(companies_dir / name)


def load(folder: Path) -> Company:
    """The company of a folder; a wrong file raises CompanyError with the file, the key and the reason."""
    made = {"code", "consents", "consent_versions", "information", "filed_phones"}
    known = {field.name for field in fields(Company)} - made | {"phones"}
    top = rules.read_toml(folder / "company.toml", sorted(known))
    checks = _checks(top.table("checks", ("confirm_times", "hold_times", "max_kw", "floor_kwh", "rollover_percent")))
    services = _services(top, checks)
    in_force, versions = company_consents.consents(folder / "consents", top.text("legal_name"))
    return Company(
        code=folder.name,
        name=top.text("name"),
        legal_name=top.text("legal_name"),
        inn=top.text("inn", rules.inn),
        kpp=top.text("kpp", rules.kpp),
        ogrn=top.text("ogrn", rules.ogrn),
        legal_address=top.text("legal_address"),
        post_address=top.text("post_address"),
        site=top.text("site", rules.site),
        email=top.text("email", rules.email),
        timezone=ZoneInfo(top.text("timezone", rules.time_zone)),
        bank=_bank(top.table("bank", _names(Bank))),
        number=_number(top.table("number", _names(NumberRule))),
        accounts_limit=top.whole("accounts_limit", 1, 1000),
        sign_up=_sign_up(top.table("sign_up", _names(SignUp))),
        services=services,
        windows=_windows(top.table("windows", CHANNELS)),
        checks=checks,
        averages=_averages(top.table("averages", _names(Averages))),
        billing=_billing(top.table("billing", _names(Billing))),
        payments=_payments(top.table("payments", _names(Payments))),
        letters=letters(top),
        delivery=delivery(top),
        reception=reception(top),
        orders=orders(top),
        catalogue=catalogue(folder / "catalogue.toml"),
        registers=registers(top, REPORTED_BY),
        filed_phones=_phones(top),
        mail_readings=top.text("mail_readings", rules.email, default=""),
        sms_readings=top.text("sms_readings", rules.phone, default=""),
        consents=in_force,
        consent_versions=versions,
        information=information(folder, services),
    )


def _names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def _bank(table: Table) -> Bank:
    bic = table.text("bic", rules.bic)
    return Bank(
        name=table.text("name"),
        bic=bic,
        account=table.text("account", lambda number: rules.account_key(bic[-3:], number)),
        correspondent=table.text("correspondent", lambda number: rules.account_key("0" + bic[4:6], number)),
    )


def _number(table: Table) -> NumberRule:
    pattern = re.compile(table.text("pattern", rules.pattern), re.ASCII)
    example = table.text("example")
    if not pattern.fullmatch(example):
        raise table.error("example", f"must match the pattern {pattern.pattern}, not {example!r}")
    return NumberRule(pattern, example, table.text("hint"))


def _sign_up(table: Table) -> SignUp:
    return SignUp(table.one_of("by", ("email", "account")), table.one_of("phone", ("required", "optional")))


def _services(top: Table, electricity: Checks) -> Mapping[str, Service]:
    codes = top.values.get("services")
    table = top.table("services", codes if isinstance(codes, dict) else ())
    services = {}
    for code in table.values:
        if not _SERVICE_CODE.fullmatch(code):
            raise table.error(code, "must be small Latin letters")
        row = table.table(code, _names(Service)[1:])
        title, unit, metered = row.text("title"), row.text("unit"), row.yes("metered")
        services[code] = Service(code, title, unit, metered, _checks_of(row, code, metered, electricity))
    if not any(service.metered for service in services.values()):
        raise top.error("services", "must have at least one with metered = true")
    return MappingProxyType(services)


def _checks_of(row: Table, code: str, metered: bool, electricity: Checks) -> Checks | None:
    """The bounds of one service: electricity's are in [checks], another's differ in what has a unit."""
    if "checks" in row.values and (code == ELECTRICITY or not metered):
        raise row.error("checks", "must be in [checks]" if metered else "must not be there: the service is not metered")
    if code == ELECTRICITY or not metered:
        return electricity if metered else None
    table = row.table("checks", ("max_per_day", "floor"))
    most, floor = table.number("max_per_day", 0.01, 10_000), table.number("floor", 0, 1000)
    return replace(electricity, max_per_day=most, floor=floor, max_kw=None)


def _windows(table: Table) -> Mapping[str, Window]:
    windows: dict[str, Window] = {}
    for channel in CHANNELS:
        if channel in FOLLOW_WEB and channel not in table.values:
            windows[channel] = windows["web"]
            continue
        row = table.table(channel, _names(Window))
        windows[channel] = Window(row.month_day("first"), row.month_day("last"))
        _refuse_empty(row, windows[channel])
    return MappingProxyType(windows)


def _refuse_empty(row: Table, window: Window) -> None:
    for length in range(28, 32):
        first, last = window.within(length)
        if first > last:
            raise row.error("last", f"leaves no open day in a month of {length} days")


def _checks(table: Table) -> Checks:
    """What all services share, and the bounds of electricity."""
    max_kw = table.whole("max_kw", 1, 1000, default=15)
    checks = Checks(
        confirm_times=table.whole("confirm_times", 2, 100, default=5),
        hold_times=table.whole("hold_times", 2, 1000, default=10),
        rollover_percent=table.whole("rollover_percent", 50, 99, default=90),
        max_per_day=max_kw * 24.0,
        floor=float(table.whole("floor_kwh", 0, 1000, default=50)),
        max_kw=max_kw,
    )
    if checks.hold_times <= checks.confirm_times:
        raise table.error(
            "hold_times", f"must be more than confirm_times ({checks.confirm_times}), not {checks.hold_times}"
        )
    return checks


def _averages(table: Table) -> Averages:
    averages = Averages(
        months=table.whole("months", 1, 36, default=12),
        least=table.whole("least", 1, 36, default=3),
        periods=table.whole("periods", 0, 12, default=3),
        norm_is_final=table.yes("norm_is_final", default=False),
        expired_meter=table.one_of("expired_meter", ("counts", "estimated"), default="counts"),
    )
    if averages.least > averages.months:
        raise table.error("least", f"must be at most months ({averages.months}), not {averages.least}")
    return averages


def _billing(table: Table) -> Billing:
    billing = Billing(
        by=table.one_of("by", ("portal", "import")),
        issue_day=table.whole("issue_day", 1, 28, default=5),
        due_day=table.whole("due_day", 1, 28, default=15),
        times=table.whole("times", 2, 1000, default=10),
        floor=table.kopecks("floor", 0, 1_000_000),
    )
    if billing.due_day <= billing.issue_day:
        raise table.error("due_day", f"must be after issue_day ({billing.issue_day}), not {billing.due_day}")
    return billing


def _payments(table: Table) -> Payments:
    payments = Payments(
        with_readings=table.one_of("with_readings", ("required", "no")),
        least=table.kopecks("least", 0.01, 1_000_000),
        most=table.kopecks("most", 0.01, 1_000_000),
        sno=table.one_of("sno", TAX_SYSTEMS),
        ffd=table.one_of("ffd", ("1.05", "1.2")),
        tax_codes=_tax_codes(table),
    )
    if payments.most < payments.least:
        raise table.error("most", f"must be at least the least payment ({payments.least / 100:g})")
    return payments


def _tax_codes(table: Table) -> Mapping[int, int]:
    given = table.values.get("tax_codes")
    codes = table.table("tax_codes", given if isinstance(given, dict) else ())
    for percent in codes.values:
        if not _PERCENT.fullmatch(percent):
            raise codes.error(percent, "must be a percent of VAT, 0…99")
    if not codes.values:
        raise table.error("tax_codes", "must have at least one")
    return MappingProxyType({int(percent): codes.whole(percent, 0, 99) for percent in codes.values})


def _phones(top: Table) -> tuple[Phone, ...]:
    return tuple(
        Phone(row.text("number", rules.phone), row.text("title"), row.text("hours"), row.text("note", default=""))
        for row in top.tables("phones", _names(Phone))
    )
