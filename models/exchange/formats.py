"""The formats of import files in words for the office: what each column holds, with an example that can be loaded as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from models import clock, company, periods
from models.exchange import exports
from models.exchange.kinds import KINDS
from models.metering.channels import CHANNELS

TITLES: Mapping[str, str] = {
    "readings": "Показания", "payments": "Платежи", "accounts": "Лицевые счета", "meters": "Счётчики", "offices": "Участки",
    "tariffs": "Тарифы", "bands": "Границы диапазонов", "norms": "Нормативы", "penalties": "Правила пени",
    "days_off": "Выходные и праздники", "balances": "Остатки на начало", "charges": "Начисления (если их считает другая система)",
}  # fmt: skip

_LINES = {
    "offices": """
        code        101                      код участка, до 20 знаков
        name        Центральный участок      название
        settlement  г. Красноярск            населённый пункт
        address     ул. Светлая, д. 24       адрес
        phone       8 391 299-00-24          телефон
        hours       пн–пт 8:00–19:00         часы работы
        way         Вход со двора            как пройти
        place       56.01060,92.85250        широта и долгота, градусы
    """,
    "accounts": """
        account      {account}               номер лицевого счёта
        office       101                     код участка
        last_name    Иванова                 фамилия
        first_name   Анна                    имя
        middle_name  Сергеевна               отчество
        settlement   г. Красноярск           населённый пункт
        street       ул. Мира                улица
        house        23                      дом
        flat         32                      квартира
        dwelling     urban                   urban — город, stove — город с электроплитой, rural — село
        persons      2                       сколько прописано, 0–99
        area_m2      54,3                    площадь, м²
        services     {services}              услуги через запятую: {services}
        access_code  40217733                код доступа, он печатается на счёте
        opened       2012-04-02              день открытия
        closed       -                       день закрытия
        email        -                       почта
        phone        8 913 555-01-23         телефон
    """,
    "meters": """
        account           {account}          номер лицевого счёта, он уже загружен
        serial            87749621           номер счётчика
        service           {service}          услуга
        model             Меркурий 200.02    модель
        zones             2                  сколько зон, 1–3
        digits            5                  цифр до запятой, 3–9
        ratio             1                  коэффициент трансформации
        installed         2014-11-25         день установки
        removed           -                  день снятия
        initial_t1        5431               Т1 в день установки
        initial_t2        1952               Т2 в день установки
        initial_t3        -                  Т3 в день установки
        final_t1          -                  Т1 в день снятия
        final_t2          -                  Т2 в день снятия
        final_t3          -                  Т3 в день снятия
        verification_due  2033-05-17         поверен до
    """,
    "readings": """
        account  {account}       номер лицевого счёта
        serial   87749621        номер счётчика на этом счёте
        taken    {today}         день, когда сняли
        channel  inspector       откуда: {channels}
        t1       6440            целое число, цифр не больше, чем у счётчика
        t2       2720            если зон две или три
        t3       -               если зон три
        state    accepted        accepted — принято, held — на проверке, rejected — не принято, replaced — заменено
        reason   -               причина, её увидит абонент
    """,
    "tariffs": """
        service   {service}      услуга
        dwelling  urban          жильё; пусто — любое
        plan      2              зон у счётчика; пусто — любой
        zone      t1             зона; пусто — любая
        band      1              диапазон 1–3; пусто — 1
        since     2026-10-01     первый день цены
        until     -              последний день; пусто — до следующей строки
        price     5,05           рублей за единицу, с НДС
        vat       22             процент НДС внутри цены
    """,
    "bands": """
        service   {service}      услуга со счётчиком
        dwelling  -              жильё; пусто — любое
        since     2025-01-01     первый день
        until     -              последний день
        first     3900           конец первого диапазона в месяц
        second    6000           конец второго; пусто — третьего нет
    """,
    "norms": """
        service   {service}      услуга со счётчиком
        dwelling  urban          жильё; пусто — любое
        since     2025-07-01     первый день
        until     -              последний день
        per       person         на что: person — на человека, m2 — на метр
        amount    80             единиц в месяц
    """,
    "penalties": """
        service  -               услуга; пусто — все
        since    2022-02-28      первый день правила
        rate     9,5             ставка, процентов
        grace    30              дней после срока без пени
        step     90              по этот день делитель divisor, потом later
        divisor  300             долг × ставка / divisor за день
        later    130             то же после step
    """,
    "days_off": """
        day      2026-11-04      день
        working  no              yes — рабочий, no — выходной
    """,
    "balances": """
        account  {account}       номер лицевого счёта
        service  {service}       услуга
        day      2026-09-30      на конец этого дня
        amount   1234,56         долг в рублях; с минусом — переплата
    """,
    "charges": """
        account   {account}      номер лицевого счёта
        period    {month}        месяц, он закончился
        service   {service}      услуга
        kind      use            use — по объёму, fixed — по площади, recalculation — перерасчёт, penalty — пени
        basis     reading        reading, average, norm или area
        plan      2              зон у счётчика
        zone      t1             зона
        band      1              диапазон
        quantity  120            объём
        price     4,61           цена за единицу
        vat       22             процент НДС
        amount    553,20         сумма строки в рублях, с НДС
        about     -              месяц, который пересчитан
        reason    -              причина перерасчёта
    """,
    "payments": """
        account   {account}      номер лицевого счёта
        paid      {today}        день оплаты
        amount    1664,71        рублей, больше нуля
        channel   bank           кто сообщил: {reporters}
        document  261100017      номер платежа у того, кто сообщил; у каждого свой
        period    {month}        месяц, за который платят, если назван
        service   -              услуга; пусто — делится по долгам
    """,
}


class Shown(NamedTuple):
    """A column of a format: its name, whether it must be there, an example (may be empty), what it holds."""

    name: str
    required: bool
    example: str
    about: str


def columns(kind: str) -> list[Shown]:
    """The columns of a kind of file in the file's order, with examples of this company."""
    told = _told(kind)
    return [Shown(column.name, column.required, *told[column.name]) for column in KINDS[kind].columns]


def sample(kind: str) -> str:
    """A file of the kind with one line, as CSV."""
    shown = columns(kind)
    return exports.table(tuple(one.name for one in shown), [tuple(one.example for one in shown)])


def _told(kind: str) -> dict[str, tuple[str, str]]:
    rules = company.current()
    known = {
        "account": rules.number.example.upper(),
        "service": next(code for code, service in rules.services.items() if service.metered),
        "services": ",".join(rules.services),
        "today": clock.today().isoformat(),
        "month": periods.shift(clock.period(), -1),
        "channels": ", ".join(CHANNELS),
        "reporters": ", ".join(company.REPORTED_BY),
    }
    return {
        name: (example, about)
        for name, example, about in (_parted(line, known) for line in _LINES[kind].strip().splitlines())
    }


def _parted(line: str, known: Mapping[str, str]) -> tuple[str, str, str]:
    """Name, example and words of a line; two spaces part them, «-» is an empty example."""
    name, rest = line.split(None, 1)
    example, about = rest.split("  ", 1)
    return name, "" if example == "-" else example.format(**known), about.strip().format(**known)
