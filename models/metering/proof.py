"""Proof that whoever types an account's number holds the account: a number alone is on every letter box."""

from __future__ import annotations

import secrets

from models import audit, clock, company, limits
from models.base import Refusal
from models.metering.accounts import Account
from models.metering.meters import Meter

TRIES, PER = 10, 3600


def proven(typed_number: str, typed_secret: str) -> Account:
    """The account whose holder's secret this is: the last four characters of a meter's number, or the access code of the bills.

    Refused with one text whether the account exists or not; tries are limited per account and per address.
    """
    number = company.current().normal_number(typed_number)
    if number is None:
        rule = company.current().number
        raise Refusal("account", f"Номер лицевого счёта — это {rule.hint}. Пример: {rule.example}", "account.shape")
    limits.spend("secret.account", number, TRIES, PER)
    limits.spend("secret.address", audit.actor().ip, TRIES * 5, PER)
    account = Account.get_or_none(
        Account.number == number, Account.closed.is_null() | (Account.closed >= clock.today())
    )
    known = _secrets(account) if account else ["-"]
    given = _folded(typed_secret)
    # Every known secret is compared, so that the time does not tell which one was close.
    matching = [secrets.compare_digest(given.encode(), one.encode()) for one in known]
    if account is None or True not in matching:
        raise Refusal(
            "secret",
            "Не нашли лицевого счёта с таким номером и кодом. "
            "Проверьте номер, четыре последних знака номера счётчика или код доступа с квитанции.",
            "account.secret",
        )
    return account


def _secrets(account: Account) -> list[str]:
    meters = Meter.select(Meter.serial).where(Meter.account == account, Meter.removed.is_null())
    return [_folded(account.access_code), *(_folded(meter.serial)[-4:] for meter in meters)]


def _folded(text: str) -> str:
    return "".join(text.split()).upper()
