"""The form of a mailing: whom it is for, what it says, when and how fast it goes; and what the model makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from flask import current_app
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from models import clock, company, outbox, periods, words
from models.base import Refusal
from models.company import DWELLINGS
from models.company_consents import PAYMENT
from models.mailings import audiences, texts
from models.mailings.audiences import FILTER_NAMES, Filters
from models.mailings.mailings import LONGEST_NAME, MOST_PER_MINUTE, Mailing
from models.metering.accounts import Office
from tasks import letters
from views.fields import Form, HiddenField, Line, Text, Tick
from views.pay_form import Rubles

MONTHS_BACK = 12  # of bills that may be sent again
_EXAMPLE_TIME = "09:30"
_LONGEST_NUMBER = 9


class AudienceForm(Form):
    """The filters; each left empty asks for nothing."""

    office = SelectField("Участок", validate_choice=False)
    settlement = Line("Населённый пункт", most=100)
    service = SelectField("Услуга", validate_choice=False)
    dwelling = SelectField("Жильё", validate_choice=False)
    delivery = SelectField("Как приходят счета", validate_choice=False)
    consent = SelectField("Есть согласие", name="agreed", validate_choice=False)  # a field called consent is never kept
    debt_from = Rubles("Долг от, ₽")
    verification_months = Line("До поверки счётчика, месяцев", most=2)
    without_reading = Tick("Только те, кто не передал показания в этом месяце")
    period = SelectField("Счета за месяц", validate_choice=False)
    again = Tick("Отправить и тем, кому этот счёт уже отправляли")

    def offer(self) -> None:
        """Fill the lists of choices; the first of each asks for nothing."""
        rules = company.current()
        offices = ((one.code, one.name) for one in Office.select(Office.code, Office.name).order_by(Office.name))
        ways = ((way, audiences.WAY_TITLES[way]) for way in rules.delivery.ways)
        self.office.choices = _choices("любой", offices)
        self.service.choices = _choices("любая", ((one.code, one.title) for one in rules.services.values()))
        self.dwelling.choices = _choices("любое", ((one, audiences.DWELLING_TITLES[one]) for one in DWELLINGS))
        self.delivery.choices = _choices("как угодно", ways)
        self.consent.choices = _choices(
            "не важно", ((code, one.title) for code, one in rules.consents.items() if code != PAYMENT)
        )
        past = (periods.shift(clock.period(), -back) for back in range(1, MONTHS_BACK + 1))
        self.period.choices = [SelectChoice(period, words.month(period)) for period in past]

    def filters(self) -> Filters:
        """What was chosen. Refused: months that are no number, and what the audience itself refuses."""
        given: dict[str, Any] = {name: self[name].data or "" for name in FILTER_NAMES}
        given |= {
            "settlement": " ".join(given["settlement"].split()),
            "debt_from": self._owed(),
            "without_reading": self.without_reading.data,
            "verification_months": _whole(self.verification_months, "verification_months"),
        }
        return Filters(**given).checked()

    def _owed(self) -> int:
        """Kopecks; read here, since the live count validates nothing."""
        try:
            self.debt_from.pre_validate(self)
        except ValidationError as error:
            raise Refusal("debt_from", str(error), "form.debt") from None
        return self.debt_from.kopecks


class MailingForm(AudienceForm):
    key = HiddenField()
    name = Line("Название рассылки", most=LONGEST_NAME)
    title = Line("Тема письма", most=texts.LONGEST_TITLE)
    text = Text("Текст письма")
    planned_at = Line("День начала", most=10)
    planned_time = Line("Время начала", most=8)
    per_minute = Line("Писем в минуту", most=6)

    def data_of(self) -> dict[str, Any]:
        """What the letter says beside the account's own data."""
        return {name: self[name].data for name in ("title", "text", "period", "again")}

    def terms(self) -> dict[str, Any]:
        """When the mailing begins and how fast it goes; refused: a day, a time or a number that cannot be read."""
        return {"planned_at": self._moment(), "per_minute": _whole(self.per_minute, "per_minute") or None}

    def _moment(self) -> datetime | None:
        day, hour = ((field.data or "").strip() for field in (self.planned_at, self.planned_time))
        if not day and not hour:
            return None
        return clock.utc(datetime.combine(_day(day) if day else clock.today(), _time(hour)))


def blank(letter: str, key: str) -> MailingForm:
    """The form for a new mailing."""
    form = MailingForm(key=key, name=texts.titles()[letter], period=periods.shift(clock.period(), -1))
    form.offer()
    return form


def filled(mailing: Mailing) -> MailingForm:
    """The form with a draft's values."""
    audience, begins = mailing.audience, mailing.planned_at and clock.local(mailing.planned_at)
    values: dict[str, Any] = {name: _typed(getattr(audience, name)) for name in FILTER_NAMES}
    values |= dict(mailing.data) | {"name": mailing.name, "per_minute": str(mailing.per_minute)}
    values["debt_from"] = words.decimal(audience.debt_from, 100).replace(words.THIN, "") if audience.debt_from else ""
    if begins:
        values |= {"planned_at": f"{begins:%Y-%m-%d}", "planned_time": f"{begins:%H:%M}"}
    form = MailingForm(data=values)
    form.offer()
    return form


def asked(given: Any) -> AudienceForm:
    """The filters out of an address, for the live count."""
    form = AudienceForm(given, meta={"csrf": False})
    form.offer()
    return form


def sample(letter: str, data: Mapping[str, Any]) -> letters.Letter:
    """The letter as a reader with an invented account would see it."""
    message = outbox.Message(kind="email", letter=letter, data=texts.sample(letter, data), secrets={}, to="")
    return letters.put_together(message, current_app.extensions["kabinet"].public_url, shown=True)


def _typed(value: Any) -> Any:
    """As a field has it: a number is text, nothing is empty."""
    return str(value) if value and type(value) is int else value or ""


def _choices(nothing: str, given: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice("", nothing), *(SelectChoice(code, title) for code, title in given)]


def _whole(field: Any, name: str) -> int:
    """A whole number, 0 for nothing typed."""
    text = str(field.data or "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER or int(text) == 0:
        most = audiences.MOST_MONTHS if name == "verification_months" else MOST_PER_MINUTE
        raise Refusal(name, f"Напишите целое число от 1 до {words.number(most)} или оставьте пустым.", f"form.{name}")
    return int(text)


def _day(typed: str) -> date:
    try:
        parts = [int(one) for one in (typed.split(".")[::-1] if "." in typed else typed.split("-"))]
        day = date(*parts)
        if day.year < clock.today().year:
            raise ValueError
        return day
    except (TypeError, ValueError, OverflowError):
        example = f"{clock.today():%d.%m.%Y}"
        raise Refusal("planned_at", f"Укажите день так: {example}.", "form.day") from None


def _time(typed: str) -> time:
    try:
        hour, minute = (int(one) for one in typed.split(":")[:2])
        return time(hour, minute)
    except ValueError:
        raise Refusal("planned_time", f"Укажите время так: {_EXAMPLE_TIME}.", "form.time") from None
