"""Typing forms: each row is judged at once, corrected, withdrawn or put aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models import audit, clock, seal
from models.base import Refusal, database, locked
from models.metering import withdrawals
from models.metering.meters import Meter
from models.metering.paperforms import looking, numbers
from models.metering.paperforms.batches import (
    ACCEPTED,
    DOUBT,
    HELD,
    REPLACED,
    SAME,
    WITHDRAWN,
    Batch,
    PaperForm,
    check_open,
    clean,
    hold,
    on_line,
)
from models.metering.paperforms.judging import Judged, judge, plain, standings_of, sums, usage

SAMPLE_EVERY = 20  # 5 % of the rows that nothing is wrong with
LONGEST_TEXT, MOST_TEXTS = 40, 24
_LONGEST_ACCOUNT, _LONGEST_KEY, _LONGEST_REASON = 300, 100, 200
_WITHDRAWN = "Внесено сотрудником по ошибке."
_CORRECTED = "Исправлено сотрудником по бланку."


def enter(
    batch_id: int,
    account_text: str,
    typed: Sequence[str],
    *,
    key: str,
    employee_id: int,
    line: int | None = None,
    confirmed: bool = False,
) -> PaperForm:
    """Type a form: on a new line, or anew on one that stands. The same key again gives the first answer.

    An unusual form becomes a doubt and nothing is stored; the same values typed once more on its line confirm it. What is wrong with
    the form is in its state and reason. Refused: a closed batch, no such line, a line whose reading is billed.
    """
    account_text = clean(account_text, numbers.LONGEST)
    texts = [clean(text, LONGEST_TEXT) for text in typed[:MOST_TEXTS]]
    key = f"{batch_id}:{clean(key, _LONGEST_KEY)}"
    with database.atomic():
        batch = hold(batch_id)
        if repeated := PaperForm.get_or_none(PaperForm.key == key):
            return repeated
        check_open(batch)
        former = _former(batch, line)
        meant = numbers.recognise(account_text, batch.office_id)
        if former and _is_unchanged(former, meant.account, texts):
            return former
        is_sure = confirmed or (former is not None and _confirms(former, meant.account, texts))
        _take_back(former, meant.account)
        judged = judge(batch, meant, texts, key, is_sure, line)
        row = _stored(batch, former, account_text, texts, meant.account, judged, key, employee_id)
        _record("paperform.corrected" if former else "paperform.entered", batch, row)
        if meant.account is not None:
            looking.count_form(employee_id)
        return row


def enter_on(batch_id: int, account_text: str, typed: Sequence[str], *, key: str, employee_id: int) -> list[PaperForm]:
    """Type a form by a clerk who did not wait to hear how many zones it has: what runs past them and names an account is the next form."""
    with database.atomic():
        here, rest = _split(hold(batch_id), account_text, list(typed[:MOST_TEXTS]))
        forms = [enter(batch_id, account_text, here, key=key, employee_id=employee_id)]
        if rest:
            forms += enter_on(batch_id, rest[0], rest[1:], key=f"{key}+", employee_id=employee_id)
        return forms


def _split(batch: Batch, account_text: str, typed: list[str]) -> tuple[list[str], list[str]]:
    account = numbers.recognise(account_text, batch.office_id).account
    if account is None:
        return typed, []
    try:
        zones = sum(standing.meter.zones for standing in standings_of(account.id, batch.taken))
    except Refusal:
        return typed, []
    rest = typed[zones:]
    names_another = bool(zones and rest) and numbers.recognise(rest[0], batch.office_id).account is not None
    return (typed[:zones], rest) if names_another else (typed, [])


def confirm(form: PaperForm, key: str) -> None:
    """Store a doubt as it stands, once another employee has read the same from the paper; inside the caller's transaction."""
    judged = judge(form.batch, numbers.Meant(form.account, []), form.typed, key, True, form.line)
    facts = {"state": judged.state, "rule": judged.rule, "reason": judged.reason, "receipt": judged.receipt_id}
    _move(form, **facts, dials=judged.dials, usage=usage(judged.dials))


def withdraw(form_id: int, reason: str = "") -> None:
    """Take a row out: its reading counts no more. A second time changes nothing. Refused: a closed batch, a billed reading."""
    reason = clean(reason, _LONGEST_REASON)
    with database.atomic():
        form = standing(form_id)
        if form.state == WITHDRAWN:
            return
        _take_back(form, None)
        _move(form, state=WITHDRAWN, reason=reason, rule="", aside="", receipt=None)
        audit.record("paperform.withdrawn", form.batch.subject, line=form.line, account=_number_of(form), reason=reason)


def withdraw_line(batch_id: int, line: int) -> None:
    """`withdraw` for the row that stands on a line."""
    stands = on_line(batch_id, line)
    if stands is None:
        raise Refusal(None, f"Строки {line} в этой пачке нет.", "line.unknown")
    withdraw(stands.id)


def set_aside(form_id: int, reason: str) -> None:
    """Leave a doubt or a refused row as it is, with a reason, so that the batch can be closed without it."""
    if not (text := clean(reason, _LONGEST_REASON)):
        raise Refusal("reason", "Напишите, почему бланк отложен: например, «вернули абоненту».", "aside.reason")
    with database.atomic():
        form = standing(form_id)
        if not form.is_unresolved:
            raise Refusal(None, "Отложить можно только строку с сомнением или отказом.", "aside.state")
        _move(form, aside=text)
        audit.record("paperform.set_aside", form.batch.subject, line=form.line, account=_number_of(form), reason=text)


def _former(batch: Batch, line: int | None) -> PaperForm | None:
    if line is None:
        return None
    former = on_line(batch.id, line)
    if former is None:
        raise Refusal(None, f"Строки {line} в этой пачке нет.", "line.unknown")
    return former


def _is_unchanged(former: PaperForm, account: Any, texts: Sequence[str]) -> bool:
    return former.state in (ACCEPTED, HELD, SAME) and _is_alike(former, account, texts)


def _confirms(former: PaperForm, account: Any, texts: Sequence[str]) -> bool:
    return former.state == DOUBT and _is_alike(former, account, texts)


def _is_alike(former: PaperForm, account: Any, texts: Sequence[str]) -> bool:
    return account is not None and former.account_id == account.id and plain(former.typed) == plain(texts)


def _take_back(former: PaperForm | None, account: Any | None) -> None:
    """The reading that a row had stored counts no more; what follows is judged against what was there before it."""
    if former is None or former.receipt_id is None:
        return
    is_same_account = account is not None and account.id == former.account_id
    if account is not None and not is_same_account:  # one order of locks, whoever moves a form between two accounts
        both = Meter.select(Meter.id).where(Meter.account.in_((account.id, former.account_id)))
        list(locked(both.order_by(Meter.id)).tuples())
    reason = _CORRECTED if is_same_account else _WITHDRAWN
    withdrawals.withdraw(former.account, former.receipt_id, reason, corrected=is_same_account)


def _stored(
    batch: Batch,
    former: PaperForm | None,
    account_text: str,
    texts: Sequence[str],
    account: Any,
    judged: Judged,
    key: str,
    employee_id: int,
) -> PaperForm:
    if former:
        _move(former, state=REPLACED)
    line = former.line if former else _next_line(batch)
    return PaperForm.create(
        batch=batch, line=line, key=key, account=account and account.id, account_text=account_text[:_LONGEST_ACCOUNT], typed=list(texts),
        dials=judged.dials, state=judged.state, rule=judged.rule, reason=judged.reason[:2000], usage=usage(judged.dials),
        total=sums(texts), is_sampled=_is_sampled(key), receipt=judged.receipt_id, entered_by=employee_id,
        entered_at=clock.now(),
    )  # fmt: skip


def _next_line(batch: Batch) -> int:
    line = batch.lines + 1
    given = Batch.update(lines=line).where(Batch.id == batch.id, Batch.lines == batch.lines).execute()
    if given != 1:
        raise RuntimeError(f"line {line} of batch {batch.id} was given out twice")
    return line


def _is_sampled(key: str) -> bool:
    """Keyed: the key comes from the browser, and nobody is to choose one that is never looked at."""
    return int(seal.digest("sample", key)[:8], 16) % SAMPLE_EVERY == 0


def standing(form_id: int) -> PaperForm:
    """A row that stands, its batch open and locked until the transaction ends. Refused: one that was corrected meanwhile."""
    found = PaperForm.get_or_none(PaperForm.id == form_id)
    batch = hold(found.batch_id) if found else None
    form = PaperForm.get_or_none(PaperForm.id == form_id, PaperForm.state != REPLACED)
    if batch is None or form is None:
        raise Refusal(None, "Эту строку уже исправили. Обновите страницу.", "line.replaced")
    check_open(batch)
    form.batch = batch
    return form


def _move(form: PaperForm, **values_: Any) -> None:
    """Change a row that stands as it was read."""
    if "reason" in values_:
        values_["reason"] = values_["reason"][:2000]
    moved = PaperForm.update(**values_).where(PaperForm.id == form.id, PaperForm.state == form.state).execute()
    if moved != 1:
        raise RuntimeError(f"row {form.id} is no longer {form.state}")


def _record(deed: str, batch: Batch, row: PaperForm) -> None:
    audit.record(deed, batch.subject, line=row.line, account=_number_of(row), state=row.state, rule=row.rule)


def _number_of(form: PaperForm) -> str:
    return form.account.number if form.account else ""
