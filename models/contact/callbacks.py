"""Callbacks: somebody leaves a phone number, a topic and a good time, and the contact centre calls.

One call for all requests of a phone that are open, three requests a day: nobody has a stranger called again and again. Whoever asks for a
phone that waits for a call already is answered as everybody is, and their words come before whoever calls.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import CharField, DateTimeField, ForeignKeyField, IntegerField, IntegrityError

from models import audit, clock, company, limits, seal, workdays
from models.base import Problem, Refusal, Row, database, locked
from models.company_consents import PERSONAL_DATA
from models.contact import callback_times
from models.contact.appeals.rows import topic_of
from models.contact.callback_times import Time
from models.metering.accounts import Account
from models.numbers import id_of, number_of
from models.people.customers import Customer, normal_phone
from models.people.staff import Employee

WAITING, JOINED, DONE, UNREACHED, CANCELLED = "waiting", "joined", "done", "unreached", "cancelled"
OPEN = (WAITING, JOINED)
TITLES = {
    WAITING: "ждёт звонка",
    JOINED: "ждёт звонка",
    DONE: "поговорили",
    UNREACHED: "не дозвонились",
    CANCELLED: "отменён",
}
LONGEST_NAME, LONGEST_PAGE = 100, 200
A_DAY = 3  # requests a phone
MOST_ADDRESS, PER = 10, 3600  # requests from one address
KEPT = timedelta(days=90)  # a phone and a name are needed no longer after the call
_SHOWN = 20  # of a customer's


class Callback(Row):
    customer = ForeignKeyField(Customer, null=True, on_delete="RESTRICT")  # null: a guest
    account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")
    name = CharField(default="")
    phone = CharField()  # E.164; '' once it is forgotten
    topic = CharField()  # a code of company.toml
    channel = CharField(default="web")  # web | assistant
    consent = CharField(default="")  # the version of the document on personal data that a guest has agreed to
    page = CharField(default="", max_length=LONGEST_PAGE)  # the path of our own that it was asked for from
    begins_at = DateTimeField()  # the time that was wished for
    ends_at = DateTimeField()  # from there on it is late
    due_at = DateTimeField()  # when to call next
    state = CharField(default=WAITING)
    state_at = DateTimeField(default=clock.now)
    created_at = DateTimeField(default=clock.now)
    owner = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")  # whoever has taken it
    owned_until = DateTimeField(null=True)
    tries = IntegerField(default=0)  # calls to which nobody answered
    appeal = IntegerField(null=True)  # the appeal registered from the call
    joins = ForeignKeyField("self", null=True)  # the request of the same phone that is called for both
    key = CharField(null=True, unique=True)  # of the form it came with, and of what it said

    class Meta:
        indexes = (
            (("state", "due_at", "id"), False),
            (("phone", "created_at"), False),
            (("customer", "id"), False),
        )

    @property
    def number(self) -> str:
        return number_of(self.id, self.created_at)

    @property
    def subject(self) -> str:
        """How audit names it."""
        return subject(self.id)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def topic_title(self) -> str:
        return topic_of(self.topic).title

    @property
    def time_title(self) -> str:
        """«сегодня с 12:00 до 17:00», «как можно скорее»"""
        is_at_once = abs(self.begins_at - self.created_at) < timedelta(minutes=1)
        if is_at_once and self.ends_at - self.begins_at == callback_times.WITHIN:
            return callback_times.ASAP_TITLE
        return callback_times.said(clock.local(self.begins_at), clock.local(self.ends_at), clock.today())


Callback.add_index(Callback.phone, unique=True, where=Callback.state == WAITING, name="callback_open")


def subject(callback_id: int) -> str:
    return f"callback:{callback_id}"


def times() -> list[Time]:
    """The times that may be wished for now, in local moments; the first is «как можно скорее»."""
    return callback_times.offered(clock.local(clock.now()), company.current().reception.callbacks, workdays.special())


def request(
    phone: str,
    topic: str,
    when: str,
    *,
    name: str = "",
    account_id: int | None = None,
    customer_id: int | None = None,
    consent_shown: str = "",
    channel: str = "web",
    page: str = "",
    key: str | None = None,
) -> Callback:
    """Ask for a call. The same key with the same words: the same request. A phone that waits for a call already is called once for both.

    `when` is the code of one of `times()`, `consent_shown` the version agreed to by a guest, '' if the box is empty. Refused: no phone
    number of Russia, a topic or a time that is not offered, more than three requests a day for one phone (a customer's own is counted
    apart from what others ask for it) or ten an hour from one address, somebody else's account, a guest without a consent.
    """
    number, chosen = _checked(phone, topic, when, name, account_id, customer_id, consent_shown)
    said = " ".join(name.split())
    own_key = seal.fingerprint(f"{(key, customer_id, account_id, number, topic, when, said)}") if key else None
    if known := _of_key(own_key):
        return known
    # Before anything is said about a phone: nobody asks through ours which numbers wait for a call.
    limits.spend_address("callback.address", audit.actor().ip, MOST_ADDRESS, PER)
    wish = {
        "customer": customer_id, "account": account_id, "name": said, "phone": number, "topic": topic, "channel": channel,
        "page": page[:LONGEST_PAGE], "begins_at": clock.utc(chosen.begins), "ends_at": clock.utc(chosen.ends), "key": own_key,
        "consent": "" if customer_id else consent_shown,
    }  # fmt: skip
    try:
        return _made(wish)
    except IntegrityError:  # the same form, or the same phone, a moment ago
        return _of_key(own_key) or _made(wish)


def cancel(callback_id: int) -> None:
    """Call no more; a request that is over stays as it is, one that joined it waits by itself. Refused while somebody is calling."""
    with database.atomic():
        free = Callback.owned_until.is_null() | (Callback.owned_until <= clock.now())
        waits = (Callback.id == callback_id) & Callback.state.in_(OPEN)
        done = Callback.update(state=CANCELLED, state_at=clock.now(), owner=None, owned_until=None).where(waits, free)
        if done.execute():
            _set_free(callback_id)
            audit.record("callback.cancelled", subject(callback_id))
        elif Callback.select().where(waits).exists():
            raise Refusal(None, "Вам уже звонят: возьмите трубку или скажите, что вопрос решён.", "callback.taken")


def by_number(typed: str) -> Callback | None:
    """The request with this number, whoever may see it."""
    callback_id = id_of(typed)
    found = Callback.get_or_none(Callback.id == callback_id) if callback_id else None
    return found if found and found.number == typed.strip() else None


def of_customer(customer_id: int) -> list[Callback]:
    """A customer's requests, the newest first."""
    return list(Callback.select().where(Callback.customer == customer_id).order_by(*_newest()).limit(_SHOWN))


def of_ids(callback_ids: list[int]) -> list[Callback]:
    """What a browser without a cabinet has asked for, the newest first."""
    chosen = Callback.select().where(Callback.id.in_(callback_ids), Callback.customer.is_null())
    return list(chosen.order_by(*_newest())) if callback_ids else []


def wipe(customer_id: int) -> int:
    """Forget whose requests these were, and cancel the open ones: the cabinet is closed. Inside the caller's transaction; how many."""
    theirs = Callback.customer == customer_id
    opened = [
        one.id for one in Callback.select(Callback.id).where(theirs, Callback.state.in_(OPEN)).order_by(Callback.id)
    ]
    Callback.update(state=CANCELLED, state_at=clock.now(), owner=None, owned_until=None).where(
        Callback.id.in_(opened), Callback.state.in_(OPEN)
    ).execute()
    for callback_id in opened:
        _set_free(callback_id)
    return int(Callback.update(name="", phone="", page="").where(theirs, _is_known()).execute())


def forget() -> int:
    """Wipe phones and names of requests that were over 90 days ago; how many."""
    over = Callback.state.not_in(OPEN) & (Callback.state_at < clock.now() - KEPT)
    return int(Callback.update(name="", phone="", page="").where(over, _is_known()).execute())


def _newest() -> tuple[Any, Any]:
    return Callback.created_at.desc(), Callback.id.desc()


def _is_known() -> Any:
    return (Callback.phone != "") | (Callback.name != "") | (Callback.page != "")


def _checked(
    phone: str, topic: str, when: str, name: str, account_id: int | None, customer_id: int | None, consent_shown: str
) -> tuple[str, Time]:
    problems, number = [], ""
    try:
        number = normal_phone(phone)
    except Refusal as refusal:
        empty = Problem("phone", "Введите номер телефона.", "callback.phone")
        problems += refusal.problems if phone.strip() else [empty]
    if topic not in company.current().reception.topics:
        problems.append(Problem("topic", "Выберите, о чём вопрос.", "callback.topic"))
    chosen = next((one for one in times() if one.code == when), None)
    if chosen is None:
        problems.append(
            Problem("when", "Это время уже прошло или мы тогда не работаем: выберите другое.", "callback.when")
        )
    if len(name) > LONGEST_NAME or not name.isprintable():
        problems.append(
            Problem(
                "name",
                f"Имя длиннее {LONGEST_NAME} знаков или в нём невидимые знаки: наберите его заново.",
                "callback.name",
            )
        )
    if account_id and not (customer_id and Account.of(customer_id).where(Account.id == account_id).exists()):
        problems.append(Problem("account", "Выберите один из ваших лицевых счетов.", "callback.account"))
    if not customer_id and (PERSONAL_DATA, consent_shown) not in company.current().consent_versions:
        text = "Без согласия на обработку персональных данных позвонить мы не можем."
        problems.append(Problem("consent", text, "consent.missing"))
    if problems or chosen is None:
        raise Refusal(problems=problems)
    return number, chosen


def _of_key(key: str | None) -> Callback | None:
    found: Callback | None = Callback.get_or_none(Callback.key == key) if key else None
    return found


def _made(wish: dict[str, Any]) -> Callback:
    """The request, waiting by itself or joined to the one of its phone that waits, which is called by the earlier time of both."""
    with database.atomic():
        open_one = locked(Callback.select().where(Callback.phone == wish["phone"], Callback.state == WAITING)).first()
        _check_day(wish["phone"], wish["customer"])
        if open_one and wish["begins_at"] < open_one.due_at:
            Callback.update(due_at=wish["begins_at"]).where(Callback.id == open_one.id).execute()
        made: Callback = Callback.create(
            **wish, due_at=wish["begins_at"], state=JOINED if open_one else WAITING, joins=open_one, state_at=clock.now(),
            created_at=clock.now(),
        )  # fmt: skip
        audit.record("callback.requested", made.subject, topic=made.topic, channel=made.channel)
        return made


def _set_free(callback_id: int) -> None:
    """Let the first of those that joined a request wait in its place. Inside the caller's transaction."""
    joined = (Callback.joins == callback_id) & (Callback.state == JOINED)
    first = locked(Callback.select().where(joined).order_by(Callback.id)).first()
    if first:
        Callback.update(state=WAITING, joins=None).where(Callback.id == first.id).execute()
        Callback.update(joins=first.id).where(joined).execute()


def _check_day(phone: str, customer_id: int | None) -> None:
    """A holder's own three requests are nobody else's to use up."""
    counted = (Callback.phone == phone) & (Callback.created_at > clock.now() - timedelta(days=1))
    if customer_id and Customer.select().where(Customer.id == customer_id, Customer.phone == phone).exists():
        counted &= Callback.customer == customer_id
    if Callback.select().where(counted).count() >= A_DAY:
        raise Refusal(
            "phone",
            "На этот номер за сутки уже заказали три звонка. Позвоните нам сами: телефон внизу страницы.",
            "callback.day",
        )
