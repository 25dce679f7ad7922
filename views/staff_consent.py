"""What the office's rooms about consents share: words, the scan and the day that a form brings, which account is meant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request
from wtforms.fields.choices import SelectChoice

from models import company, consents, files
from models.base import Refusal
from models.company_consents import KINDS
from models.contact import consent_forms
from models.metering.accounts import Office
from models.metering.paperforms.numbers import Meant
from models.office import consent_list
from views import uploads
from views.staff_door import officer

_LARGEST_SENT = files.SCANS.one + uploads.WORDS  # bytes of a request with a scan
_may_register = uploads.staff_may("consents.register")
_NO_SUCH = "Такого лицевого счёта нет: проверьте номер. Из его конца нужны хотя бы 4 цифры."
_SEVERAL = "Подходит несколько счетов: выберите один или наберите номер полностью."


def let_scan_in() -> None:
    """Scans are larger than any form; let in for those alone who may add them, before anything reads the form."""
    if _may_register():
        request.max_content_length = _LARGEST_SENT


def words() -> dict[str, Any]:
    """What all pages of consents say of them."""
    return {
        "titles": {code: title(code) for code in KINDS},
        "states": consent_list.STATES,
        "state_of": consents.state,
        "when": consent_list.when,
        "is_of_account": consent_list.is_of_account,
        "channels": consents.CHANNELS,
        "endings": consent_list.ENDINGS,
        "file_endings": ",".join(files.SCANS.endings),
        "may_register": officer().may("consents.register"),
        "may_export": officer().may("consents.export"),
    }


def title(kind: str) -> str:
    document = company.current().consents.get(kind)
    return document.title if document else kind


def choices(titles: Mapping[str, str], nothing: str = "") -> list[SelectChoice]:
    first = [SelectChoice("", nothing)] if nothing else []
    return [*first, *(SelectChoice(code, text) for code, text in titles.items())]


def meant(field: Any) -> Meant:
    """The account that was typed into the field; what is none, or several, is said beside it."""
    typed = (field.data or "").strip()
    if not typed:
        return Meant(None, [])
    found = consent_forms.look_up(typed, officer().id, _office_id())
    if found.account is None:
        field.errors = [_SEVERAL if found.candidates else _NO_SUCH]
    return found


def scan(field: Any) -> files.Draft | None:
    """The scan on the disk, if one was sent. Refused: what is none, beside its own field."""
    sent = field.data
    if not getattr(sent, "filename", ""):
        return None
    try:
        return files.put(sent.stream, sent.filename)
    except Refusal as refusal:
        raise Refusal(field.name, refusal.text, refusal.problems[0].rule) from refusal


def day(field: Any) -> date:
    found = consent_list.day(field.name, (field.data or "").strip())
    if found is None:
        raise Refusal(field.name, "Введите день, например 20.11.2026.", "consent.day")
    return found


def _office_id() -> int | None:
    code = officer().office
    return Office.select(Office.id).where(Office.code == code).scalar() if code else None
