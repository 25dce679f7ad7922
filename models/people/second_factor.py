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

from models import audit, clock, company, limits, seal
from models.base import Refusal, Row, database
from models.people.staff import Employee

STEP = 30  # seconds
TRIES, PER = 10, 900
COUNT = 10  # recovery codes at a time
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike
_LONG = 10  # letters of a recovery code: 50 bits
_PURPOSE = "staff-factor"
_WRONG = "Код не подошёл. Возьмите новый из приложения или введите код восстановления."


class RecoveryCode(Row):
    employee = ForeignKeyField(Employee, on_delete="CASCADE")
    code_seal = CharField(unique=True)
    created_at = DateTimeField(default=clock.now)
    used_at = DateTimeField(null=True)


def prepare(employee: Employee) -> None:
    """Give the employee a seed to enrol with, unless there is one; a confirmed factor stays."""
    if not employee.factor_seed:
        seed = seal.token()
        Employee.update(factor_seed=seed).where(Employee.id == employee.id, Employee.factor_seed == "").execute()
        employee.factor_seed = Employee.get_by_id(employee.id).factor_seed


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
    """Enrol: the first right code makes the factor hold. The recovery codes, shown this once. Refused: a wrong code."""
    check(employee, typed)
    with database.atomic():
        Employee.update(factor_since=clock.now()).where(Employee.id == employee.id).execute()
        employee.factor_since = clock.now()
        audit.record("staff.factor_confirmed", employee.subject)
        return new_codes(employee)


def check(employee: Employee, typed: str, *, once: bool = True) -> None:
    """Refuse unless `typed` is a code of now (30 seconds early or late) not used before, or an unused recovery code.

    `once=False`: the same code opens again, for the demo that shows it to everybody.
    """
    limits.spend("staff.factor", employee.subject, TRIES, PER)
    plain = "".join(typed.split()).replace("-", "").upper()
    if len(plain) == 6 and plain.isascii() and plain.isdigit():
        if _use_step(employee, plain, once):
            limits.give_back("staff.factor", employee.subject, PER)
            return
    elif employee.has_factor and len(plain) == _LONG and _use_recovery(employee, plain):
        return
    raise Refusal("code", _WRONG, "staff.factor")


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
