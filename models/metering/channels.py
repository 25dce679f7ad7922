"""The channels readings come by: whose word each carries, and its name. A word of higher rank is never replaced by a lower one."""

from __future__ import annotations

from typing import NamedTuple

RANKS = {"terminal": 0, "customer": 1, "staff": 2, "inspector": 3}


class Channel(NamedTuple):
    source: str
    title: str
    is_form: bool = False  # a person at a form, who may go back and send it again changed


CHANNELS = {
    "inspector": Channel("inspector", "контролёр", is_form=True),
    "staff": Channel("staff", "сотрудник", is_form=True),
    "web": Channel("customer", "личный кабинет", is_form=True),
    "email": Channel("customer", "почта"),
    "sms": Channel("customer", "СМС"),
    "bot": Channel("customer", "бот"),
    "kiosk": Channel("customer", "киоск", is_form=True),
    "citypay": Channel("terminal", "терминал CityPay"),
    "platezhka": Channel("terminal", "терминал «ПлатеЖКа»"),
    "kasservis": Channel("terminal", "терминал «КАССервис»"),
    "sberbank": Channel("terminal", "банкомат Сбербанка"),
}


def rank(channel: str) -> int:
    return RANKS[CHANNELS[channel].source]


def title(channel: str) -> str:
    return CHANNELS[channel].title
