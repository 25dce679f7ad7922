"""The test cards and what each of them does. The first five are the bank's own, the others misbehave on purpose."""

from __future__ import annotations

from typing import NamedTuple

CODE = "111111"  # what every «SMS» of the stand-in says

ACTIONS = {
    0: "Запрос успешно обработан",
    -100: "Не было попыток оплаты",
    -2006: "Платёж не подтверждён кодом из СМС",
    -2007: "Истекло время, отведённое на оплату",
    -2013: "Исчерпаны попытки оплаты",
    100: "По карте запрещены оплаты в интернете",
    101: "Истёк срок действия карты",
    111: "Неверный номер карты, срок или код",
    116: "Недостаточно средств",
    208: "Карта заблокирована",
}


class Card(NamedTuple):
    name: str
    number: str
    month: int
    year: int
    cvc: str
    does: str  # Russian, for the table on the payment page
    asks_code: bool = False
    action: int = 0  # what the card's bank answers, 0 approves
    limit: int | None = None  # kopecks on the card

    @property
    def shown(self) -> str:
        return "\u00a0".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))

    @property
    def masked(self) -> str:
        return mask(self.number)


CARDS = (
    Card("approve", "2202205000012424", 5, 2028, "649", "Платёж проходит сразу"),
    Card("plain", "2202206100040083", 5, 2026, "061", "Платёж проходит сразу, карта без кода из СМС"),
    Card(
        "hundred", "2202205300068092", 5, 2026, "583", f"Код из СМС {CODE}; на карте всего 100\u00a0₽", True, 0, 10_000
    ),
    Card("poor", "2202205000060910", 6, 2028, "810", f"Код из СМС {CODE}, затем отказ: нет средств", True, 116),
    Card("expired", "2202202107593166", 6, 2022, "123", "Отказ: срок карты истёк", False, 101),
    Card("code", "2200000100000011", 12, 2034, "123", f"Код из СМС {CODE}, платёж проходит", True),
    Card("blocked", "2200000100000029", 12, 2034, "123", "Отказ: карта заблокирована", False, 208),
    Card(
        "silent",
        "2200000100000037",
        12,
        2034,
        "123",
        "Деньги списаны, но банк молчит: ни возвращения в магазин, ни уведомления",
    ),
    Card("late", "2200000100000045", 12, 2034, "123", "Платёж проходит, уведомление опаздывает"),
    Card("repeated", "2200000100000052", 12, 2034, "123", "Платёж проходит, уведомление приходит трижды"),
    Card("reordered", "2200000100000060", 12, 2034, "123", "Платёж проходит, затем приходит уведомление об отказе"),
    Card("quiet", "2200000100000078", 12, 2034, "123", "Платёж проходит, уведомления нет"),
)
BY_NAME = {card.name: card for card in CARDS}
BY_NUMBER = {card.number: card for card in CARDS}


def find(number: str, month: int, year: int, cvc: str) -> Card | None:
    """The test card with these very data."""
    card = BY_NUMBER.get(number)
    return card if card and (card.month, card.year, card.cvc) == (month, year, cvc) else None


def is_number(digits: str) -> bool:
    """Whether a card could have this number (ISO/IEC 7812, Luhn's check digit)."""
    if not (digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19):
        return False
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(int(digit) for digit in digits[::-2])) % 10 == 0


def mask(number: str) -> str:
    return f"{number[:6]}******{number[-4:]}"
