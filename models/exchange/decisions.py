"""What people decide about a transfer: that a file is loaded, money by a second person, that it is put aside, mended, undone.

Each decision is a move that only one can make; the work behind it is `handling`'s.
"""

from __future__ import annotations

from typing import Any

from peewee import ModelSelect

from models import audit, clock, company, words
from models.base import Refusal, database
from models.exchange.transfers import (
    CHECKED,
    DROPPED,
    FAILED,
    IN,
    LOADED,
    LOADING,
    OUT,
    UNDOING,
    UPLOADED,
    WAITING,
    Transfer,
    held,
    printable,
)  # fmt: skip
from models.metering.accounts import Account
from models.metering.readings import ACCEPTED, HELD, Reading

_REASON = 500


def ask(transfer_id: int, employee_id: int, *, keep_good: bool = False) -> str:
    """Ask that a checked file be loaded; what needs two people then waits for the second. The state after it.

    Refused: a file that is not checked, that has faults, or nothing in it.
    """
    with database.atomic():
        transfer = held(transfer_id)
        if transfer.state != CHECKED:
            raise Refusal(None, "Этот файл уже не ждёт загрузки. Откройте страницу заново.", "transfer.state")
        if transfer.has_faults and not (keep_good and transfer.may_keep_good):
            raise Refusal(None, "В файле есть ошибки: исправьте их и загрузите файл снова.", "transfer.faults")
        if not transfer.counts.get("read"):
            raise Refusal(None, "В файле нет ни одной строки.", "transfer.nothing")
        state = WAITING if transfer.needs_two else LOADING
        _move(transfer, CHECKED, state, asked_by=employee_id, asked_at=clock.now(), keep_good=keep_good, reason="")
        audit.record("transfer.asked", transfer.subject, keep_good=keep_good)
        return state


def approve(transfer_id: int, employee_id: int) -> None:
    """The second person lets a file in. Refused: whoever uploaded it, mended it or asked for it, a file that does not wait."""
    with database.atomic():
        transfer = held(transfer_id)
        _refuse_same(employee_id, transfer.employee_id, transfer.asked_by_id, *transfer.menders)
        _move(transfer, WAITING, LOADING, approved_by=employee_id, approved_at=clock.now())
        audit.record("transfer.approved", transfer.subject, asked_by=transfer.asked_by_id)


def decline(transfer_id: int, employee_id: int, reason: str) -> None:
    """The second person says no, and why; whoever asked may also take it back. The file can be asked for again."""
    note = _note(reason, "Напишите, что не так: это увидит тот, кто загружал.")
    with database.atomic():
        transfer = held(transfer_id)
        _move(transfer, WAITING, CHECKED, reason=note, asked_by=None, asked_at=None)
        audit.record("transfer.declined", transfer.subject, reason=note)


def drop(transfer_id: int) -> None:
    """Put a file that was not loaded aside; it stays in the list. Refused: one that was loaded or is being worked on."""
    with database.atomic():
        transfer = held(transfer_id)
        if transfer.state not in (CHECKED, WAITING, FAILED):
            raise Refusal(None, "Этот файл уже нельзя убрать.", "transfer.state")
        if undoable_readings(transfer.id).exists():
            text = "Часть показаний этого файла уже загружена. Загрузите его до конца, потом отмените загрузку."
            raise Refusal(None, text, "transfer.begun")
        _move(transfer, transfer.state, DROPPED)
        audit.record("transfer.dropped", transfer.subject)


def check_again(transfer_id: int) -> None:
    """Check a file once more: what it rests on may have been loaded meanwhile."""
    with database.atomic():
        transfer = held(transfer_id)
        if transfer.direction != IN or transfer.state not in (CHECKED, FAILED):
            raise Refusal(None, "Этот файл сейчас нельзя проверить заново.", "transfer.state")
        _move(transfer, transfer.state, UPLOADED, tries=0, claimed_until=None, reason="")


def mend(transfer_id: int, line: int, number: str, employee_id: int) -> None:
    """Say which account a register's line is for; the file is checked again. Refused: another line, an account that is not there."""
    normal = company.current().normal_number(number)
    if normal is None:
        raise Refusal(f"line-{line}", f"Номер лицевого счёта — {company.current().number.hint}.", "transfer.account")
    if not Account.select().where(Account.number == normal).exists():
        raise Refusal(
            f"line-{line}", "Такого лицевого счёта нет. Найдите его по фамилии или адресу.", "transfer.account"
        )
    with database.atomic():
        transfer = held(transfer_id)
        unclear = {one["line"]: one for one in transfer.facts.get("unclear", ())}
        if transfer.state != CHECKED or line not in unclear:
            raise Refusal(None, "Эта строка не ждёт исправления. Откройте страницу заново.", "transfer.state")
        mended = {**transfer.mended, str(line): [normal, employee_id]}
        _move(transfer, CHECKED, UPLOADED, mended=mended, tries=0, claimed_until=None)
        audit.record("transfer.mended", transfer.subject, line=line, was=unclear[line]["account"], now=normal)


def why_two(transfer: Transfer) -> str:
    """Why a second person looks at a file before it is loaded; empty when nobody needs to."""
    if transfer.is_money:
        return "Это деньги."
    if transfer.needs_two and transfer.kind == "accounts":
        count = words.plural(transfer.counts["owners"], "счёта", "счетов", "счетов")
        return f"Файл меняет владельца или код доступа у {count}."
    return "По этим строкам считаются деньги всех абонентов." if transfer.needs_two else ""


def why_no_undo(transfer: Transfer) -> str:
    """Why a transfer cannot be undone, and what to do instead; empty when it can."""
    if transfer.direction == OUT or transfer.state != LOADED:
        return "Отменить можно только загруженный файл."
    if transfer.kind in ("payments", "readings"):
        return ""
    if transfer.kind == "balances":
        return "Остатки вносятся один раз. Ошибку исправляет администратор проводкой."
    if transfer.kind == "charges":
        return "Начисления уже в счетах. Исправление приходит строкой перерасчёта в следующем месяце."
    return "Загрузите исправленный файл: его строки заменят эти."


def ask_undo(transfer_id: int, employee_id: int, reason: str) -> str:
    """Ask that what a file brought be taken back; money waits for somebody else. Refused: what cannot be undone, no reason."""
    note = _note(reason, "Напишите, почему файл отменяется: это останется в журнале.")
    with database.atomic():
        transfer = held(transfer_id)
        if why_not := why_no_undo(transfer):
            raise Refusal(None, why_not, "transfer.undo")
        if transfer.is_undo_asked:
            raise Refusal(None, "Отмена этого файла уже ждёт подтверждения.", "transfer.state")
        if transfer.kind == "readings" and not undoable_readings(transfer.id).exists():
            text = "Отменять нечего: показания этого файла уже учтены в счетах. Исправьте их новыми показаниями."
            raise Refusal(None, text, "transfer.undo")
        state = LOADED if transfer.is_money else UNDOING
        facts = {"undo_asked_by": employee_id, "undo_asked_at": clock.now(), "undo_reason": note}
        _move(transfer, LOADED, state, tries=0, claimed_until=None, **facts)
        audit.record("transfer.undo_asked", transfer.subject, reason=note)
        return state


def approve_undo(transfer_id: int, employee_id: int) -> None:
    """The second person lets money be taken back. Refused: whoever asked for it."""
    with database.atomic():
        transfer = held(transfer_id)
        if not transfer.is_undo_asked:
            raise Refusal(None, "Отмены этого файла никто не ждёт.", "transfer.state")
        _refuse_same(employee_id, transfer.undo_asked_by_id)
        _move(transfer, LOADED, UNDOING, undo_approved_by=employee_id)
        audit.record("transfer.undo_approved", transfer.subject, asked_by=transfer.undo_asked_by_id)


def decline_undo(transfer_id: int, reason: str) -> None:
    note = _note(reason, "Напишите, почему файл остаётся.")
    with database.atomic():
        transfer = held(transfer_id)
        if not transfer.is_undo_asked:
            raise Refusal(None, "Отмены этого файла никто не ждёт.", "transfer.state")
        _move(transfer, LOADED, LOADED, reason=note, undo_asked_by=None, undo_asked_at=None, undo_reason="")
        audit.record("transfer.undo_declined", transfer.subject, reason=note)


def undoable_readings(transfer_id: int) -> ModelSelect[Any]:
    """What a file of readings brought and no bill rests on."""
    return Reading.select(Reading.id).where(Reading.loaded_by == transfer_id, Reading.state.in_((ACCEPTED, HELD)))


def _move(transfer: Transfer, source: str, target: str, **facts: Any) -> None:
    """The move, if the transfer still stands there."""
    moved = Transfer.update(state=target, **facts).where(Transfer.id == transfer.id, Transfer.state == source).execute()
    if not moved:
        raise Refusal(None, "Этот файл уже в другом состоянии. Откройте страницу заново.", "transfer.state")


def _refuse_same(employee_id: int, *others: int | None) -> None:
    if employee_id in others:
        raise Refusal(
            None, "Подтверждает другой сотрудник: не тот, кто загружал, исправлял или просил.", "transfer.same_person"
        )


def _note(text: str, missing: str) -> str:
    note = printable(" ".join(text.split()))[:_REASON]
    if not note:
        raise Refusal("reason", missing, "transfer.reason")
    return note
