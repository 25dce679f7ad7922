"""What customers agree to and take back: in the cabinet, or by a signed paper that staff register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import fn

from models import clock, company, consents, limits, seal, words
from models.base import Problem, Refusal, database, locked
from models.billing import ledger
from models.company_consents import ACCOUNT as ABOUT_ACCOUNT
from models.company_consents import CABINET, KINDS, PAYMENT, PERSONAL_DATA, ConsentDocument, Kind
from models.consents import Consent, ConsentText
from models.entrance import consent_letters, leaving
from models.entrance.profile import prove
from models.metering.accounts import one_of
from models.outbox.addresses import suspended
from models.people.customers import Customer, id_of, subject

_LATE = timedelta(days=1)
EMAIL, SMS = "email", "sms"
MOST_GIVEN, HOUR = 10, 3600  # of one customer, kind and account: each is told to everybody who holds it
UNPROVEN = "Введите пароль от кабинета."
NOT_UNDERSTOOD = "Отметьте, что вы понимаете: кабинет закроется."
WAYS = {EMAIL: "по электронной почте", SMS: "в СМС"}


class Agreement(NamedTuple):
    """What was filled in: the account and the way to write where the kind asks for them, and whether the box was ticked."""

    ticked: bool
    account: str = ""
    way: str = ""


class Given(NamedTuple):
    """A consent as a page shows it, with the words that were agreed to."""

    consent: Consent
    text: ConsentText
    state: str
    is_own: bool  # given by this customer, not by a paper of somebody else for the account
    where: str  # letters go; of somebody else's paper only in part

    @property
    def may_be_withdrawn(self) -> bool:
        """Their own, or a paper about an account they hold: nothing comes of that but paper again."""
        return self.consent.withdrawn_at is None and (self.is_own or KINDS[self.consent.kind].about == ABOUT_ACCOUNT)

    @property
    def days(self) -> tuple[date, date | None, date | None]:
        """The local days on which it was given and withdrawn, and until which it is processed: of a paper the hour says nothing."""
        ends = (self.consent.withdrawn_at, self.consent.ends_at)
        withdrawn_on, ends_on = (clock.local(one).date() if one else None for one in ends)
        return clock.local(self.consent.given_at).date(), withdrawn_on, ends_on


class Payments(NamedTuple):
    """The consents given with payments of one account that were not withdrawn."""

    account: str
    times: int
    last: Any


def document_of(kind: str) -> ConsentDocument | None:
    """The company's document in force; None where it has none of that kind."""
    return company.current().consents.get(kind)


def kinds() -> list[Kind]:
    """The kinds that the company has documents for."""
    return [kind for kind in KINDS.values() if document_of(kind.code)]


def of_customer(customer_id: int, numbers: Iterable[str]) -> list[Given]:
    """The customer's consents but those of payments, and those signed on paper for accounts they hold; the newest first."""
    own = subject(customer_id)
    subjects = [own, *(f"account:{number}" for number in numbers)]
    query = (
        Consent.select(Consent, ConsentText)
        .join(ConsentText)
        .where(Consent.subject.in_(subjects), Consent.kind != PAYMENT)
        .order_by(Consent.given_at.desc(), Consent.id.desc())
    )
    found = list(query)
    where = contacts(found)
    return [
        Given(one, one.text, consents.state(one), one.subject == own, _told(where[one.id], one.subject == own))
        for one in found
    ]


def of_payments(customer_id: int) -> list[Payments]:
    """The consents given with payments, by account."""
    query: Any = (
        Consent.select(Consent.account, fn.COUNT(Consent.id), fn.MAX(Consent.given_at))
        .where(Consent.subject == subject(customer_id), Consent.kind == PAYMENT, Consent.withdrawn_at.is_null())
        .group_by(Consent.account)
        .order_by(Consent.account)
    )
    return [Payments(*row) for row in query.tuples()]


def _told(contact: Mapping[str, str], is_own: bool) -> str:
    if not is_own:
        return consent_letters.masked(contact)
    return contact.get("email") or (words.phone(contact["phone"]) if contact.get("phone") else "")


def contacts(found: Iterable[Consent]) -> dict[int, Mapping[str, str]]:
    """Where letters that rest on these consents go, by the consent's id: where its paper says, or to the customer as they are now.

    What was given in the cabinet chose a way, not an address: who has another one by now means that.
    """
    given = list(found)
    own = {one.id: id_of(one.subject) for one in given if one.channel == "web" and one.contact}
    asked = [reader for reader in own.values() if reader is not None]
    query = Customer.select(Customer.id, Customer.email, Customer.phone).where(Customer.id.in_(asked))
    people = {one.id: one for one in query} if asked else {}
    return {
        one.id: _reached(people[reader], one.contact["way"]) if (reader := own.get(one.id)) in people else one.contact
        for one in given
    }


def is_asked(kind: str, customer: Any) -> bool:
    """Whether the cabinet takes this consent now: those to personal data only from whoever withdrew theirs and stays after all."""
    if document_of(kind) is None or customer.closed_at is not None:
        return False
    return KINDS[kind].asked == CABINET or (kind == PERSONAL_DATA and customer.closes_at is not None)


def agree(customer_id: int, kind: str, filled: Agreement, *, key: str) -> Consent:
    """Give the consent to the document in force, in the cabinet; the same form once more gives the same one.

    Refused: a box that is not ticked, an account that the customer does not hold, a way to write that leads nowhere, a consent that is not
    asked for here.
    """
    document = document_of(kind)
    limits.spend("consent.give", f"{customer_id}:{kind}:{filled.account}", MOST_GIVEN, HOUR)
    with database.atomic():
        customer: Customer = locked(Customer.select().where(Customer.id == customer_id)).get()
        if document is None or not is_asked(kind, customer):
            if repeated := Consent.get_or_none(Consent.key == _key(customer_id, kind, key)):
                return repeated  # type: ignore[no-any-return]
            raise Refusal(None, "Это согласие здесь не дают: оно уже действует или не нужно.", "consent.not_asked")
        number, contact = _checked(customer, KINDS[kind], filled)
        before = consents.stands(kind, number) if number else None
        consent = consents.give(
            customer.subject, document, channel="web", account=number, contact=contact, key=_key(customer_id, kind, key)
        )
        if kind == PERSONAL_DATA:
            consents.wind_up(customer.subject, kind)
            leaving.stay(customer_id)
        consent_letters.given(consent, document.title, before)
        return consent


def withdraw(
    consent_id: int,
    *,
    channel: str,
    by: str,
    on: date | None = None,
    file: int | None = None,
    session_id: int | None = None,
) -> Consent:
    """Take a consent back, told by letter; a withdrawn consent to personal data closes the cabinet (all sessions but `session_id` end).

    `by` is 'customer:12' or 'staff:3', `on` the day a paper came, `file` its scan. Refused as `consents.withdraw` does.
    """
    with database.atomic():
        consent = consents.withdraw(consent_id, channel=channel, by=by, on=on, file=file)
        customer_id = id_of(consent.subject)
        if consent.kind == PERSONAL_DATA and customer_id is not None:
            leaving.begin(customer_id, consent.ends_at or clock.now(), but=session_id)
        consent_letters.withdrawn(consent, consent.text.title)
        return consent


def withdraw_own(
    customer_id: int,
    kind: str,
    number: str,
    *,
    password: str = "",
    understood: bool = True,
    session_id: int | None = None,
) -> None:
    """The same in the cabinet, for whatever stands of that kind and account; leaving the cabinet wants the password and a tick.

    Refused: nothing stands, a wrong password, no tick.
    """
    if kind == PERSONAL_DATA:
        problems = [] if password else [Problem("password", UNPROVEN, "leaving.password")]
        if not understood:
            problems.append(Problem("understood", NOT_UNDERSTOOD, "leaving.tick"))
        if problems:
            raise Refusal(problems=problems)
        prove(customer_id, password)
    with database.atomic():
        mine = _standing(customer_id, kind, number)
        if not mine:
            raise Refusal(None, "Действующего согласия уже нет: отзывать нечего.", "consent.none")
        by = subject(customer_id)
        for consent in mine[:-1]:  # many payments are one withdrawal: one letter
            consents.withdraw(consent.id, channel="web", by=by)
        withdraw(mine[-1].id, channel="web", by=by, session_id=session_id)


def _standing(customer_id: int, kind: str, number: str) -> list[Consent]:
    mine = Consent.subject == subject(customer_id)
    if KINDS[kind].about == ABOUT_ACCOUNT:
        whole = company.current().normal_number(number) or ""
        if kind != PAYMENT and one_of(customer_id, whole):
            mine |= Consent.subject == f"account:{whole}"
        mine &= Consent.account == whole
    query = Consent.select().where(mine, Consent.kind == kind, Consent.withdrawn_at.is_null())
    return list(locked(query.order_by(Consent.id)))


def _checked(customer: Customer, kind: Kind, filled: Agreement) -> tuple[str, dict[str, str]]:
    """The account and the contact; everything that is wrong is refused at once."""
    number, contact, problems = "", {}, []
    try:
        number = _account(customer.id, kind, filled)
    except Refusal as refusal:
        problems += refusal.problems
    try:
        contact = _contact(customer, kind, filled)
    except Refusal as refusal:
        problems += refusal.problems
    if not filled.ticked:
        text = "Прочитайте документ и поставьте отметку: без неё согласие не записать."
        problems.append(Problem("consent", text, "consent.missing"))
    if problems:
        raise Refusal(problems=problems)
    return number, contact


def _account(customer_id: int, kind: Kind, filled: Agreement) -> str:
    if kind.about != ABOUT_ACCOUNT:
        return ""
    account = one_of(customer_id, filled.account) if company.current().normal_number(filled.account) else None
    if account is not None:
        ledger.hold([account.id])
        account = one_of(customer_id, filled.account)  # it may have been unlinked just before
    if account is None:
        raise Refusal("account", "Выберите лицевой счёт.", "consent.account")
    return filled.account


def _contact(customer: Customer, kind: Kind, filled: Agreement) -> dict[str, str]:
    if not kind.contact:
        return {}
    if filled.way == EMAIL:
        if suspended([customer.email]):
            text = f"Письма на {customer.email} не доходят. Укажите в настройках другую почту или выберите СМС."
            raise Refusal("way", text, "consent.suspended")
        return _reached(customer, EMAIL)
    if filled.way != SMS:
        raise Refusal("way", "Выберите, как получать уведомления.", "consent.way")
    if not customer.phone:
        raise Refusal("way", "Телефон не указан. Добавьте его в настройках или выберите почту.", "consent.phone")
    return _reached(customer, SMS)


def _reached(customer: Customer, way: str) -> dict[str, str]:
    return {"way": SMS, "phone": customer.phone} if way == SMS else {"way": EMAIL, "email": customer.email}


def _key(customer_id: int, kind: str, key: str) -> str | None:
    return seal.fingerprint(f"{customer_id}|{kind}|{key}") if key else None


def oddities() -> Iterator[str]:
    """What the administrator should know: words changed under an old version's name, cabinets that should be closed and are not."""
    for text in ConsentText.select(ConsentText.hash, ConsentText.kind, ConsentText.version):
        document = company.current().consent_versions.get((text.kind, text.version))
        if document is not None and document.hash != text.hash:
            yield (
                f"consents: {text.kind}.{text.version}.txt is not what customers agreed to ({text.hash[:12]}…); "
                "bring its words back, and put the new ones into a new version"
            )
    late = Customer.closes_at < clock.now() - _LATE
    if count := Customer.select(fn.COUNT(Customer.id)).where(late, Customer.closed_at.is_null()).scalar():
        yield f"customers: {count} withdrew their consent and should be closed by now; is the background running?"
