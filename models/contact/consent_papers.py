"""Signed papers: a consent registered from one, and one withdrawn by one, each with its scan.

Whatever was on the paper stands in the consent (models/consents); the paper itself is a row of consent_forms, which the scan belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from models import audit, clock, consents, files, words
from models.base import Problem, Refusal, database, locked
from models.company_consents import KINDS, PERSONAL_DATA, ConsentDocument
from models.consents import Consent
from models.contact import consent_forms
from models.contact.consent_forms import ConsentForm
from models.entrance import agreeing, consent_letters
from models.files import Draft, StoredFile
from models.metering.accounts import Account, Holding
from models.people import customers, staff
from models.people.customers import Customer

CHANNELS = {"office": "принесли в офис", "post": "пришло почтой"}
WAYS = {"email": "письмом на почту", "sms": "по СМС"}
OLDEST = 3  # years back that a signature may lie: a claim on it lapses after that (ГК art. 196)
LONGEST_REASON = 200
_NO_SCAN = "Приложите скан подписанной бумаги или напишите, почему его нет."
_ADDRESS_NEEDS_SCAN = "Этого адреса у счёта ещё нет или клиент выбрал другой: приложите скан подписанной бумаги."
_SCAN_NEEDED = "Приложите скан: без подписи клиента закрыть его кабинет нельзя."


@dataclass(frozen=True)
class Paper:
    """What a clerk reads from a signed consent. `way` and `address` where the kind asks for a contact."""

    signed_on: date
    channel: str
    way: str = ""
    address: str = ""
    scan: Draft | None = None
    without_scan: str = ""  # why there is none


def register(
    document: ConsentDocument, account: Account, paper: Paper, *, form: ConsentForm | None, key: str, employee_id: int
) -> tuple[Consent, bool]:
    """The consent of a signed paper, and whether it is new: the same blank, or the same page sent twice, gives the first.

    Refused: a day that cannot be, no contact where one is needed, neither scan nor reason. Then the scan is discarded.
    """
    try:
        contact = _checked(document, paper)
        with database.atomic():
            locked(Account.select().where(Account.id == account.id)).get()
            held = _held(document, account, paper, contact, form, key)
            if first := held.consent:
                if paper.scan:
                    files.discard(paper.scan)
                return first, False
            return _registered(held, document, account, paper, contact, employee_id), True
    except Refusal:  # after anything else nobody knows whether the rows are there: the sweep finds out
        if paper.scan:
            files.discard(paper.scan)
        raise


def withdraw(
    consent_id: int, *, received: date, channel: str, scan: Draft | None, without_scan: str, employee_id: int
) -> tuple[Consent, bool]:
    """End a consent by a paper that came on a day, and whether this did it: twice, or by two at once, it ends once.

    Refused: a day that cannot be, neither scan nor reason, no scan for personal data. What ends with it is the affair of `agreeing`.
    """
    try:
        kind = Consent.select(Consent.kind).where(Consent.id == consent_id).scalar()
        problems = [
            *_day_problems("received", received),
            *(_scan_problems(scan, without_scan) if kind != PERSONAL_DATA else _no_scan(scan)),
            *_channel_problems(channel),
        ]
        if problems:
            raise Refusal(problems=problems)
        with database.atomic():
            held: Consent = locked(Consent.select().where(Consent.id == consent_id)).get()
            if held.withdrawn_at is not None:
                if scan:
                    files.discard(scan)
                return held, False
            if received < clock.local(held.given_at).date():
                raise Refusal("received", "Отзыв не может быть раньше самого согласия.", "consent.early")
            stored = files.attach(scan, subject(consent_id)) if scan else None
            by = staff.subject(employee_id)
            ended = agreeing.withdraw(
                consent_id, channel=channel, by=by, on=received, file=stored.id if stored else None
            )
            audit.record("consent.paper_withdrawn", subject(consent_id), reason=" ".join(without_scan.split()))
            return ended, True
    except Refusal:
        if scan:
            files.discard(scan)
        raise


def subject(consent_id: int) -> str:
    """How the audit log and the scans of withdrawals name a consent."""
    return f"consent:{consent_id}"


def of_consent(consent_id: int) -> ConsentForm | None:
    """The paper that a consent was registered from."""
    return ConsentForm.get_or_none(ConsentForm.consent == consent_id)


def scans(consent_id: int, form: ConsentForm | None) -> list[StoredFile]:
    """The scan of the consent, then that of its withdrawal."""
    return [*(files.of(form.subject) if form else ()), *files.of(subject(consent_id))]


def scan_of(consent_id: int, file_id: int) -> StoredFile | None:
    """One of the consent's scans; another's is none."""
    form = of_consent(consent_id)
    return (files.one_of(form.subject, file_id) if form else None) or files.one_of(subject(consent_id), file_id)


def _held(
    document: ConsentDocument, account: Account, paper: Paper, contact: Any, form: ConsentForm | None, key: str
) -> ConsentForm:
    """The paper's row, locked; one that had no number gets a row now, unless this page or another clerk has made it."""
    if form is not None:
        held: ConsentForm = locked(ConsentForm.select().where(ConsentForm.id == form.id)).get()
        if held.printed_at and not held.is_registered and paper.signed_on < clock.local(held.printed_at).date():
            text = f"Бланк напечатан {words.day(clock.local(held.printed_at).date())}, подписать его раньше нельзя: проверьте дату."
            raise Refusal("signed_on", text, "consent_form.not_printed_yet")
        if not held.is_registered and held.account and held.account.id != account.id:
            text = f"Бланк напечатан для счёта {held.account.number}. Другой человек подписывает свой бланк."
            raise Refusal("account", text, "consent_form.other_account")
        return held
    known = ConsentForm.get_or_none(ConsentForm.key == key) or _same_paper(document, account, paper, contact)
    return known or consent_forms.take_in(document, account, key)


def _same_paper(document: ConsentDocument, account: Account, paper: Paper, contact: Any) -> ConsentForm | None:
    """The paper without a number that somebody has registered already: same words, same account, same day, still in force."""
    found: ConsentForm | None = (
        ConsentForm.select(ConsentForm, Consent)
        .join(Consent)
        .where(
            ConsentForm.account == account.id,
            ConsentForm.text == document.hash,
            ConsentForm.signed_on == paper.signed_on,
            ConsentForm.printed_at.is_null(),
            Consent.withdrawn_at.is_null(),
        )
        .first()
    )
    is_same = found is not None and found.consent is not None and found.consent.contact == (contact or {})
    return found if is_same else None


def _registered(
    form: ConsentForm, document: ConsentDocument, account: Account, paper: Paper, contact: Any, employee_id: int
) -> Consent:
    _check_order(document, account, paper)
    before = consents.stands(document.kind, account.number)
    _check_address(account, paper, contact, before)
    stored = files.attach(paper.scan, form.subject) if paper.scan else None
    consent = consents.give(
        f"account:{account.number}", document, channel=paper.channel, at=_midnight(paper.signed_on), ip="", account=account.number,
        contact=contact, paper_number=form.number, file=stored.id if stored else None, registered_by=employee_id,
    )  # fmt: skip
    facts = {
        "account": account.id, "consent": consent.id, "signed_on": paper.signed_on, "registered_at": clock.now(),
        "registered_by": staff.subject(employee_id), "without_scan": "" if stored else " ".join(paper.without_scan.split()),
    }  # fmt: skip
    ConsentForm.update(facts).where(ConsentForm.id == form.id, ConsentForm.consent.is_null()).execute()
    detail = {"kind": document.kind, "number": form.number, "channel": paper.channel, "consent": consent.id}
    if reason := facts["without_scan"]:
        detail["reason"] = reason
    audit.record("consent.registered", f"account:{account.number}", **detail)
    consent_letters.given(consent, document.title, before)
    return consent


def _check_address(account: Account, paper: Paper, contact: Any, before: Consent | None) -> None:
    """Who sends an account's papers where nobody of it was ever reached, or elsewhere than a customer chose, shows the signature."""
    if paper.scan or not contact:
        return
    address = contact.get("email") or contact.get("phone")
    held = (Holding.account == account.id) & Holding.until.is_null()
    people = Customer.select(Customer.email, Customer.phone).join(Holding).where(held)
    known = {account.email, account.phone, *(one for person in people for one in (person.email, person.phone))}
    is_moved = before is not None and before.channel == "web" and before.contact != contact
    if address not in known or is_moved:
        raise Refusal("scan", _ADDRESS_NEEDS_SCAN, "consent.scan_needed")


def _check_order(document: ConsentDocument, account: Account, paper: Paper) -> None:
    """A paper that lay about must not undo what came after it: a newer consent, or a withdrawal."""
    about = (Consent.kind == document.kind) & (Consent.account == account.number)
    day_after = _midnight(paper.signed_on + timedelta(days=1))
    mine = about if KINDS[document.kind].contact else about & (Consent.subject == f"account:{account.number}")
    if Consent.select().where(mine, Consent.withdrawn_at.is_null(), Consent.given_at >= day_after).exists():
        text = "Для этого счёта уже действует согласие, подписанное позже. Эту бумагу регистрировать не нужно."
        raise Refusal("signed_on", text, "consent.newer")
    taken_back = Consent.withdrawal_channel.in_([*CHANNELS, "web"]) & (Consent.withdrawn_at >= day_after)
    if Consent.select().where(about, taken_back).exists():
        text = "После этого дня такое согласие для счёта отозвали. Чтобы дать его снова, нужна новая подпись."
        raise Refusal("signed_on", text, "consent.taken_back")


def _checked(document: ConsentDocument, paper: Paper) -> dict[str, str] | None:
    """The contact of the paper; everything that is wrong with it is refused at once."""
    problems = [
        *_day_problems("signed_on", paper.signed_on, document),
        *_scan_problems(paper.scan, paper.without_scan),
        *_channel_problems(paper.channel),
    ]
    contact = None
    try:
        contact = _contact(document, paper)
    except Refusal as refusal:
        problems += refusal.problems
    if problems:
        raise Refusal(problems=problems)
    return contact


def _contact(document: ConsentDocument, paper: Paper) -> dict[str, str] | None:
    """Where to write, as the consent keeps it; None for a kind that names nothing."""
    if not KINDS[document.kind].contact:
        return None
    if paper.way not in WAYS:
        raise Refusal("way", "Выберите, что отмечено на бланке: почта или СМС.", "consent.way")
    if not paper.address.strip():
        raise Refusal("address", "Введите адрес почты или номер телефона с бланка.", "consent.address")
    if paper.way == "email":
        return {"way": "email", "email": customers.normal_email(paper.address, "address")}
    return {"way": "sms", "phone": customers.normal_phone(paper.address, "address")}


def _day_problems(field: str, day: date, document: ConsentDocument | None = None) -> list[Problem]:
    today = clock.today()
    if day > today:
        return [Problem(field, "Этот день ещё не наступил: проверьте дату на бумаге.", "consent.future")]
    if day < _years_before(today):
        text = f"Дата старше {OLDEST} лет. Попросите подписать бланк заново."
        return [Problem(field, text, "consent.old")]
    if document and day < date.fromisoformat(f"{document.version[:7]}-01"):
        text = f"Редакции {document.version} тогда ещё не было: проверьте дату и редакцию на бумаге."
        return [Problem(field, text, "consent.version")]
    return []


def _scan_problems(scan: Draft | None, reason: str) -> list[Problem]:
    said = " ".join(reason.split())
    if len(said) > LONGEST_REASON:
        return [Problem("without_scan", f"Короче, пожалуйста: до {LONGEST_REASON} знаков.", "consent.reason")]
    return [] if scan or len(said) >= 3 else [Problem("scan", _NO_SCAN, "consent.scan")]


def _no_scan(scan: Draft | None) -> list[Problem]:
    return [] if scan else [Problem("scan", _SCAN_NEEDED, "consent.scan_needed")]


def _channel_problems(channel: str) -> list[Problem]:
    return [] if channel in CHANNELS else [Problem("channel", "Выберите, как пришла бумага.", "consent.channel")]


def _years_before(day: date) -> date:
    """The same day so many years ago; of 29 February the 28th."""
    year = day.year - OLDEST
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


def _midnight(day: date) -> datetime:
    return clock.utc(datetime.combine(day, time()))
