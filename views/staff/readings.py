"""Held readings: the queue, one reading with all that tells whether it is right, and the four decisions on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Blueprint, abort, flash, request
from wtforms import SelectField
from wtforms.fields import SelectChoice

from models import clock, company, periods
from models.base import Refusal
from models.billing import bills, offers
from models.billing.tariffs import Tariffs
from models.metering import checks, decisions, held, intake, review
from models.metering.held import Filter
from models.metering.meters import zone_names
from models.metering.readings import ACCEPTED, REJECTED
from models.metering.review import Review
from views import charts
from views.fields import Form, HiddenField, Line, Shown
from views.page import see
from views.reading_form import name_of, seen
from views.staff_door import officer, staff_only
from views.staff_page import page

room = Blueprint("staff_readings", __name__)
A_PAGE, MOST_PAGES = 50, 10_000
LONGEST_CHOICE = 60
MONTHS = 12


def _choices(usual: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice("", "напишу сам"), *(SelectChoice(key, text) for key, text in usual.items())]


class DecisionForm(Form):
    """All four decisions; each of the page's forms sends its own fields. The meter's zones are added by `_form`."""

    verdict = HiddenField()
    correction_usual = SelectField("Почему исправлено", choices=_choices(decisions.USUAL_CORRECTIONS))
    correction = Line("Подробнее для клиента", most=decisions.LONGEST)
    rejection_usual = SelectField("Почему не принято", choices=_choices(decisions.USUAL_REJECTIONS))
    rejection = Line("Подробнее для клиента", most=decisions.LONGEST)
    question = Line("Вопрос клиенту", most=decisions.LONGEST)

    def reason(self, name: str) -> str:
        """The usual reason that was chosen and what was written to it."""
        usual = {**decisions.USUAL_CORRECTIONS, **decisions.USUAL_REJECTIONS}.get(self[f"{name}_usual"].data or "", "")
        return f"{usual} {self[name].data or ''}".strip()


@room.get("/staff/readings", endpoint="index")
@staff_only("readings.see")
def index() -> Any:
    chosen = _chosen()
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    total = held.count(chosen)
    return page(
        "staff/readings/index.html", chosen=chosen, number=number, total=total, all=held.count(), choices=held.choices(),
        rows=held.queue(chosen, most=A_PAGE, skip=(number - 1) * A_PAGE), has_more=total > number * A_PAGE, waits=held.WAITS,
    )  # fmt: skip


@room.post("/staff/readings/next", endpoint="begin")
@staff_only("readings.decide")
def begin() -> Any:
    return _next(again=True)


@room.get("/staff/readings/<int:reading_id>", endpoint="show")
@staff_only("readings.see")
def show(reading_id: int) -> Any:
    """The reading, for whoever has opened it; anyone else is offered to."""
    _there_or_404(reading_id)
    if held.mine_until(reading_id, officer().id) is None:
        return page("staff/readings/closed.html", reading_id=reading_id, chosen=_chosen())
    return _page(_loaded(reading_id))


@room.post("/staff/readings/<int:reading_id>/open", endpoint="open")
@staff_only("readings.see")
def open_one(reading_id: int) -> Any:
    _there_or_404(reading_id)
    try:
        held.take(reading_id, officer().id, decides=officer().may("readings.decide"))
    except Refusal as refusal:
        return _back(refusal.text)
    return see("staff_readings.show", reading_id=reading_id, **_chosen().chosen)


@room.post("/staff/readings/<int:reading_id>/aside", endpoint="aside")
@staff_only("readings.decide")
def aside(reading_id: int) -> Any:
    held.put_aside(reading_id, officer().id)
    return _next()


@room.post("/staff/readings/<int:reading_id>", endpoint="decide")
@staff_only("readings.decide")
def decide(reading_id: int) -> Any:
    """Do what the pressed form says and open the next one; what is refused comes back with the reason and what was typed."""
    deed, done = _DEEDS.get(request.form.get("verdict", ""), (None, ""))
    if deed is None:
        abort(400)
    _there_or_404(reading_id)
    try:
        _have_open(reading_id)
    except Refusal as refusal:
        return _back(refusal.text)
    context = _loaded(reading_id)
    form = context["form"]
    if form.validate():
        try:
            deed(reading_id, form)
            said = done.format(told="клиенту написали" if context["review"].addresses else "без письма (почты нет)")
            flash(f"{said}: лицевой счёт {context['review'].account.number}.", "good")
            return _next()
        except intake.Unconfirmed as unconfirmed:
            context["doubt"] = next(iter(unconfirmed.verdicts.values()))
            context["confirm"] = seen({reading_id: _typed(form)})
        except Refusal as refusal:
            form.refuse(refusal)
    return _refused(reading_id, context)


def _have_open(reading_id: int) -> None:
    """Nobody decides about what they have not opened, or what is another's meanwhile. Raises Refusal."""
    if held.mine_until(reading_id, officer().id) is None:
        held.take(reading_id, officer().id)


def _refused(reading_id: int, context: dict[str, Any]) -> Any:
    """The same page as things stand now; the employee goes on having the reading open, unless another has it."""
    try:
        held.take(reading_id, officer().id)
    except Refusal as refusal:
        return _back(refusal.text)
    return _page({**context, "review": review.load(reading_id, clock.today())}), 422


def _accept(reading_id: int, _form: DecisionForm) -> None:
    decisions.accept(reading_id, officer().id)


def _correct(reading_id: int, form: DecisionForm) -> None:
    texts = _typed(form)
    confirmed = request.form.get("confirmed") == seen({reading_id: texts})
    decisions.correct(reading_id, officer().id, texts, form.reason("correction"), confirmed=confirmed)


def _reject(reading_id: int, form: DecisionForm) -> None:
    decisions.reject(reading_id, officer().id, form.reason("rejection"))


def _ask(reading_id: int, form: DecisionForm) -> None:
    decisions.ask(reading_id, officer().id, form.question.data or "")
    held.put_aside(reading_id, officer().id)


_DEEDS: dict[str, tuple[Callable[[int, DecisionForm], None], str]] = {
    ACCEPTED: (_accept, "Принято"),
    decisions.CORRECTED: (_correct, "Исправлено, {told}"),
    REJECTED: (_reject, "Отклонено, {told}"),
    decisions.ASKED: (_ask, "Вопрос отправлен, ждём клиента"),
}


def _next(*, again: bool = False) -> Any:
    chosen = _chosen()
    reading_id = held.take_next(officer().id, chosen, again=again)
    if reading_id is None:
        flash("Свободных показаний в очереди больше нет.")
        return see("staff_readings.index", **chosen.chosen)
    return see("staff_readings.show", reading_id=reading_id, **chosen.chosen)


def _back(text: str) -> Any:
    flash(text, "bad")
    return see("staff_readings.index", **_chosen().chosen)


def _chosen() -> Filter:
    """The filter that the address carries."""
    given = {name: request.args.get(name, "") for name in ("rule", "office", "channel", "waits")}
    return Filter(
        **{name: value for name, value in given.items() if value.isprintable() and len(value) <= LONGEST_CHOICE}
    )


def _there_or_404(reading_id: int) -> None:
    if not held.is_there(reading_id):
        abort(404)


def _loaded(reading_id: int) -> dict[str, Any]:
    found = review.load(reading_id, clock.today())
    return {"review": found, "form": _form(found), "doubt": None, "confirm": ""}


def _page(context: dict[str, Any]) -> Any:
    """The page of one reading; prices, bills and the chart are looked up only for it."""
    found: Review = context["review"]
    service, last = found.meter.service, found.past.last_period
    bars = found.past.bars(service, max(periods.shift(last, 1 - MONTHS), found.past.first_period), last)
    usage = found.place.usage if found.place else found.verdict.usage
    return page(
        "staff/readings/show.html", **context, chosen=_chosen(), chart=charts.of(bars, found.past.zones(service)),
        cost=offers.cost(found.account, found.meter, usage, Tariffs.load(), clock.today()),
        bills=bills.issued(account=found.account.id, first=periods.shift(last, -MONTHS // 2), last=last),
        until=held.mine_until(found.reading.id, officer().id), question=decisions.question(found.reading.id),
        verdicts=decisions.VERDICTS,
    )  # fmt: skip


def _form(found: Review) -> DecisionForm:
    """The form of one reading: the values as they came, the reasons that its hints suggest."""
    names = tuple((name_of(found.meter.id, zone), label) for zone, label in zone_names(found.meter).items())
    given = {name: str(value).zfill(found.meter.digits) for (name, _), value in zip(names, found.values, strict=True)}
    hints = [hint.rule for hint in found.verdict.hints]
    later = [problem.rule for problem in found.obstacle.problems] if found.obstacle else []
    given["correction_usual"] = next((one for one in hints if one in decisions.USUAL_CORRECTIONS), "")
    causes = (*later, *hints, found.verdict.rule)
    given["rejection_usual"] = next((one for one in causes if one in decisions.USUAL_REJECTIONS), "")
    form = _kind(names)(**given)
    rules = company.current().checks_of(found.meter.service)
    limit = checks.asked_above(found.dial, rules)
    for (name, _), before in zip(names, found.dial.previous, strict=True):
        form[name].render_kw = {
            "data-previous": before, "data-ratio": found.meter.ratio, "data-usual": "" if found.usual is None else found.usual,
            "data-limit": "" if limit is None else limit,
            "data-rolls": "yes" if checks.may_roll_over(before, found.meter.digits, rules.rollover_percent) else "",
        }  # fmt: skip
    return form


@lru_cache(1024)
def _kind(names: tuple[tuple[str, str], ...]) -> type[DecisionForm]:
    return type("DecisionForm", (DecisionForm,), {name: Shown(label) for name, label in names})


def _typed(form: DecisionForm) -> tuple[str, ...]:
    """A text a zone: the guess of a hint taken with one press, or what was typed."""
    rule, *guess = request.form.get("fix", "").split()[:4] or [""]
    if guess:
        form.correction_usual.data = rule
        return tuple(guess)
    return tuple(field.data or "" for field in form if field.name.startswith("meter-"))
