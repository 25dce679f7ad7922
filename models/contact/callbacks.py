"""Callbacks: somebody leaves a phone number, a topic and a good time, and the contact centre calls.

One open request a phone, three a day: nobody has a stranger called again and again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import CharField, DateTimeField, ForeignKeyField, IntegerField, IntegrityError

from models import audit, clock, company, limits, workdays
from models.base import Problem, Refusal, Row, database
from models.contact import callback_times
from models.contact.appeals.rows import id_of, number_of, topic_of
from models.contact.callback_times import Time
from models.metering.accounts import Account
from models.people.customers import Customer, normal_phone
from models.people.staff import Employee

WAITING, DONE, UNREACHED, CANCELLED = "waiting", "done", "unreached", "cancelled"
TITLES = {
    WAITING: "ждёт звонка",
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
    key = CharField(null=True, unique=True)  # of the form it came with

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
        return self.state == WAITING

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
    channel: str = "web",
    page: str = "",
    key: str | None = None,
) -> Callback:
    """Ask for a call. The same key, or a phone that waits for a call already: that request, and no second.

    `when` is the code of one of `times()`. Refused: no phone number of Russia, a topic or a time that is not offered, more than
    three requests a day for one phone or ten an hour from one address, somebody else's account.
    """
    number, chosen = _checked(phone, topic, when, name, account_id, customer_id)
    if known := _of_key(key):
        return known
    # Before anything is said about a phone: nobody asks through ours which numbers wait for a call.
    limits.spend_address("callback.address", audit.actor().ip, MOST_ADDRESS, PER)
    if known := _open(number):
        return known
    _check_day(number)
    try:
        with database.atomic():
            begins, ends = clock.utc(chosen.begins), clock.utc(chosen.ends)
            made: Callback = Callback.create(
                customer=customer_id, account=account_id, name=" ".join(name.split()), phone=number, topic=topic, channel=channel,
                page=page[:LONGEST_PAGE], begins_at=begins, ends_at=ends, due_at=begins, state_at=clock.now(),
                created_at=clock.now(), key=key,
            )  # fmt: skip
            audit.record("callback.requested", made.subject, topic=topic, channel=channel)
            return made
    except IntegrityError:  # the same form, or the same phone, a moment ago
        same = _of_key(key) or _open(number)
        if same is None:
            raise
        return same


def cancel(callback_id: int) -> None:
    """Call no more; a request that is over stays as it is. Refused while somebody is calling."""
    with database.atomic():
        free = Callback.owned_until.is_null() | (Callback.owned_until <= clock.now())
        waits = (Callback.id == callback_id) & (Callback.state == WAITING)
        done = Callback.update(state=CANCELLED, state_at=clock.now(), owner=None, owned_until=None).where(waits, free)
        if done.execute():
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
    return list(Callback.select().where(Callback.customer == customer_id).order_by(Callback.id.desc()).limit(_SHOWN))


def of_ids(callback_ids: list[int]) -> list[Callback]:
    """What a browser without a cabinet has asked for, the newest first."""
    chosen = Callback.select().where(Callback.id.in_(callback_ids), Callback.customer.is_null())
    return list(chosen.order_by(Callback.id.desc())) if callback_ids else []


def wipe(customer_id: int) -> int:
    """Forget whose requests these were, and cancel the open ones: the cabinet is closed. Inside the caller's transaction; how many."""
    theirs = Callback.customer == customer_id
    Callback.update(state=CANCELLED, state_at=clock.now(), owner=None, owned_until=None).where(
        theirs, Callback.state == WAITING
    ).execute()
    return int(Callback.update(name="", phone="", page="").where(theirs, _is_known()).execute())


def forget() -> int:
    """Wipe phones and names of requests that were over 90 days ago; how many."""
    over = (Callback.state != WAITING) & (Callback.state_at < clock.now() - KEPT)
    return int(Callback.update(name="", phone="", page="").where(over, _is_known()).execute())


def _is_known() -> Any:
    return (Callback.phone != "") | (Callback.name != "") | (Callback.page != "")


def _checked(
    phone: str, topic: str, when: str, name: str, account_id: int | None, customer_id: int | None
) -> tuple[str, Time]:
    problems, number = [], ""
    try:
        number = normal_phone(phone)
    except Refusal as refusal:
        problems += refusal.problems
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
    if problems or chosen is None:
        raise Refusal(problems=problems)
    return number, chosen


def _of_key(key: str | None) -> Callback | None:
    found: Callback | None = Callback.get_or_none(Callback.key == key) if key else None
    return found


def _open(phone: str) -> Callback | None:
    found: Callback | None = Callback.get_or_none(Callback.phone == phone, Callback.state == WAITING)
    return found


def _check_day(phone: str) -> None:
    day = Callback.created_at > clock.now() - timedelta(days=1)
    if Callback.select().where(Callback.phone == phone, day).count() >= A_DAY:
        raise Refusal(
            "phone",
            "На этот номер за сутки уже заказали три звонка. Позвоните нам сами: телефон внизу страницы.",
            "callback.day",
        )
