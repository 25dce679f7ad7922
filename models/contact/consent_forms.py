"""Consents on paper: blanks with a number of their own, and which document and account a number or a code means.

A blank that we print is a row with a number, «С-000123-4», its last digit a check digit (Damm's: one wrong digit or two neighbours that
changed places are noticed). A public blank, printed by anybody, says only which document it is: its code is that of the very words.
A paper that came without a number gets one when it is registered.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from peewee import CharField, DateField, DateTimeField, ForeignKeyField

from models import audit, clock, company, limits
from models.base import Refusal, Row, database, locked
from models.company_consents import KINDS, ConsentDocument
from models.consents import Consent, ConsentText
from models.metering.accounts import Account
from models.metering.paperforms import numbers
from models.metering.paperforms.numbers import Meant

MOST_COPIES = 50  # of a blank without an account, in one file
LONGEST_CODE = 40  # characters that are looked at
MOST_LOOKUPS, UNNOTED_LOOKUPS, HOUR = 600, 60, 3600  # of one employee
_DAMM = tuple(
    tuple(map(int, line))
    for line in (
        "0317598642", "7092154863", "4206871359", "1750983426", "6123045978", "3674209581", "5869720134", "8945362017", "9438617205",
        "2581436790",
    )
)  # fmt: skip
_PREFIX = "С"  # Cyrillic; the key of a Latin C types it in the Russian layout
_NUMBER_DIGITS = range(7, 11)  # check digit included
_CODE_DIGITS = 14  # of a document: 13 of its words' hash and a check digit
_TOO_MANY = "Слишком много поисков за час. Подождите немного; если работы правда столько, скажите администратору."
_MISREAD = (
    "Такого номера бланка быть не может: одна из цифр неверна. Сверьте номер с бумагой или считайте код сканером."
)


class ConsentForm(Row):
    """A consent's paper: printed by us, or numbered when it came; once registered it has its consent."""

    text = ForeignKeyField(ConsentText, on_delete="RESTRICT")
    account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")  # whose data stand on it, or who brought it
    printed_at = DateTimeField(null=True)  # none: it came without a number
    printed_by = CharField(default="")  # 'staff:3', 'customer:12'
    key = CharField(null=True, unique=True)  # of the page that registered it
    consent = ForeignKeyField(Consent, null=True, unique=True, on_delete="RESTRICT")
    signed_on = DateField(null=True)
    registered_at = DateTimeField(null=True)
    registered_by = CharField(default="")
    without_scan = CharField(default="", max_length=200)  # why there is none

    class Meta:
        indexes = ((("account", "text", "printed_by"), False),)

    @property
    def number(self) -> str:
        """«С-000123-4», as it stands on the paper."""
        digits = f"{self.id:06}"
        return f"{_PREFIX}-{digits}-{check_digit(digits)}"

    @property
    def code(self) -> str:
        """What the bars say: the number with a Latin letter, since Code 128 knows no other."""
        return "C" + self.number[1:]

    @property
    def subject(self) -> str:
        return f"consent_form:{self.id}"

    @property
    def is_registered(self) -> bool:
        return self.consent_id is not None


class Scanned(NamedTuple):
    """What was typed or scanned: a blank of ours, or a document alone (a public blank)."""

    form: ConsentForm | None
    document: ConsentDocument


def documents() -> dict[str, ConsentDocument]:
    """What can be agreed to on paper, by kind, the versions in force."""
    return {kind: one for kind, one in company.current().consents.items() if KINDS[kind].on_paper}


def document_of(text: ConsentText) -> ConsentDocument:
    """The document that a paper was printed with, whether its version is still in force or not."""
    title = text.text.partition("\n")[0].strip()
    return ConsentDocument(text.kind, text.version, title, text.text, text.hash)


def code_of(document: ConsentDocument) -> str:
    """The bars on a public blank: which words they are, in digits alone, so that a scanner types them in any layout."""
    digits = f"{int(document.hash[:10], 16):013}"
    return f"C-{digits}-{check_digit(digits)}"


def check_digit(digits: str) -> str:
    """H. M. Damm, «Total anti-symmetrische Quasigruppen» (2004)."""
    place = 0
    for digit in digits:
        place = _DAMM[place][int(digit)]
    return str(place)


def print_blank(document: ConsentDocument, copies: int = 1) -> list[ConsentForm]:
    """Blanks that anybody may fill in, each with a number. Refused: none, or more than 50."""
    if not 1 <= copies <= MOST_COPIES:
        raise Refusal("copies", f"Напишите число от 1 до {MOST_COPIES}.", "consent_form.copies")
    with database.atomic():
        _keep(document)
        made = [_made(document, None) for _ in range(copies)]
        _note(document, made)
        return made


def print_for(account: Any, document: ConsentDocument) -> ConsentForm:
    """A blank with the account's data. Printed again by the same person and not brought back yet, it is the same one."""
    with database.atomic():
        _keep(document)
        locked(Account.select().where(Account.id == account.id)).get()
        known = ConsentForm.get_or_none(
            ConsentForm.account == account.id,
            ConsentForm.text == document.hash,
            ConsentForm.printed_by == audit.actor().who,
            ConsentForm.printed_at.is_null(False),
            ConsentForm.consent.is_null(),
        )
        form: ConsentForm = known or _made(document, account.id)
        _note(document, [form], account=account.number)
        return form


def take_in(document: ConsentDocument, account: Account, key: str) -> ConsentForm:
    """A paper that came without a number gets one, in the caller's transaction."""
    _keep(document)
    form: ConsentForm = ConsentForm.create(text=document.hash, account=account, key=key)
    return form


def scan(typed: str) -> Scanned:
    """The blank or the document that a number or a code means. Refused: one that cannot be right, one that nobody has printed."""
    given = unicodedata.normalize("NFKC", typed[:LONGEST_CODE])
    digits = "".join(one for one in given if one in "0123456789")
    if len(digits) != _CODE_DIGITS and len(digits) not in _NUMBER_DIGITS:
        raise Refusal("form", "Введите номер бланка целиком, например С-000123-4.", "consent_form.number")
    if check_digit(digits[:-1]) != digits[-1]:
        raise Refusal("form", _MISREAD, "consent_form.misread")
    return _by_code(digits) if len(digits) == _CODE_DIGITS else _by_number(int(digits[:-1]))


def find(form_id: int) -> ConsentForm | None:
    return ConsentForm.get_or_none(ConsentForm.id == form_id)


def look_up(typed: str, employee_id: int, office_id: int | None = None) -> Meant:
    """The account that a clerk means. Many an hour are noted, too many refused: who looks and registers nothing reads the customer base."""
    limits.spend("consents.lookup", str(employee_id), MOST_LOOKUPS, HOUR, _TOO_MANY)
    meant = numbers.recognise(typed, office_id)
    shown = [meant.account] if meant.account else meant.candidates
    if shown and limits.hit("consents.unused", str(employee_id), HOUR) > UNNOTED_LOOKUPS:
        audit.record("consents.looked_up", f"staff:{employee_id}", account=", ".join(one.number for one in shown))
    return meant


def count_form(employee_id: int) -> None:
    """A paper was registered: one lookup was needed for it."""
    limits.give_back("consents.unused", str(employee_id), HOUR)


def _by_number(form_id: int) -> Scanned:
    form = find(form_id)
    if form is None:
        raise Refusal(
            "form",
            "Бланка с таким номером не печатали. Если номера на бумаге нет, выберите согласие и счёт ниже.",
            "consent_form.unknown",
        )
    return Scanned(form, document_of(form.text))


def _by_code(digits: str) -> Scanned:
    for document in company.current().consent_versions.values():
        if code_of(document) == f"C-{digits[:-1]}-{digits[-1]}":
            return Scanned(None, document)
    raise Refusal("form", "Такого документа у компании нет. Выберите согласие и счёт ниже.", "consent_form.unknown")


def _keep(document: ConsentDocument) -> None:
    """The words stay as long as any paper with them."""
    row = {"hash": document.hash, "kind": document.kind, "version": document.version, "text": document.text}
    ConsentText.insert(row).on_conflict_ignore().execute()


def _made(document: ConsentDocument, account_id: int | None) -> ConsentForm:
    made: ConsentForm = ConsentForm.create(
        text=document.hash, account=account_id, printed_at=clock.now(), printed_by=audit.actor().who
    )
    return made


def _note(document: ConsentDocument, forms: Iterable[ConsentForm], **detail: Any) -> None:
    numbers_ = [one.number for one in forms]
    subject = f"account:{detail['account']}" if "account" in detail else "consents"
    audit.record(
        "consent.form_printed", subject, kind=document.kind, version=document.version, first=numbers_[0], count=len(numbers_)
    )  # fmt: skip
