"""A consent is given once and ends once; nothing of it is overwritten, and the very words that were agreed to are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from peewee import (
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    IntegrityError,
    JSONField,
    TextField,
)

from models import audit, clock, seal
from models.base import Refusal, Row, database, locked
from models.company_consents import ACCOUNT, KINDS, PAYMENT, PERSONAL_DATA, ConsentDocument

CONTACT = "consents/contact"  # what the digest of an address is for
ENDS_IN = timedelta(days=30)  # 152-ФЗ art. 21 p. 5: processing ends no later after a withdrawal
CHANNELS: Mapping[str, str] = {"web": "в кабинете", "office": "на бумаге в офисе", "post": "на бумаге по почте"}
# How a consent ends that nobody withdrew: given anew, the account unlinked, the cabinet closed, the account somebody else's.
REPLACED, UNLINKED, CLOSED, SOLD = "replaced", "unlinked", "closed", "sold"
_ABOUT_ACCOUNTS = tuple(kind.code for kind in KINDS.values() if kind.about == ACCOUNT and kind.code != PAYMENT)


class ConsentText(Row):
    """The very words that were agreed to, kept as long as any consent to them."""

    hash = CharField(primary_key=True, max_length=64)
    kind = CharField()
    version = CharField()
    text = TextField()

    @property
    def title(self) -> str:
        return str(self.text).partition("\n")[0].strip()


class Consent(Row):
    subject = CharField(index=True)  # 'customer:12', or 'account:2410…' for a paper of somebody without a cabinet
    kind = CharField()
    text = ForeignKeyField(ConsentText, backref="consents")
    given_at = DateTimeField()
    ip = CharField(default="")
    channel = CharField()  # of CHANNELS
    account = CharField(default="")
    contact = JSONField(default=dict)  # where to write: {"way": "email", "email": …} or {"way": "sms", "phone": …}
    term_until = DateField(null=True)  # the last day; none: until it is withdrawn
    paper_number = CharField(default="")  # of the signed form
    file = IntegerField(null=True)  # the scan of the signed form: StoredFile's id
    registered_by = IntegerField(null=True)  # the employee's id
    key = CharField(null=True, unique=True)
    withdrawn_at = DateTimeField(null=True)
    withdrawal_channel = CharField(default="")
    withdrawn_by = CharField(default="")  # 'customer:12', 'staff:3', 'system'
    withdrawal_file = IntegerField(null=True)
    ends_at = DateTimeField(null=True)  # when processing ends at the latest

    class Meta:
        indexes = ((("kind", "account"), False),)


# A payment's consent is given with each payment; any other stands once for a person and an account.
Consent.add_index(
    Consent.subject,
    Consent.kind,
    Consent.account,
    unique=True,
    where=Consent.withdrawn_at.is_null() & (Consent.kind != PAYMENT),
    name="consent_open",
)


def give(
    subject: str,
    document: ConsentDocument,
    *,
    channel: str,
    at: datetime | None = None,
    ip: str | None = None,
    account: str = "",
    contact: Mapping[str, str] | None = None,
    paper_number: str = "",
    file: int | None = None,
    registered_by: int | None = None,
    key: str | None = None,
) -> Consent:
    """Note that the subject agreed to this version of the document; call inside the verb's transaction.

    The same key, or the same words with the same contact, give the same consent. Another that stands for the same subject, kind and
    account ends as replaced; a payment's never does.
    """
    if key and (repeated := Consent.get_or_none(Consent.key == key)):
        return repeated  # type: ignore[no-any-return]
    given_at = at or clock.now()
    row = {
        "subject": subject, "kind": document.kind, "text": document.hash, "given_at": given_at, "channel": channel, "account": account,
        "ip": audit.actor().ip if ip is None else ip, "contact": dict(contact or {}), "term_until": _last_day(document.kind, given_at),
        "paper_number": paper_number, "file": file, "registered_by": registered_by, "key": key,
    }  # fmt: skip
    ConsentText.insert(
        hash=document.hash, kind=document.kind, version=document.version, text=document.text
    ).on_conflict_ignore().execute()
    if document.kind != PAYMENT:
        if same := _same(row):
            return same
        _replace(subject, document.kind, account)
    try:
        with database.atomic():
            consent = Consent.create(**row)
    except IntegrityError:  # the same person pressed twice: the other one was first
        return _open(subject, document.kind, account).get()  # type: ignore[no-any-return]
    facts = {"kind": document.kind, "version": document.version, "hash": document.hash, "channel": channel}
    more = _filled(account=account, paper=paper_number, contact=sealed_contact(address_of(consent)))
    audit.record("consent.given", subject, consent=consent.id, **facts, **more)
    return consent


def address_of(consent: Consent) -> str:
    """Where it says to write; '' if nowhere."""
    return str(consent.contact.get("email") or consent.contact.get("phone") or "")


def sealed_contact(address: str) -> str:
    """What the audit log keeps of an address: enough to prove it, useless to whoever reads the log. '' for none."""
    return seal.digest(CONTACT, address) if address else ""


def withdraw(consent_id: int, *, channel: str, by: str, on: date | None = None, file: int | None = None) -> Consent:
    """End a consent that stands: what rests on it stops at once, processing ends within `ENDS_IN` days (`_ends`).

    `on` is the day on which a paper came; `by` who did it: 'customer:12', 'staff:3'. Refused: withdrawn before, a day to come or before
    the consent was given.
    """
    with database.atomic():
        consent: Consent = locked(Consent.select().where(Consent.id == consent_id)).get()
        if consent.withdrawn_at is not None:
            raise Refusal(None, "Это согласие уже отозвано.", "consent.withdrawn")
        at = _moment(consent, on)
        ends_at = _ends(consent, at)
        _end(Consent.id == consent_id, channel, by, at, ends_at, file)
        facts = {
            "consent": consent_id,
            "kind": consent.kind,
            "hash": consent.text_id,
            "channel": channel,
            "ends": ends_at.isoformat(),
        }
        audit.record("consent.withdrawn", consent.subject, **facts, **_filled(account=consent.account))
        return Consent.get_by_id(consent_id)  # type: ignore[no-any-return]


def settle(consent_id: int, *, by: str) -> Consent:
    """The settlements are done: processing on a withdrawn consent ends now.

    Refused: one that stands, or where it has ended; one to personal data, whose days are there for the person to come back.
    """
    with database.atomic():
        now = clock.now()
        ahead = (Consent.id == consent_id) & Consent.withdrawn_at.is_null(False) & (Consent.ends_at > now)
        if Consent.update(ends_at=now).where(ahead, Consent.kind != PERSONAL_DATA).execute() != 1:
            raise Refusal(None, "Обработка по этому согласию уже закончена или оно не отозвано.", "consent.not_settled")
        consent: Consent = Consent.get_by_id(consent_id)
        audit.record("consent.settled", consent.subject, consent=consent_id, kind=consent.kind, by=by)
        return consent


def wind_up(subject: str, kind: str) -> None:
    """The subject agreed anew: nothing is left to be wound up of what they had withdrawn. Call inside the consent's transaction."""
    now = clock.now()
    withdrawn = (Consent.subject == subject) & (Consent.kind == kind) & Consent.withdrawn_at.is_null(False)
    Consent.update(ends_at=now).where(withdrawn, Consent.ends_at > now).execute()


def leave(subject: str, number: str) -> int:
    """The subject no longer holds the account: what they agreed to for it in the cabinet ends; how many consents did."""
    now = clock.now()
    theirs = (Consent.subject == subject) & (Consent.account == number) & (Consent.channel == "web")
    ended = _end(theirs & Consent.kind.in_(_ABOUT_ACCOUNTS), UNLINKED, subject, now, now)
    if ended:
        audit.record("consent.ended", subject, account=number, count=ended, why=UNLINKED)
    return ended


def end_all(subject: str) -> int:
    """The cabinet is closed: everything that still stands for the subject ends; how many consents did."""
    now = clock.now()
    return _end(Consent.subject == subject, CLOSED, "system", now, now)


def change_hands(number: str) -> int:
    """The account is somebody else's now: what was agreed to for it, on paper too, ends; how many consents did."""
    now = clock.now()
    theirs = (Consent.account == number) & Consent.kind.in_(_ABOUT_ACCOUNTS)
    ended = _end(theirs, SOLD, "system", now, now)
    if ended:
        audit.record("consent.ended", f"account:{number}", account=number, count=ended, why=SOLD)
    return ended


def _same(row: Mapping[str, Any]) -> Consent | None:
    """The very same agreement where it stands already: a paper beside it, or a term that is over, makes a new one."""
    found: Consent | None = _open(row["subject"], row["kind"], row["account"]).first()
    if found is None or row["paper_number"] or (found.text_id, found.contact) != (row["text"], row["contact"]):
        return None
    return found if found.term_until is None or found.term_until >= clock.today() else None


def _replace(subject: str, kind: str, account: str) -> None:
    now = clock.now()
    _end(_theirs(subject, kind, account), REPLACED, subject, now, now)


def _open(subject: str, kind: str, account: str) -> Any:
    return Consent.select().where(_theirs(subject, kind, account), Consent.withdrawn_at.is_null())


def _theirs(subject: str, kind: str, account: str) -> Any:
    mine = (Consent.subject == subject) & (Consent.kind == kind)
    return mine & (Consent.account == account) if kind in _ABOUT_ACCOUNTS else mine


def _end(which: Any, channel: str, by: str, at: datetime, ends_at: datetime, file: int | None = None) -> int:
    """A conditional update: what has ended stays as it ended."""
    ended: int = (
        Consent.update(
            withdrawn_at=at, withdrawal_channel=channel, withdrawn_by=by, ends_at=ends_at, withdrawal_file=file
        )
        .where(which, Consent.withdrawn_at.is_null())
        .execute()
    )
    return ended


def _moment(consent: Consent, on: date | None) -> datetime:
    """When the withdrawal counts from: now, or the local day on which its paper came."""
    if on is None:
        return clock.now()
    if on > clock.today():
        raise Refusal(
            "on", "Этот день ещё не наступил. Укажите день, когда заявление поступило.", "consent.day_to_come"
        )
    if on < clock.local(consent.given_at).date():
        raise Refusal("on", "Отзыв не может быть раньше согласия. Проверьте день.", "consent.day_before")
    return max(consent.given_at, clock.utc(datetime.combine(on, time.min)))


def _ends(consent: Consent, at: datetime) -> datetime:
    """When processing ends at the latest. A cabinet closes with it, so those days begin when we learn of it, whatever the paper says."""
    return (clock.now() if consent.kind == PERSONAL_DATA else at) + ENDS_IN


def _last_day(kind: str, given_at: datetime) -> date | None:
    years = KINDS[kind].years if kind in KINDS else None
    if years is None:
        return None
    day = clock.local(given_at).date()
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _filled(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}
