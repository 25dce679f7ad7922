"""What each role may do at the office: one table, asked by every door of the staff's rooms and tested against every route."""

from __future__ import annotations

CLERK, OPERATOR, CONTROLLER = "clerk", "operator", "controller"
AUDITOR, ADMINISTRATOR = "auditor", "administrator"
ROLES = (CLERK, OPERATOR, CONTROLLER, AUDITOR, ADMINISTRATOR)

ROLE_TITLES = {
    CLERK: "делопроизводитель",
    OPERATOR: "оператор",
    CONTROLLER: "контролёр",
    AUDITOR: "аудитор",
    ADMINISTRATOR: "администратор",
}

# `+` may, `-` may not, in the order of ROLES. Who proposes money and who approves it are two people, whatever their roles.
_TABLE = """
right              clerk operator controller auditor administrator  what
desk.see             +      +         +         +          +        видеть рабочий стол: очереди, каналы, приём по часам
paperforms.see       +      +         +         +          +        смотреть пачки бумажных бланков и отчёты по ним
paperforms.enter     +      +         +         -          +        вводить бланки, открывать и закрывать пачки, прикладывать сканы
paperforms.check     +      +         +         -          +        сверять чужие бланки вслепую
paperforms.print     +      +         +         -          +        печатать бланки для участков и контролёров
readings.see         +      +         +         +          +        смотреть показания на проверке
readings.decide      -      +         +         -          +        принимать, исправлять и отклонять показания на проверке
customers.see        +      +         +         +          +        искать абонентов и открывать карточку, назвав причину
customers.act        -      +         -         -          +        действовать в карточке вместо абонента
exchange.see         -      -         -         +          +        смотреть загруженные и выгруженные файлы
exchange.load        -      -         -         -          +        загружать и выгружать файлы
exchange.undo        -      -         -         -          +        отменять загрузку
money.propose        -      +         -         -          +        предлагать возврат, решение спора, выставление счёта
money.approve        -      -         -         -          +        утверждать предложенное другим сотрудником
audit.see            -      -         -         +          +        смотреть и выгружать журнал действий
people.see           -      -         -         +          +        смотреть список сотрудников и таблицу прав
people.manage        -      -         -         -          +        заводить сотрудников, менять роли, заканчивать сеансы
messages.see         -      +         -         +          +        смотреть отправленные письма, их состояние и вид
messages.resend      -      +         -         -          +        отправлять письма снова, возвращать адреса
consents.see         +      +         -         +          +        смотреть реестр согласий
consents.export      -      -         -         +          +        выгружать реестр согласий с почтой и телефонами
consents.register    +      +         -         -          +        печатать бланки согласий, вводить подписанные и отзывы
mailings.see         -      +         -         +          +        смотреть рассылки
mailings.make        -      +         -         -          +        составлять, запускать и останавливать рассылки
mailings.approve     -      -         -         -          +        утверждать большие рассылки другого сотрудника
appeals.see          +      +         +         +          +        читать обращения: очереди, поиск, переписку
appeals.answer       -      +         +         -          +        брать обращения в работу, спрашивать и отвечать клиентам
appeals.advise       +      +         +         -          +        давать коллегам мнение по обращению, писать заметки
appeals.assign       -      +         -         -          +        поручать обращения другим, объединять, действовать сразу с многими
appeals.set_up       -      -         -         -          +        заводить правила поручения и заготовки ответов
statistics.see       -      +         -         +          +        смотреть статистику обращений
orders.see           +      +         +         +          +        смотреть заявки на установку, замену и поверку
orders.handle        -      +         -         -          +        назначать, переносить и отменять визиты, менять число мест
orders.visit         -      +         +         -          +        вносить результат визита
callbacks.see        -      +         -         +          +        смотреть заказанные звонки
callbacks.call       -      +         -         -          +        брать звонки, отмечать попытки и итог
information.see      +      +         +         +          +        смотреть, что опубликовано, черновики и прежние версии
information.edit     -      +         -         -          +        править черновики сведений, новостей и отключений
information.publish  -      -         -         -          +        публиковать сведения и возвращать прежние версии
outages.announce     -      +         -         -          +        объявлять отключения и новости
peak.switch          -      +         -         -          +        включать объявление о большом числе звонков
"""


def _read(table: str) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    head, *lines = table.strip().splitlines()
    roles = head.split()[1:-1]
    if tuple(roles) != ROLES:
        raise ValueError(f"the table names {roles}, the roles are {ROLES}")
    granted, titles = {}, {}
    for line in lines:
        right, *rest = line.split(maxsplit=len(ROLES) + 1)
        marks, title = rest[:-1], rest[-1]
        if right in granted or set(marks) - {"+", "-"} or len(marks) != len(ROLES):
            raise ValueError(f"a line of the rights table cannot be read: {line}")
        granted[right] = frozenset(role for role, mark in zip(ROLES, marks, strict=True) if mark == "+")
        titles[right] = title
    return granted, titles


_GRANTED, TITLES = _read(_TABLE)
RIGHTS = tuple(_GRANTED)


def allows(role: str, right: str) -> bool:
    """Whether the role has the right; an unknown right is a mistake of ours (KeyError), an unknown role has none."""
    return role in _GRANTED[right]


def roles(right: str) -> tuple[str, ...]:
    """The roles that have the right."""
    return tuple(role for role in ROLES if allows(role, right))


def of_role(role: str) -> frozenset[str]:
    return frozenset(right for right in RIGHTS if allows(role, right))
