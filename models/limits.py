"""Rate limits shared by all workers: one upsert a hit, in fixed windows."""

from __future__ import annotations

import hashlib
from datetime import UTC
from ipaddress import IPv4Address, ip_address, ip_network

from peewee import CharField, CompositeKey, IntegerField

from models import clock
from models.base import Refusal, Row, database

_SLOW_DOWN = "Слишком много попыток. Подождите немного и попробуйте снова."


class Hit(Row):
    key = CharField()
    window = IntegerField(column_name="win")
    ends = IntegerField(index=True)
    count = IntegerField(column_name="n", default=1)

    class Meta:
        primary_key = CompositeKey("key", "window")


def hit(name: str, subject: str, per: int) -> int:
    """Count one more for (name, subject) in the present window of `per` seconds; the count so far, this one included."""
    # Counted even when the verb around it is refused: call it outside the verb's transaction.
    window = _seconds() // per
    key = _key(name, subject)
    mark = database.param
    sql = (
        f"INSERT INTO hit (key, win, ends, n) VALUES ({mark}, {mark}, {mark}, 1) "  # noqa: S608  only the driver's own marks
        "ON CONFLICT (key, win) DO UPDATE SET n = hit.n + 1 RETURNING n"
    )
    return database.execute_sql(sql, (key, window, (window + 1) * per)).fetchone()[0]


def network(address: str) -> str:
    """What one subscriber has: an IPv4 address, or the /64 of an IPv6 one, from which 2⁶⁴ addresses cost nothing."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network(f"{ip}/64", strict=False))


def give_back(name: str, subject: str, per: int) -> None:
    """Take one hit of the present window back: the try was an honest one."""
    Hit.update(count=Hit.count - 1).where(Hit.key == _key(name, subject), Hit.window == _seconds() // per).execute()


def spend_address(name: str, address: str, most: int, per: int, text: str = _SLOW_DOWN) -> None:
    """The same for an address people come from; a channel without addresses (SMS, mail, a bot) is limited by its own rules."""
    if address:
        spend(name, network(address), most, per, text)


def spend(
    name: str,
    subject: str,
    most: int,
    per: int,
    text: str = _SLOW_DOWN,
) -> None:
    """Count one more; refused past `most` in `per` seconds."""
    if hit(name, subject, per) > most:
        raise Refusal(None, text, f"limit.{name}")


def purge() -> int:
    return Hit.delete().where(Hit.ends < _seconds() - 86_400).execute()


def _key(name: str, subject: str) -> str:
    return hashlib.sha256(f"{name}|{subject}".encode()).hexdigest()


def _seconds() -> int:
    return int(clock.now().replace(tzinfo=UTC).timestamp())
