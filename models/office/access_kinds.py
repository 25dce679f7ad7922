"""Letting in whoever approves money: proposed by one administrator, approved by another.

Alone, an administrator could make a second self and approve what they propose. The first two come by the console.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.base import Refusal
from models.office.proposal_kinds import Facts, Kind, Lines
from models.people import employment, rights
from models.people.rights import ROLE_TITLES
from models.people.staff import Employee

ACCESS = "people.access"
ADD, CHANGE, RESET = "add", "change", "reset"
_RIGHT = "people.manage"
_DEEDS = {ADD: "принять на работу", CHANGE: "сменить роль", RESET: "открыть доступ заново: новый пароль и второй ключ"}


def to_add(email: str, role: str, name: str, office: str) -> tuple[str, dict[str, Any]]:
    """Subject and data of a proposal to take somebody on."""
    return f"email:{email.strip().lower()}", {"deed": ADD, "email": email, "role": role, "name": name, "office": office}


def to_change(employee: Employee, role: str, name: str, office: str) -> tuple[str, dict[str, Any]]:
    return employee.subject, {"deed": CHANGE, "employee": employee.id, "role": role, "name": name, "office": office}


def to_reset(employee: Employee) -> tuple[str, dict[str, Any]]:
    return employee.subject, {"deed": RESET, "employee": employee.id}


def _admit(_: Facts) -> None:
    """Somebody must be there to approve it."""
    able = [role for role in rights.ROLES if rights.allows(role, _RIGHT)]
    if Employee.select().where(Employee.role.in_(able), Employee.closed_at.is_null()).count() < 2:
        text = (
            "Второго администратора, который это утвердит, нет. Его заводят на сервере: "
            "flask --app app staff add ПОЧТА administrator"
        )
        raise Refusal(None, text, "staff.alone")


def _check(data: Facts) -> dict[str, Any]:
    if data["deed"] == ADD:
        if Employee.by_email(data["email"].strip().lower()):
            raise Refusal("email", "Сотрудник с этой почтой уже есть: откройте его в списке.", "staff.known")
        return {"name": data["name"], "email": data["email"], "role": ""}
    employee = Employee.get_by_id(data["employee"])
    return {"name": employee.name, "email": employee.email, "role": employee.role, "is_open": employee.is_open}


def _describe(data: Facts, facts: Facts) -> Lines:
    lines = [("Что произойдёт", _DEEDS[data["deed"]]), ("Кому", f"{facts['name']}, {facts['email']}")]
    if facts["role"]:
        lines.append(("Роль сейчас", ROLE_TITLES[facts["role"]]))
    if "role" in data:
        lines.append(("Роль будет", ROLE_TITLES[data["role"]]))
    if data["deed"] != CHANGE:
        lines.append(("Ссылка", f"уйдёт только на {facts['email']}"))
    return lines


def _brief(data: Facts, facts: Facts) -> str:
    role = f", {ROLE_TITLES[data['role']]}" if "role" in data else ""
    return f"{_DEEDS[data['deed']]}: {facts['name']}{role}"


def _do(data: Facts, _reason: str) -> str:
    if data["deed"] == ADD:
        employment.add(data["email"], data["role"], data["name"], data["office"])
        return "ссылка отправлена письмом"
    if data["deed"] == CHANGE:
        employment.change(data["employee"], data["role"], data["name"], data["office"])
        return "роль изменена"
    employee = Employee.get_by_id(data["employee"])
    (employment.reset if employee.is_open else employment.reopen)(employee.id)
    return "ссылка отправлена письмом"


KINDS: Mapping[str, Kind] = {
    ACCESS: Kind(
        ACCESS, "Доступ того, кто утверждает деньги", _check, _describe, _brief, _do, admit=_admit, propose=_RIGHT, approve=_RIGHT,
    ),
}  # fmt: skip
