"""The text of the payment code on a bill, ГОСТ Р 56042-2014: what a bank's app fills the payment with. Pure."""

from __future__ import annotations

import re
import unicodedata

from models.company import Company

_HEADER = "ST00012"  # version 0001 of the standard, 2: UTF-8; the separator follows as the eighth byte
_SEPARATORS = "|#;:^_~{}!$%&()*+,/@"  # in the order of preference
_UTILITIES = "02"  # TechCode of housing and utility payments
_MANDATORY_BYTES = 300  # of the five first pairs with the separators between them, by the standard
_NAME, _BANK_NAME, _PURPOSE = 160, 45, 160  # characters, by the standard
# The standard sets no bounds for these; the longer the text, the finer the code, and a coarse one is read from worse paper.
_PERSON, _ADDRESS, _ACCOUNT = 60, 120, 64
_FORMS = {
    "публичное акционерное общество": "ПАО",
    "непубличное акционерное общество": "НАО",
    "открытое акционерное общество": "ОАО",
    "закрытое акционерное общество": "ЗАО",
    "акционерное общество": "АО",
    "общество с ограниченной ответственностью": "ООО",
    "муниципальное унитарное предприятие": "МУП",
    "государственное унитарное предприятие": "ГУП",
    "индивидуальный предприниматель": "ИП",
}
_ANY_FORM = re.compile("|".join(_FORMS), re.IGNORECASE)


def payment(
    company: Company, *, account: str, holder: tuple[str, str, str], address: str, period: str, kopecks: int
) -> str:
    """The text for paying `kopecks` for a period ('2026-10'); empty when nothing is owed.

    `holder` is last, first and middle name. The five mandatory pairs come first and in this order, then those that Sberbank's
    app wants next. What is too long for the standard is shortened; control characters and empty values are left out.
    """
    if kopecks <= 0:
        return ""
    last, first, middle = holder
    number = _cut(_plain(account), _ACCOUNT)
    month = f"{period[5:]}.{period[:4]}"
    pairs = [
        *_mandatory(company),
        ("KPP", company.kpp),
        ("PayeeINN", company.inn),
        ("Purpose", _cut(f"Оплата по лицевому счёту {number} за {month}", _PURPOSE)),
        ("Sum", str(kopecks)),
        ("PersAcc", number),
        ("PaymPeriod", month.replace(".", "")),
        ("LastName", _cut(_plain(last), _PERSON)),
        ("FirstName", _cut(_plain(first), _PERSON)),
        ("MiddleName", _cut(_plain(middle), _PERSON)),
        ("PayerAddress", _cut(_plain(address), _ADDRESS)),
        ("TechCode", _UTILITIES),
    ]
    return _joined([(key, value) for key, value in pairs if value])


def _mandatory(company: Company) -> list[tuple[str, str]]:
    """The five pairs every reader needs, within their bytes: first the legal forms give way to letters, then the longer name."""
    bank = company.bank
    name, bank_name = _cut(_plain(company.legal_name), _NAME), _cut(_plain(bank.name), _BANK_NAME)
    fixed = f"Name=|PersonalAcc={bank.account}|BankName=|BIC={bank.bic}|CorrespAcc={bank.correspondent}"
    room = _MANDATORY_BYTES - _bytes(fixed)
    if _bytes(name) + _bytes(bank_name) > room:
        name, bank_name = _short_form(_plain(company.legal_name)), _short_form(_plain(bank.name))
        bank_name = _cut(bank_name, _BANK_NAME)
        name = _cut_bytes(_cut(name, _NAME), room - _bytes(bank_name))
    return [
        ("Name", name),
        ("PersonalAcc", bank.account),
        ("BankName", bank_name),
        ("BIC", bank.bic),
        ("CorrespAcc", bank.correspondent),
    ]


def _joined(pairs: list[tuple[str, str]]) -> str:
    """The header and the pairs; the separator is the first that occurs in no value, so nothing needs escaping."""
    values = "".join(value for _, value in pairs)
    separator = next((one for one in _SEPARATORS if one not in values), None)
    if separator is None:  # every one occurs: the first is taken from the values
        separator = _SEPARATORS[0]
        pairs = [(key, value.replace(separator, " ")) for key, value in pairs]
    return separator.join([_HEADER, *(f"{key}={value}" for key, value in pairs)])


def _plain(text: str) -> str:
    """One line: spaces of any kind become one plain space, control characters and halves of characters go."""
    kept = "".join(one for one in text if one.isspace() or unicodedata.category(one) not in ("Cc", "Cs", "Cn", "Co"))
    return " ".join(kept.split())


def _short_form(name: str) -> str:
    """«ПАО «Энергосбыт»» for «Публичное акционерное общество «Энергосбыт»»."""
    return _ANY_FORM.sub(lambda found: _FORMS[found[0].lower()], name)


def _cut(text: str, most: int) -> str:
    """At most so many characters, whole words where the first one fits."""
    if len(text) <= most:
        return text
    head = text[: most + 1].rpartition(" ")[0] or text[:most]
    return head.rstrip(" ,;«(")


def _cut_bytes(text: str, most: int) -> str:
    """At most so many bytes of UTF-8."""
    length = len(text)
    while _bytes(text) > most:
        length -= 1
        text = _cut(text, length)
        length = min(length, len(text))
    return text


def _bytes(text: str) -> int:
    return len(text.encode())
