"""Proof that whoever types an account's number holds the account: a number alone is on every letter box."""

from __future__ import annotations

import secrets

from models import audit, clock, company, limits
from models.base import Refusal
from models.metering.accounts import Account
from models.metering.meters import Meter

TRIES, PER = 10, 3600  # for whoever tries: a customer, or an address
TAILS_OF_ACCOUNT, TAILS_OF_ALL, DAY = 20, 1000, 86_400  # wrong guesses at four characters, whoever makes them
_TAIL = 4
_NOT_FOUND = (
    "Не нашли лицевого счёта с таким номером и кодом. "
    "Проверьте номер, четыре последних знака номера счётчика или код доступа с квитанции; код доступа надёжнее."
)


def proven(typed_number: str, typed_secret: str) -> Account:
    """The account whose holder's secret this is: the last four characters of a meter's number, or the access code of the bills.

    Refused with one text whether the account exists or not. Whoever tries is limited. Four characters can be guessed by many
    together, so after a day's budget of guesses at one account, or at all of them, only the access code is taken: its holder is
    never locked out.
    """
    number = company.current().normal_number(typed_number)
    if number is None:
        rule = company.current().number
        raise Refusal("account", f"Номер лицевого счёта — это {rule.hint}. Пример: {rule.example}", "account.shape")
    actor = audit.actor()
    limits.spend_address("secret.address", actor.ip, TRIES * 5, PER)
    limits.spend("secret.actor", f"{number}|{actor.who}|{limits.network(actor.ip)}", TRIES, PER)
    account = Account.get_or_none(
        Account.number == number, Account.closed.is_null() | (Account.closed >= clock.today())
    )
    given, known = _folded(typed_secret), [_folded(account.access_code)] if account else ["-"]
    if len(given) <= _TAIL and _tail_is_in_budget(number):
        known += _tails(account) if account else []
    # Every known secret is compared, so that the time does not tell which one was close.
    matching = [secrets.compare_digest(given.encode(), one.encode()) for one in known]
    if account is None or True not in matching:
        raise Refusal("secret", _NOT_FOUND, "account.secret")
    if len(given) <= _TAIL:
        limits.give_back("secret.tails", number, DAY)
        limits.give_back("secret.tails_of_all", "", DAY)
    return account


def _tail_is_in_budget(number: str) -> bool:
    of_account = limits.hit("secret.tails", number, DAY)
    return limits.hit("secret.tails_of_all", "", DAY) <= TAILS_OF_ALL and of_account <= TAILS_OF_ACCOUNT


def _tails(account: Account) -> list[str]:
    meters = Meter.select(Meter.serial).where(Meter.account == account, Meter.removed.is_null())
    return [_folded(meter.serial)[-_TAIL:] for meter in meters]


def _folded(text: str) -> str:
    return "".join(text.split()).upper()
