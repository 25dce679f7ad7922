"""What a fitter's visit has come to, entered in one act: a meter replaced, a first one hung, one verified.

All of it is one transaction: the old meter with its final values, the new one with its initial values, the words that find the account,
the order, the photos, the audit row, the letter. From the visit's day on readings are the new meter's; what the old one has used up to
its end is billed with that month, or with the present one where that month is billed already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import IntegrityError

from models import audit, clock, company, files, seal, words
from models.base import Problem, Refusal, database, locked
from models.files import Draft
from models.metering import checks, closings, dating, finding, hanging
from models.metering.checks import Dial
from models.metering.hanging import NewMeter, plain, until_by_catalogue
from models.metering.meters import Meter, active, in_words, unit, values, zones_of
from models.metering.meters import of_account as meters_of
from models.metering.orders import moves
from models.metering.orders.rows import CANCELLED, DONE, INSTALLATION, OPEN, REPLACEMENT, VERIFICATION, Order
from models.metering.readings import ACCEPTED, BILLED, COUNTED, HELD, REPLACED, Reading

OLDEST = timedelta(days=90)  # a visit's result comes no later
LONGEST_SEALS = 200
MOST_FILES = 10


@dataclass(frozen=True)
class Visit:
    """What every visit has: its day, and what was brought from it."""

    day: date
    seals: str = ""
    files: Sequence[Draft] = ()
    confirmed: str = ""  # the mark of the doubts that were shown and are confirmed


class Doubtful(Exception):  # noqa: N818
    """Nothing was stored: the employee should look again. `mark` confirms these very values and no others."""

    def __init__(self, texts: list[str], mark: str):
        super().__init__(" ".join(texts))
        self.texts, self.mark = texts, mark


class Before(NamedTuple):
    """What the old meter's dial showed last before the visit."""

    values: tuple[int, ...]
    day: date


def last_shown(meter: Any, day: date) -> Before:
    """The last counted reading taken until that day, else what the dial showed when it was hung."""
    row = (
        Reading.select()
        .where(Reading.meter == meter.id, Reading.state.in_(COUNTED), Reading.taken <= day)
        .order_by(Reading.taken.desc(), Reading.id.desc())
        .first()
    )
    if row is None:
        return Before(values(meter, meter.zones, "initial_"), meter.installed)
    return Before(values(row, meter.zones), row.taken)


def replace(order_id: int, visit: Visit, finals: Sequence[str], new: NewMeter) -> Order:
    """The old meter is taken down with its final values, the new one hung. The same result again changes nothing.

    Refused, a problem a field: a day to come, one more than 90 days ago or before a reading that is billed; final values below the last
    reading; a serial number that is there already; whatever does not fit the dial. Raises Doubtful where the use is unusual, or where
    readings of a later day give way.
    """
    return _in_one_act(order_id, REPLACEMENT, visit, lambda order: _replace(order, visit, finals, new), new.serial)


def install(order_id: int, visit: Visit, new: NewMeter) -> Order:
    """A first meter of the account's service is hung; refused as `replace` refuses, and where one hangs already."""
    return _in_one_act(order_id, INSTALLATION, visit, lambda order: _install(order, visit, new), new.serial)


def verify(order_id: int, visit: Visit, *, passed: bool, due: date | None = None, reason: str = "") -> Order:
    """The meter has passed its verification and is good until `due` (None: as the catalogue says of its model), or it has not, and why.

    Refused: a day to come or too long ago, an end of the interval that is not after it, a meter that is gone, no reason.
    """
    return _in_one_act(order_id, VERIFICATION, visit, lambda order: _verify(order, visit, passed, due, reason))


def attach(order_id: int, drafts: Sequence[Draft]) -> None:
    """Lay photos and acts with the order. Refused: more than ten files in all; then the drafts are thrown away."""
    try:
        with database.atomic():
            order = moves.hold(order_id)
            if files.of(order.subject).count() + len(drafts) > MOST_FILES:
                raise Refusal("files", f"К визиту — до {MOST_FILES} файлов.", "visit.files")
            for draft in drafts:
                files.attach(draft, order.subject)
    except Refusal:
        _discard(drafts)
        raise


def _in_one_act(order_id: int, kind: str, visit: Visit, work: Any, serial: str = "") -> Order:
    """Do the work with meters and order held; a draft whose visit is refused is thrown away."""
    account_id = Order.select(Order.account).where(Order.id == order_id).scalar()
    try:
        with database.atomic():
            # Meters first: a replacement ends the meter's other orders, one of which may wait for its own result here.
            list(locked(Meter.select(Meter.id).where(Meter.account == account_id).order_by(Meter.id)).tuples())
            order: Any = moves.hold(order_id)
            closings.hold()
            if order.state == DONE and _is_repeat(order, serial):
                _discard(visit.files)
                return order
            _check_order(order, kind)
            changes, told = work(order)
            for draft in visit.files:
                files.attach(draft, order.subject)
            moves.move(order, DONE, told, **{"seals": visit.seals.strip(), "reason": "", **changes})
            return order
    except IntegrityError:
        _discard(visit.files)
        raise Refusal("serial", "Счётчик с этим номером только что завели. Проверьте номер.", "meter.known") from None
    except (Refusal, Doubtful):
        _discard(visit.files)
        raise


def _is_repeat(order: Any, serial: str) -> bool:
    return order.new_meter.serial == plain(serial) if order.new_meter_id else not serial


def _check_order(order: Any, kind: str) -> None:
    if order.kind != kind or order.state not in OPEN:
        raise Refusal(None, "Заявка тем временем изменилась. Посмотрите, что с ней теперь.", "order.state")


def _replace(order: Any, visit: Visit, finals: Sequence[str], new: NewMeter) -> tuple[dict[str, Any], str]:
    old = order.meter
    problems = _visit_problems(order, visit)
    if old.removed is not None:
        raise Refusal(
            None, f"Счётчик № {old.serial} уже снят {words.day(old.removed)}. Отмените заявку.", "meter.removed"
        )
    if not problems and visit.day <= old.installed:
        text = f"Счётчик № {old.serial} установлен {words.day(old.installed)}: снять его раньше нельзя."
        problems.append(Problem("day", text, "meter.not_yet"))
    ended = hanging.dials(finals, old.zones, old.digits, "final", problems)
    columns = hanging.columns(order.account_id, order.service, visit.day, new, problems)
    if problems:
        raise Refusal(problems=problems)
    given_way = _check_finals(order, old, visit, ended)
    _take_down(old, visit.day, ended)
    Reading.update(state=REPLACED).where(Reading.id.in_(given_way)).execute()
    fresh = Meter.create(**columns)
    _settle(order, fresh, old.serial)
    _cancel_others(order, old)
    return {"new_meter": fresh.id}, (
        f"Счётчик № {old.serial} снят, его показание: {in_words(ended)}. Поставлен № {fresh.serial} ({fresh.model}), его показание: "
        f"{in_words(values(fresh, fresh.zones, 'initial_'))}, {_until(fresh)}."
    )


def _install(order: Any, visit: Visit, new: NewMeter) -> tuple[dict[str, Any], str]:
    problems = _visit_problems(order, visit)
    hung = [one for one in meters_of(account=order.account_id) if one.service == order.service]
    blocking = [one for one in hung if one.removed is None or one.removed > visit.day]
    if blocking:
        text = f"Счётчик № {blocking[0].serial} уже висит на этом лицевом счёте. Отмените заявку или заведите замену."
        raise Refusal(None, text, "meter.there")
    columns = hanging.columns(order.account_id, order.service, visit.day, new, problems)
    if problems:
        raise Refusal(problems=problems)
    fresh = Meter.create(**columns)
    _settle(order, fresh)
    shown = in_words(values(fresh, fresh.zones, "initial_"))
    return {
        "new_meter": fresh.id
    }, f"Установлен счётчик № {fresh.serial} ({fresh.model}), его показание: {shown}, {_until(fresh)}."


def _verify(order: Any, visit: Visit, passed: bool, due: date | None, reason: str) -> tuple[dict[str, Any], str]:
    meter, problems = order.meter, _visit_problems(order, visit)
    if not active([meter], visit.day):
        raise Refusal(None, f"В этот день счётчик № {meter.serial} не стоял. Проверьте день визита.", "meter.removed")
    if not passed:
        why = " ".join(reason.split())
        if not why:
            problems.append(Problem("reason", "Напишите, что со счётчиком: это прочтёт клиент.", "verify.reason"))
        if problems:
            raise Refusal(problems=problems)
        audit.record("meter.unfit", _account_subject(order), serial=meter.serial)
        why = why if why.endswith((".", "!", "?")) else f"{why}."
        return {"reason": why}, f"Счётчик № {meter.serial} поверку не прошёл: {why} Его нужно заменить."
    until = due or until_by_catalogue(meter.model, visit.day)
    if until is None or until <= visit.day:
        problems.append(
            Problem("due", "Укажите, до какого дня счётчик поверен: он в свидетельстве о поверке.", "verify.due")
        )
    if problems or until is None:
        raise Refusal(problems=problems)
    Meter.update(verification_due=until).where(Meter.id == meter.id).execute()
    audit.record("meter.verified", _account_subject(order), serial=meter.serial, until=until.isoformat())
    return {}, f"Счётчик № {meter.serial} поверен, следующая поверка — до {words.day(until)}."


def _visit_problems(order: Any, visit: Visit) -> list[Problem]:
    problems = _day_problems(order, visit.day)
    if len(visit.seals.strip()) > LONGEST_SEALS:
        problems.append(Problem("seals", f"Слишком длинно: можно до {LONGEST_SEALS} знаков.", "visit.seals"))
    if len(visit.files) > MOST_FILES:
        problems.append(Problem("files", f"К визиту — до {MOST_FILES} файлов.", "visit.files"))
    return problems


def _day_problems(order: Any, day: date) -> list[Problem]:
    today = clock.today()
    if day > today:
        return [Problem("day", f"{words.day(day)} ещё не наступило. Проверьте день визита.", "visit.future")]
    if today - day > OLDEST:
        return [Problem("day", f"Визит был больше {OLDEST.days} дней назад. Проверьте день.", "visit.too_old")]
    if day < order.account.opened:
        return [
            Problem(
                "day", f"Лицевой счёт открыт {words.day(order.account.opened)}, позже этого дня.", "account.not_yet"
            )
        ]
    return []


# ---- the old meter's end


def _check_finals(order: Any, old: Any, visit: Visit, ended: tuple[int, ...]) -> list[int]:
    """The readings that give way to the final values. Refused or Doubtful as `replace` says."""
    later = _later(old, visit.day)
    billed = [one for one in later if one.state == BILLED]
    if billed:
        text = f"По показанию этого счётчика от {words.day(billed[0].taken)} уже выставлен счёт. Проверьте день визита."
        raise Refusal("day", text, "visit.billed")
    doubts = [_gives_way(one, old) for one in later]
    before = last_shown(old, visit.day)
    days = max(1, (visit.day - before.day).days)
    dial = Dial(
        old.serial, old.zones, old.digits, old.ratio, before.values, days, _usual(order, old, visit.day), unit(old)
    )
    verdict = checks.judge(dial, ended, company.current().checks_of(old.service))
    if verdict.rule == "usage.below_previous":
        text = f"Меньше, чем было {words.day_month(before.day)}: {in_words(before.values)}. Проверьте показание снятого счётчика."
        raise Refusal("final_t1", text, "final.below")
    if verdict.outcome != checks.ACCEPTED:
        doubts.append(verdict.reason)
    mark = seal.fingerprint(f"{order.id}|{visit.day}|{ended}|{[one.id for one in later]}")[:16]
    if doubts and visit.confirmed != mark:
        raise Doubtful(doubts, mark)
    return [one.id for one in later]


def _later(old: Any, day: date) -> list[Any]:
    """Readings of the old meter that were passed for a day after its end."""
    standing = Reading.state.in_((ACCEPTED, HELD, BILLED))
    return list(Reading.select().where(Reading.meter == old.id, Reading.taken > day, standing).order_by(Reading.taken))


def _gives_way(reading: Any, old: Any) -> str:
    shown = in_words(values(reading, old.zones))
    return f"Показание {shown} от {words.day_month(reading.taken)} передано уже после визита: оно не будет учтено."


def _usual(order: Any, old: Any, day: date) -> float | None:
    known = dating.known_on(order.account_id, day, clock.period(day))
    return known.standings[old.id].usual_daily if old.id in known.standings else None


def _take_down(old: Any, day: date, ended: tuple[int, ...]) -> None:
    finals = {f"final_{zone}": value for zone, value in zip(zones_of(old), ended, strict=True)}
    gone = Meter.update(removed=day, **finals).where(Meter.id == old.id, Meter.removed.is_null()).execute()
    if gone != 1:
        raise Refusal(None, f"Счётчик № {old.serial} уже снят. Отмените заявку.", "meter.removed")


# ---- what follows


def _settle(order: Any, fresh: Meter, old_serial: str = "") -> None:
    finding.refresh([order.account_id])
    deed = "meter.replaced" if old_serial else "meter.installed"
    former = {"former": old_serial} if old_serial else {}
    audit.record(deed, _account_subject(order), serial=fresh.serial, day=fresh.installed.isoformat(), **former)


def _cancel_others(order: Any, old: Any) -> None:
    """Whatever else was wished for the meter that is gone."""
    for other in Order.select().where(Order.meter == old.id, Order.id != order.id, Order.state.in_(OPEN)):
        why = f"Счётчик № {old.serial} заменён."
        moves.move(other, CANCELLED, why, reason=why)


def _account_subject(order: Any) -> str:
    return f"account:{order.account.number}"


def _until(meter: Meter) -> str:
    return f"поверен до {words.day(meter.verification_due)}" if meter.verification_due else "срок поверки не указан"


def _discard(drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        files.discard(draft)
