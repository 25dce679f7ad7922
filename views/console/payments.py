"""Payments at the administrator's console: how one stands, asking the bank again, giving money back."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from models import audit, clock, words
from models.base import Refusal, database
from models.billing import acquiring
from models.billing.payments import Payment
from models.exchange import table
from tasks import payments as work
from tasks.gateways.acquirer import Rejected, Unreachable
from views.console.acting import command

group = AppGroup("payment", help="Payments by card and from outside.")


@group.command("show", help="Show payment NUMBER with all that is known of it.")
@click.argument("number")
@command
def show(number: str) -> None:
    payment = _payment(number)
    with database.atomic():
        audit.record("payment.shown", f"payment:{payment.number}")
    for title, value in _facts(payment):
        if value:
            click.echo(f"{title:<16}{value}")


@group.command("check", help="Ask the bank about payment NUMBER now and take its answer.")
@click.argument("number")
@command
def check(number: str) -> None:
    payment = _payment(number)
    _need_bank()
    work.check(payment.id)
    click.echo(_told(_payment(number)))


@group.command(
    "refund",
    help="Give back RUBLES of payment NUMBER, or all that is left. A repeat after no answer gives nothing twice.",
)
@click.argument("number")
@click.argument("rubles", required=False)
@command
def refund(number: str, rubles: str | None) -> None:
    payment = _payment(number)
    _need_bank()
    try:
        kopecks = None if rubles is None else table.positive_kopecks(rubles)
        work.refund(payment.id, kopecks)
    except (table.BadCell, Refusal) as error:
        raise click.ClickException(str(error)) from error
    except Rejected as refusal:
        raise click.ClickException(f"банк не вернул: {refusal.text or refusal}") from refusal
    except Unreachable as silence:
        raise click.ClickException(
            f"банк не ответил ({silence}); повторите ту же команду: дважды он не вернёт"
        ) from silence
    click.echo(_told(_payment(number)))


@group.command(
    "settle", help="End a dispute over payment NUMBER: the bank took RUBLES (0: nothing), as people found out."
)
@click.argument("number")
@click.argument("rubles")
@click.option("--reason", required=True, help="How it was found out; kept in the audit log.")
@command
def settle(number: str, rubles: str, reason: str) -> None:
    payment = _payment(number)
    try:
        acquiring.settle_by_hand(payment.id, table.kopecks(rubles), reason)
    except (table.BadCell, Refusal) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_told(_payment(number)))


def _payment(number: str) -> Payment:
    payment: Payment | None = Payment.get_or_none(Payment.number == number.upper())
    if payment is None:
        raise click.ClickException(f"нет платежа {number}")
    return payment


def _need_bank() -> None:
    if not work.are_taken():
        raise click.ClickException("KABINET_ACQUIRER_URL is not set: there is no bank to ask")


def _told(payment: Payment) -> str:
    back = f", возвращено {words.rubles(payment.refunded)}" if payment.refunded else ""
    reason = f" ({payment.reason})" if payment.reason else ""
    return f"{payment.number}: {payment.state}{reason}, {words.rubles(payment.amount)}{back}"


def _facts(payment: Payment) -> list[tuple[str, str]]:
    parts = ", ".join(f"{service} {words.rubles(kopecks)}" for service, kopecks in payment.parts.items())
    asked = payment.next_check_at and words.moment(clock.local(payment.next_check_at))
    return [
        ("платёж", _told(payment)),
        ("счёт", payment.account.number),
        ("услуги", parts),
        ("откуда", " ".join(filter(None, (payment.channel, payment.document)))),
        ("начат", words.moment(clock.local(payment.created_at))),
        ("оплачен", words.day(payment.paid_on) if payment.paid_on else ""),
        ("заказ банка", payment.order_id or ""),
        ("карта", payment.card),
        ("чек на", payment.email),
        ("чек", payment.cheque.get("qr", "")),
        ("спросим банк", asked or ""),
    ]


COMMANDS = (group,)
