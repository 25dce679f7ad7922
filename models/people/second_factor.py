"""The second factor of the staff: six digits of an authenticator (RFC 6238), and codes on paper for when the telephone is lost.

The secret of an authenticator is not stored: it is derived from a seed in the table and the portal's own secret, so that whoever
reads the table alone cannot make codes. After a change of the portal's secret the old ones work on while it is known as an old key.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pyotp
from peewee import CharField, DateTimeField, ForeignKeyField

from models import audit, clock, company, limits, outbox, seal
from models.base import Refusal, Row, database
from models.people.staff import Employee

STEP = 30  # seconds
TRIES, PER = 10, 900  # from one network, in seconds
TRIES_OF_ALL, HOUR = 100, 3600  # from wherever: who knows the password must not guess on from other addresses
TOLD_AFTER = 5  # wrong codes in an hour: then the employee gets a letter
COUNT = 10  # recovery codes at a time
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike
_LONG = 10  # letters of a recovery code: 50 bits
_PURPOSE = "staff-factor"
_TOO_MANY = "Слишком много кодов подряд. Подождите 15 минут или попросите администратора прислать новую ссылку."
_WRONG = "Код не подошёл. Возьмите новый из приложения или введите код восстановления."


class RecoveryCode(Row):
    employee = ForeignKeyField(Employee, on_delete="CASCADE")
    code_seal = CharField(unique=True)
    created_at = DateTimeField(default=clock.now)
    used_at = DateTimeField(null=True)


def enrolling(employee: Employee, seed: str) -> Employee:
    """The employee with the seed of an enrolment that is not confirmed: each sign-in that enrols has one of its own."""
    employee.factor_seed = seed
    return employee


def address(employee: Employee) -> str:
    """What the QR code of the enrolment says (otpauth://…)."""
    return str(_totp(employee).provisioning_uri(name=employee.email, issuer_name=company.current().name))


def secret(employee: Employee) -> str:
    """The same secret for typing, in groups of four."""
    whole = str(_totp(employee).secret)
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def code_now(employee: Employee) -> str:
    """The code of this moment: for the demo, where everybody is shown it."""
    return str(_totp(employee).at(_moment()))


def confirm(employee: Employee, typed: str) -> list[str]:
    """Enrol: the first right code makes the factor hold. The recovery codes, shown this once.

    Refused: a wrong code, a factor that was confirmed meanwhile.
    """
    check(employee, typed)
    with database.atomic():
        same = (Employee.id == employee.id) & (Employee.password_hash == employee.password_hash)
        employee.factor_since = clock.now()
        mine = Employee.update(factor_seed=employee.factor_seed, factor_since=employee.factor_since)
        if not mine.where(same, Employee.factor_since.is_null()).execute():
            raise Refusal(None, "Второй ключ уже настроен. Войдите заново.", "staff.enrolled")
        audit.record("staff.factor_confirmed", employee.subject)
        return new_codes(employee)


def check(employee: Employee, typed: str, *, once: bool = True) -> None:
    """Refuse unless `typed` is a code of now (30 seconds early or late) not used before, or an unused recovery code.

    Tries are limited by network, so that whoever knows the password elsewhere does not lock the owner out, and widely by employee,
    who is written to when somebody goes on. `once=False`: the same code opens again, for the demo that shows it to everybody.
    """
    who, network = employee.subject, limits.network(audit.actor().ip)
    limits.spend("staff.factor", f"{who}|{network}", TRIES, PER)
    limits.spend("staff.factor_of_all", who, TRIES_OF_ALL, HOUR)
    plain = "".join(typed.split()).replace("-", "").upper()
    is_code = len(plain) == 6 and plain.isascii() and plain.isdigit()
    is_right = _use_step(employee, plain, once) if is_code else _use_recovery(employee, plain)
    if not is_right:
        _note_failure(employee)
        raise Refusal("code", _WRONG, "staff.factor")
    limits.give_back("staff.factor", f"{who}|{network}", PER)
    limits.give_back("staff.factor_of_all", who, HOUR)


def _note_failure(employee: Employee) -> None:
    """The password is known to whoever came so far: each wrong code is in the log, and the fifth in an hour is told."""
    count = limits.hit("staff.factor_failed", employee.subject, HOUR)
    with database.atomic():
        audit.record("staff.factor_failed", employee.subject)
        if count == TOLD_AFTER:
            outbox.post("staff_wrong_codes", employee.email, {"name": employee.name})


def new_codes(employee: Employee) -> list[str]:
    """Ten fresh recovery codes; all earlier ones open nothing more."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LONG)) for _ in range(COUNT)]
    with database.atomic():
        RecoveryCode.delete().where(RecoveryCode.employee == employee.id).execute()
        for code in codes:
            RecoveryCode.create(employee=employee.id, code_seal=_sealed(employee, code), created_at=clock.now())
        audit.record("staff.codes_made", employee.subject)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def codes_left(employee_id: int) -> int:
    return int(
        RecoveryCode.select().where(RecoveryCode.employee == employee_id, RecoveryCode.used_at.is_null()).count()
    )


def _use_step(employee: Employee, typed: str, once: bool) -> bool:
    now = _moment() // STEP
    for step in (now, now - 1, now + 1):
        right = any(secrets.compare_digest(str(totp.generate_otp(step)), typed) for totp in _totps(employee))
        if right:
            own = Employee.update(factor_step=step).where(Employee.id == employee.id)
            # One conditional update: two who send the same code at once cannot both be let in.
            return bool((own.where(Employee.factor_step < step) if once else own).execute())
    return False


def _use_recovery(employee: Employee, code: str) -> bool:
    if not employee.has_factor or len(code) != _LONG:
        return False
    with database.atomic():
        used = (
            RecoveryCode.update(used_at=clock.now())
            .where(RecoveryCode.employee == employee.id, RecoveryCode.used_at.is_null())
            .where(RecoveryCode.code_seal.in_([_sealed(employee, code), *_sealed_before(employee, code)]))
            .execute()
        )
        if used:
            audit.record("staff.recovery_used", employee.subject, left=codes_left(employee.id))
    return bool(used)


def _sealed(employee: Employee, code: str) -> str:
    return seal.digest("staff-recovery", f"{employee.id}|{code}")


def _sealed_before(employee: Employee, code: str) -> list[str]:
    return seal.digests("staff-recovery", f"{employee.id}|{code}")[1:]


def _totp(employee: Employee) -> Any:
    return _totps(employee)[0]


def _totps(employee: Employee) -> list[Any]:
    """One for each known secret of the portal, today's first."""
    keys = (bytes.fromhex(one)[:20] for one in seal.digests(_PURPOSE, employee.factor_seed))
    return [pyotp.TOTP(base64.b32encode(key).decode(), interval=STEP) for key in keys]


def _moment() -> int:
    """Seconds as the employee's telephone counts them, whatever day the demo plays."""
    return clock.real_seconds()
