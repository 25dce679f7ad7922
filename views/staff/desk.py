"""The desk: what waits for people today, whether the portal's own work goes on, and the notice for a peak day."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, NamedTuple

from flask import Blueprint, current_app, flash, request, url_for
from wtforms import TextAreaField

from models import clock, company, notices, words
from models.base import Refusal
from models.billing import print_run
from models.metering import channels
from models.office import approvals, consent_list, desk, received
from models.office.desk import Queue
from views import charts
from views.fields import Form, Line
from views.page import see
from views.staff_door import Officer, officer, staff_only
from views.staff_page import page, refused

room = Blueprint("staff_desk", __name__)
# Channels that need no line of their own; the others have «нет связи» until a gateway listens on theirs.
CONNECTED = frozenset({"web", "staff", "inspector"})
_URGENCY = ("bad", "wait", "")
_EVENING = time(20)  # until when a notice stands unless another time is given


class Card(NamedTuple):
    """One queue on the desk: how many, what of, since when, where to."""

    title: str
    waiting: str
    note: str
    href: str | None
    kind: str  # '' nothing waits | wait | bad
    state: str


class NoticeForm(Form):
    text = TextAreaField("Что увидят клиенты")
    until = Line("До какого времени показывать", most=20)

    def moment(self) -> datetime:
        """The end as a naive UTC moment; raises Refusal for what is no time."""
        try:
            wall = datetime.fromisoformat((self.until.data or "").strip())
            return clock.utc(wall.replace(tzinfo=None))
        except (ValueError, OverflowError):
            raise Refusal("until", "Введите день и время, например 2026-11-24T20:00.", "notice.until") from None


@room.get("/staff/", endpoint="show")
@staff_only("desk.see")
def show() -> Any:
    return page("staff/desk/show.html", form=_blank(), **_shown())


@room.post("/staff/notice", endpoint="put_up")
@staff_only("peak.switch")
def put_up() -> Any:
    form = NoticeForm()
    if form.validate():
        try:
            notices.announce(form.text.data or "", form.moment())
            flash("Объявление включено: в течение полуминуты его увидят все клиенты.", "good")
            return see("staff_desk.show")
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/desk/show.html", form, **_shown())


@room.post("/staff/notice/end", endpoint="take_down")
@staff_only("peak.switch")
def take_down() -> Any:
    if notices.take_down():
        flash("Объявление снято.", "good")
    else:
        flash("Объявление уже снято.")
    return see("staff_desk.show")


def _shown() -> dict[str, Any]:
    present = officer()
    day = _day()
    now, before = received.on(day)
    names = [name for name, _ in received.GROUPS]
    was = words.day_month(before.day)
    return {
        "cards": _cards(present),
        "windows": desk.windows_today(),
        "titles": channels.title,
        "connected": CONNECTED,
        "health": _health(),
        "notice": notices.present(),
        "day": day,
        "today": clock.today(),
        "received": now,
        "before": before,
        "groups": names,
        "drawing": charts.hours(now.hours, names, before.totals, was, f"Показания {words.day_month(day)} по часам"),
    }


def _cards(present: Officer) -> list[Card]:
    """The queues that the role has anything to do with, those that wait first."""
    made = (_paperforms, _readings, _reception, _approvals, _payments, _bills, _left_over, _files, _messages, _consents)
    cards = [card for make in made for card in make(present)]
    return sorted(cards, key=lambda card: _URGENCY.index(card.kind))


def _paperforms(present: Officer) -> list[Card]:
    if not present.may("paperforms.see"):
        return []
    open_ones = desk.open_batches(present.id)
    mine = f"моих{words.NBSP}{open_ones.mine}" if open_ones.mine else ""
    cards = [_card("Открытые пачки бланков", open_ones.all, "paperforms.index", mine, empty="открытых нет")]
    if present.may("paperforms.check"):
        cards.append(_card("Бланки на сверку", Queue(desk.rows_to_check(present.id)), "second_looks.index"))
    return cards


def _readings(present: Officer) -> list[Card]:
    if not present.may("readings.see"):
        return []
    return [_card("Показания на проверке", desk.held_readings(), "staff_readings.index")]


def _reception(present: Officer) -> list[Card]:
    """Appeals, orders and calls."""
    if not present.may("appeals.see"):
        return []
    found, cards = desk.reception(present.id), []
    cards.append(_card("Новые обращения", found.fresh, "staff_appeals.index", empty="все взяты", queue="nobody"))
    if found.asked:
        cards.append(_card("Спросили ваше мнение", Queue(found.asked), "staff_appeals.index", queue="asked"))
    if found.overdue:
        late = Queue(found.overdue)
        cards.append(_card("Обращения просрочены", late, "staff_appeals.index", kind="bad", queue="overdue"))
    if present.may("orders.handle") and company.current().orders.kinds:
        note = "назначить визит или внести результат" if found.orders else ""
        cards.append(_card("Заявки на счётчик", Queue(found.orders), "staff_orders.index", note))
    if present.may("callbacks.call"):
        note = f"время прошло у{words.NBSP}{found.late_calls}" if found.late_calls else ""
        kind = "bad" if found.late_calls else "wait"
        cards.append(_card("Заказанные звонки", Queue(found.calls), "staff_callbacks.index", note, kind))
    return cards


def _approvals(present: Officer) -> list[Card]:
    kinds = approvals.decided_by(present.role)
    if not kinds:
        return []
    return [_card("Ждут вашего утверждения", desk.to_approve(present.id, kinds), "approvals.index")]


def _payments(present: Officer) -> list[Card]:
    if not present.may("money.propose"):
        return []
    return [_card("Спорные оплаты", desk.disputed_payments(), "approvals.index", kind="bad")]


def _bills(present: Officer) -> list[Card]:
    found = desk.bills_waiting() if present.may("money.propose") else None
    if found is None or found.period is None:
        return []
    notes = [words.month(found.period)]
    notes += [f"из них не рассчитаны{words.NBSP}{found.failed}"] if found.failed else []
    notes += [f"за прошлые месяцы {found.earlier}"] if found.earlier else []
    note, waiting = ", ".join(notes), Queue(found.held + found.failed + found.earlier)
    return [_card("Счета ждут решения", waiting, "staff_bills.index", note, "bad" if found.failed else "wait")]


def _left_over(present: Officer) -> list[Card]:
    """Bills that have reached nobody: on no paper since they went by e-mail, and the letter came back."""
    found = print_run.left_over() if present.may("money.propose") else None
    if found is None:
        return []
    period, count = found
    note = f"{words.month(period)}: на бумаге их не было, письма не дошли; администратор печатает их: print-bills --left-over"
    return [_card("Счета никому не пришли", Queue(count), "staff_messages.index", note, "bad")]


def _files(present: Officer) -> list[Card]:
    if not present.may("exchange.see"):
        return []
    found = desk.files_waiting()
    notes = [f"второго сотрудника ждут{words.NBSP}{found.to_approve}"] if found.to_approve else []
    notes += [f"портал работает над{words.NBSP}{found.working}"] if found.working else []
    return [_card("Файлы обмена ждут", Queue(found.checked + found.to_approve), "exchange.index", ", ".join(notes))]


def _messages(present: Officer) -> list[Card]:
    if not present.may("messages.see"):
        return []
    failed = desk.letters_failed()
    note = "за последнюю неделю" if failed.count else ""
    cards = [_card("Письма и СМС не дошли", failed, "staff_messages.index", note, empty="все дошли")]
    if (doubted := desk.addresses_doubted()).count:
        note = "за сутки не приняли писем: похоже на сбой у нас, новые пока не закрываем"
        cards.append(_card("Адреса под сомнением", doubted, "staff_messages.addresses", note, "bad"))
    return cards


def _consents(present: Officer) -> list[Card]:
    found = consent_list.due() if present.may("consents.register") else None
    if found is None or not found.first:
        return []
    note = f"первое — до {words.moment(clock.local(found.first))}"
    return [_card("Отозванные согласия: закончить обработку", Queue(found.number), "staff_consents.index", note)]


def _card(
    title: str,
    waiting: Queue,
    endpoint: str,
    note: str = "",
    kind: str = "wait",
    empty: str = "всё разобрано",
    **values: Any,
) -> Card:
    since = f"дольше всех — с {words.moment(clock.local(waiting.oldest))}" if waiting.oldest and waiting.count else ""
    href = url_for(endpoint, **values) if endpoint in current_app.view_functions else None
    note = ", ".join(filter(None, (note, since)))
    if not waiting.count:
        return Card(title, waiting.shown, note, href, "", empty)
    waits = words.plural(waiting.count, "ждёт", "ждут", "ждут").split()[-1]
    return Card(title, waiting.shown, note, href, kind, waits if kind == "wait" else "нужно решение")


def _health() -> dict[str, Any]:
    """Whether what the portal does by itself goes on."""
    return {
        "mail": desk.mail(),
        "settings": current_app.extensions["kabinet"],
        "acquirer": desk.acquirer(),
        "takes_payments": current_app.extensions["kabinet"].takes_payments,
        "queue": _queue_length(),
        "billing": desk.last_billing(),
        "chain": desk.chain(),
    }


def _queue_length() -> int | None:
    """How many messages the background has not taken yet; None when the queue does not answer."""
    try:
        return int(current_app.extensions["queue"].pending_count())
    except Exception as error:  # each kind of queue has exceptions of its own
        current_app.logger.warning("the queue does not answer: %s", error)
        return None


def _day() -> date:
    """The day of the chart that the address names, else today."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return clock.today()
    return day if 2000 <= day.year <= 2099 else clock.today()


def _blank() -> NoticeForm:
    ends = datetime.combine(clock.today(), _EVENING)
    if clock.local(clock.now()) >= ends:
        ends = datetime.combine(clock.today(), time(23, 59))
    return NoticeForm(text=notices.PEAK_TEXT, until=ends.isoformat(timespec="minutes"))
