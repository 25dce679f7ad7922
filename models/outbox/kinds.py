"""Every letter there is: how soon it goes, how long it is worth sending, and what must hold for it to go at all. One table."""

from __future__ import annotations

from typing import NamedTuple

URGENT, USUAL, BULK = 0, 1, 2
_PRIORITIES = {"urgent": URGENT, "usual": USUAL, "bulk": BULK}

# What must hold when a letter is handed over (contact/permission.py asks), not only when it was written:
ASKED = "asked"  # the reader asked for this very letter a moment ago: goes to any address
TOLD = "told"  # must be told: goes to any address but those that take no mail
RECEIPT = "e-receipt"  # the account's bills go by e-mail
REMINDERS = "reminders"  # the reader has not said no to reminders
NEWS = "news"  # the reader has not said no to news
OFFICIAL = "official"  # a consent to official papers by e-mail or SMS stands for the account
BASES = (ASKED, TOLD, RECEIPT, REMINDERS, NEWS, OFFICIAL)
UNSUBSCRIBED = (RECEIPT, REMINDERS, NEWS)  # those with a way out in the letter itself (RFC 8058)

_TABLE = """
letter               priority hours basis      title
activate             urgent      72 asked      Подтверждение почты при регистрации
known                urgent      24 asked      Кабинет с этой почтой уже есть
recover              urgent       1 asked      Новый пароль
confirm_email        urgent      24 asked      Подтверждение новой почты
staff_invited        urgent      72 asked      Приглашение сотрудника
staff_wrong_codes    urgent      24 told       Неверные коды второго ключа
password_changed     urgent      72 told       Пароль изменён
email_changed        urgent      72 told       Почта изменена
phone_changed        urgent      72 told       Телефон изменён
contact_changed      usual       72 told       Контакты лицевого счёта изменены
one_more_holder      usual       72 told       Счёт привязал ещё один человек
unlinked             usual       72 told       Счёт отвязан сотрудником
reading_rejected     usual       72 told       Показание не принято
reading_corrected    usual       72 told       Показание исправлено
reading_question     usual       72 told       Вопрос о показании
cheque               usual      120 told       Чек об оплате
payment_refunded     usual      120 told       Возврат денег
email_check          urgent      24 asked      Проверка, доходят ли письма
delivery_changed     usual       72 told       Как приходят счета: выбор изменён
consent_given        usual       72 told       Согласие получено
consent_withdrawn    usual       72 told       Согласие отозвано
appeal_registered    usual      120 told       Обращение зарегистрировано
appeal_confirm       urgent      72 asked      Подтверждение почты для обращения
appeal_opinion       usual       72 told       Коллега спрашивает мнение
order_news           usual       72 told       Новое в заявке
appeal_news          usual       72 told       Новое в обращении
e_receipt            bulk       240 e-receipt  Электронная квитанция
window_closing       bulk        72 reminders  Скоро закончится приём показаний
debt_notice          bulk       240 official   Уведомление о задолженности
verification_notice  bulk       240 official   Уведомление о поверке счётчика
news                 bulk       240 news       Сообщение компании
"""


class Kind(NamedTuple):
    """One letter: its name in templates/mail/, the priority, hours after which it is worth nothing, the basis, a Russian title."""

    letter: str
    priority: int
    hours: int
    basis: str
    title: str


def _read(table: str) -> dict[str, Kind]:
    kinds = {}
    for line in table.strip().splitlines()[1:]:
        letter, priority, hours, basis, title = line.split(maxsplit=4)
        if letter in kinds or basis not in BASES:
            raise ValueError(f"a line of the letters' table cannot be read: {line}")
        kinds[letter] = Kind(letter, _PRIORITIES[priority], int(hours), basis, title)
    return kinds


KINDS = _read(_TABLE)


def of(letter: str) -> Kind:
    """The rules of a letter; one that is not in the table is a mistake of ours (KeyError)."""
    return KINDS[letter]


def stored(letter: str) -> Kind:
    """The same of a message that was written once: a letter that is in the table no more is worth nothing and cannot be put together."""
    return KINDS.get(letter) or Kind(letter, USUAL, 0, TOLD, letter)


def title(letter: str) -> str:
    """What staff call it."""
    return stored(letter).title


def with_basis(*bases: str) -> tuple[str, ...]:
    return tuple(letter for letter, kind in KINDS.items() if kind.basis in bases)
