"""How an account's bills come: on paper, by e-mail, or both. Each choice is a dated fact, the newest one holds; none means paper.

The e-mail goes to the customer who chose it, to the confirmed address. Choosing e-mail alone is refusing paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import JOIN, CharField, DateTimeField, ForeignKeyField, ModelSelect, fn

from models import audit, clock, company, limits, outbox
from models.base import Refusal, Row, compiled, database, param
from models.billing import ledger
from models.company_letters import WAYS
from models.metering.accounts import Account, Holding, held_by
from models.outbox.addresses import suspended
from models.people.customers import Customer, subject

PAPER, EMAIL, BOTH = WAYS
BY_EMAIL = (EMAIL, BOTH)
# where a choice came from
WEB, STAFF, LETTER, BACK = "web", "staff", "letter", "letter-back"
UNLINKED, BOUNCED, SOLD, PRIMARY = "unlinked", "bounced", "sold", "primary"
_WHO = {
    STAFF: "сотрудник",
    UNLINKED: "другой владелец счёта, он отвязал счёт",
    BOUNCED: "письма перестали доходить",
    SOLD: "у счёта новый владелец",
    PRIMARY: "у другого владельца счёта основным стал другой счёт",
}
TITLES = {PAPER: "на бумаге", EMAIL: "на почту, без бумаги", BOTH: "на почту и на бумаге"}
_WHERE = {WEB: "в кабинете", LETTER: "по ссылке из письма", BACK: "по ссылке из письма"}
MOST_CHOICES, HOUR = 10, 3600  # of one customer for an account
_TOO_OFTEN = "За последний час способ доставки этого счёта меняли слишком много раз. Попробуйте через час."
_OTHER = "другой владелец счёта"  # no name: it is typed by people, and a letter of ours must not carry their words


class DeliveryChoice(Row):
    account = ForeignKeyField(Account, on_delete="RESTRICT")
    way = CharField()
    customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")  # who gets the e-mail; none for paper alone
    since = DateTimeField(default=clock.now)
    channel = CharField()
    by = CharField(default="")  # 'customer:12', 'staff:3', 'system'
    note = CharField(default="")
    key = CharField(null=True, unique=True)  # of the form, so that a repeat makes no second row

    class Meta:
        indexes = ((("account", "id"), False),)


class Choice(NamedTuple):
    """What holds for an account: the way, whose e-mail, since when (None: nobody has chosen, so paper)."""

    way: str
    customer_id: int | None
    since: datetime | None

    @property
    def is_by_email(self) -> bool:
        return self.way in BY_EMAIL and self.customer_id is not None

    @property
    def is_on_paper(self) -> bool:
        return self.way != EMAIL or self.customer_id is None


class Receiver(NamedTuple):
    """Who gets an account's bills by e-mail."""

    customer_id: int
    email: str
    account: str  # its number


_UNCHOSEN = Choice(PAPER, None, None)


@compiled
def _newest() -> ModelSelect[Any]:
    return (
        DeliveryChoice.select(DeliveryChoice.way, DeliveryChoice.customer, DeliveryChoice.since)
        .where(DeliveryChoice.account == param("account"))
        .order_by(DeliveryChoice.id.desc())
        .limit(1)
    )


@compiled
def history() -> ModelSelect[Any]:
    """An account's choices, the newest first."""
    columns = (DeliveryChoice.id, DeliveryChoice.way, DeliveryChoice.customer, DeliveryChoice.since)
    more = (DeliveryChoice.channel, DeliveryChoice.by, DeliveryChoice.note)
    query = DeliveryChoice.select(*columns, *more).where(DeliveryChoice.account == param("account"))
    return query.order_by(DeliveryChoice.id.desc())


def current(account_id: int) -> Choice:
    """How the account's bills come now."""
    row = _newest.first(account=account_id)
    return Choice(*row) if row else _UNCHOSEN


def current_of(past: Sequence[Any]) -> Choice:
    """The same from an account's history."""
    return Choice(past[0].way, past[0].customer, past[0].since) if past else _UNCHOSEN


def ways_of(customer_id: int) -> dict[str, str]:
    """The ways of all accounts that a customer holds, in words, by the account's number."""
    held = (Holding.customer == customer_id) & Holding.until.is_null()
    query: Any = Account.select(Account.number, DeliveryChoice.way).join(Holding, on=(Holding.account == Account.id))
    query = query.join_from(Account, DeliveryChoice, JOIN.LEFT_OUTER, on=holds_for_account()).where(held)
    return {number: TITLES[way or PAPER] for number, way in query.tuples()}


def chosen_by(row: Any, reader: str) -> str:
    """Who made a choice and where, in words for `reader` ('customer:12')."""
    kind = row.by.partition(":")[0]
    who = "вы" if row.by == reader else {"customer": _OTHER, "staff": "сотрудник"}.get(kind, "компания")
    where = _WHERE.get(row.channel, "")
    return f"{who}, {where}" if where else who


def newest_ids() -> ModelSelect[Any]:
    """The ids of the choices that hold, for other queries."""
    return DeliveryChoice.select(fn.MAX(DeliveryChoice.id)).group_by(DeliveryChoice.account)


def holds_for_account() -> Any:
    """For a query of accounts: the choice of each that holds; found account by account, so that pages of a long list stay cheap."""
    other = DeliveryChoice.alias()
    return DeliveryChoice.id == other.select(fn.MAX(other.id)).where(other.account == Account.id)


def paperless() -> ModelSelect[Any]:
    """The accounts that have refused paper, for other queries."""
    query = DeliveryChoice.select(DeliveryChoice.account).where(_is_newest())
    return query.where(DeliveryChoice.way == EMAIL, DeliveryChoice.customer.is_null(False))


def is_paperless(account: Any) -> Any:
    """For a query: whether the account in that column has refused paper; looked up account by account."""
    return fn.EXISTS(paperless().where(DeliveryChoice.account == account))


def was_paperless(account: Any, moment: datetime) -> Any:
    """The same as of that moment."""
    other = DeliveryChoice.alias()
    newer = (other.account == DeliveryChoice.account) & (other.id > DeliveryChoice.id) & (other.since <= moment)
    own = (DeliveryChoice.account == account) & (DeliveryChoice.since <= moment)
    chosen = (DeliveryChoice.way == EMAIL) & DeliveryChoice.customer.is_null(False)
    return fn.EXISTS(
        DeliveryChoice.select(DeliveryChoice.id).where(own, chosen, ~fn.EXISTS(other.select(other.id).where(newer)))
    )


def _is_newest() -> Any:
    other = DeliveryChoice.alias()
    newer = (other.account == DeliveryChoice.account) & (other.id > DeliveryChoice.id)
    return ~fn.EXISTS(other.select(other.id).where(newer))


def receivers(account_ids: Iterable[int]) -> dict[int, Receiver]:
    """Who gets the bills by e-mail now, for those of the accounts where somebody does: holds the account, and takes mail."""
    ids = list(account_ids)
    if not ids or (
        len(ids) == 1 and not current(ids[0]).is_by_email
    ):  # one by one in imports: a compiled read is cheap
        return {}
    newest = [one for (one,) in newest_ids().where(DeliveryChoice.account.in_(ids)).tuples()]
    if not newest:  # where few subscribe most chunks of a billing run end here
        return {}
    held = (Holding.customer == DeliveryChoice.customer) & (Holding.account == DeliveryChoice.account)
    query: Any = (
        DeliveryChoice.select(DeliveryChoice.account, DeliveryChoice.customer, Customer.email, Account.number)
        .join(Customer)
        .join_from(DeliveryChoice, Account)
        .join_from(DeliveryChoice, Holding, on=held & Holding.until.is_null())
        .where(DeliveryChoice.id.in_(newest), DeliveryChoice.way.in_(BY_EMAIL), Customer.closes_at.is_null())
    )
    found = {account: Receiver(*reader) for account, *reader in query.tuples()}
    silent = suspended({one.email for one in found.values()})
    return {account: one for account, one in found.items() if one.email not in silent}


def may_choose_email(customer_id: int, account_id: int) -> bool:
    """Whether the company leaves this account's way to the customer: in some only the primary account's."""
    if company.current().delivery.accounts == "all":
        return True
    own = held_by(customer=customer_id)
    return bool(own) and own[0].id == account_id


def choose(customer_id: int, account: Any, way: str, channel: str, key: str | None = None) -> bool:
    """Let the account's bills come this way from now on, by e-mail to this customer; whether that was news.

    What holds already, and a repeat of the same form, change nothing. Refused: a way that the company does not have, an account
    that the customer does not hold, e-mail for another account than the primary one where only that is free, an address that
    takes no mail, more than MOST_CHOICES of one customer in an hour.
    """
    if way not in company.current().delivery.ways:
        raise Refusal("way", "Выберите, как получать счета.", "delivery.way")
    with database.atomic():
        ledger.hold([account.id])
        holder = _holder(customer_id, account.id)
        if way in BY_EMAIL:
            _check_email(holder, account.id)
        whole_key = f"{account.id}:{customer_id}:{way}:{key}"[:255] if key else None
        if whole_key and DeliveryChoice.select().where(DeliveryChoice.key == whole_key).exists():
            return False
        reader = customer_id if way in BY_EMAIL else None
        before = current(account.id)
        if (before.way, before.customer_id) == (way, reader):
            return False
        if channel != STAFF:  # only what is news is counted: it is told to everybody who holds the account
            limits.spend("delivery.choose", f"{account.id}:{customer_id}", MOST_CHOICES, HOUR, _TOO_OFTEN)
        _write(account, way, reader, channel, key=whole_key)
        _tell(account, way, channel, reader)
        return True


def to_paper(account_id: int, why: str, channel: str, *, reader: int | None = None) -> bool:
    """Let the bills come on paper again since the e-mail ends; whether they did not. With `reader` only if it is this customer's.

    Call inside the verb's transaction.
    """
    ledger.hold([account_id])
    before = current(account_id)
    if before.way == PAPER or (reader is not None and before.customer_id != reader):
        return False
    account = Account.get_by_id(account_id)
    _write(account, PAPER, None, channel, note=why)
    _tell(account, PAPER, channel, but=reader)
    return True


def read_by(customer_id: int) -> list[int]:
    """The accounts whose bills come to this customer by e-mail now."""
    query: Any = DeliveryChoice.select(DeliveryChoice.account).where(DeliveryChoice.customer == customer_id)
    query = query.where(DeliveryChoice.way.in_(BY_EMAIL), _is_newest())
    return [account for (account,) in query.order_by(DeliveryChoice.account).tuples()]


def all_to_paper(customer_id: int, why: str, channel: str) -> int:
    """The same for every account whose bills come to this customer: the address takes no mail. Call inside the transaction."""
    return sum(to_paper(account_id, why, channel, reader=customer_id) for account_id in read_by(customer_id))


def _holder(customer_id: int, account_id: int) -> Customer:
    held = (Holding.customer == customer_id) & (Holding.account == account_id) & Holding.until.is_null()
    found: Customer | None = Customer.select().join(Holding).where(held).first()
    if found is None:
        text = "Этот счёт больше не привязан к кабинету. Привяжите его снова, потом выберите доставку."
        raise Refusal("way", text, "delivery.not_held")
    return found


def _check_email(holder: Customer, account_id: int) -> None:
    if holder.closes_at is not None:
        text = (
            "Кабинет закрывается, поэтому счета приходят на бумаге. "
            "Передумали? Дайте согласие снова в разделе «Согласия»."
        )
        raise Refusal("way", text, "delivery.leaving")
    if not may_choose_email(holder.id, account_id):
        text = (
            "По почте приходят счета только основного лицевого счёта. Сделайте этот счёт основным или оставьте бумагу."
        )
        raise Refusal("way", text, "delivery.primary")
    if suspended([holder.email]):
        text = f"Письма на {holder.email} не доходят. Укажите в настройках другую почту или проверьте эту."
        raise Refusal("way", text, "delivery.suspended")


def _write(account: Any, way: str, reader: int | None, channel: str, *, key: str | None = None, note: str = "") -> None:
    by = audit.actor().who
    DeliveryChoice.create(
        account=account.id,
        way=way,
        customer=reader,
        since=clock.now(),
        channel=channel,
        by=by,
        note=note[:200],
        key=key,
    )
    audit.record("delivery.chosen", f"account:{account.number}", way=way, customer=reader, channel=channel, note=note)


def _tell(account: Any, way: str, channel: str, reader: int | None = None, *, but: int | None = None) -> None:
    """Everybody who holds the account, and the account's own address, learns of it, but for the one who did it."""
    actor = audit.actor().who
    data = {"account": account.number, "way": way, "who": _WHO.get(channel, _OTHER)}
    told = set()
    held = (Holding.account == account.id) & Holding.until.is_null()
    for holder in Customer.select(Customer.id, Customer.email).join(Holding).where(held).order_by(Customer.id):
        told.add(holder.email)
        if holder.subject != actor and holder.id != but:
            facts = {**data, **_whose(way, holder.id == reader)}
            outbox.post("delivery_changed", holder.email, facts, subject=subject(holder.id), account=account.number)
    if account.email and account.email not in told:
        outbox.post("delivery_changed", account.email, {**data, **_whose(way, False)}, account=account.number)


def _whose(way: str, is_own: bool) -> dict[str, str]:
    return {} if way == PAPER else {"whose": "you" if is_own else "other"}
