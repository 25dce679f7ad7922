"""The sections of what anyone may read, and the fields of one item of each: what a form asks, what is checked, what is told of a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from models import company
from models.company_information import (
    ANY,
    HOUSES,
    LONGEST_ANSWER,
    LONGEST_TEXT,
    PAGES,
    TOPICS,
    VATS,
)
from models.contact.information import published
from models.contact.information.published import Item

LINE, TEXT, PHONE, RUBLES, CHOICE, PLACE, FILE = "line", "text", "phone", "rubles", "choice", "place", "file"


def _no_choices() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Field:
    name: str
    title: str
    kind: str = LINE
    most: int = 200  # characters
    hint: str = ""
    needed: bool = True
    choices: Callable[[], Mapping[str, str]] = _no_choices


@dataclass(frozen=True)
class Section:
    code: str
    title: str
    about: str
    one: str  # what an item is called, in the accusative: «Добавить …»
    fields: tuple[Field, ...]
    name_of: Callable[[Item], str]
    most: int = 500  # items
    grows: bool = True  # whether items may be added and removed
    head: str = ""  # the field by whose values the items stand together on the page

    def groups(self, items: Sequence[Item]) -> list[tuple[str, list[Item]]]:
        """The items below the heads of their page, in its order; a section without heads is one group with no title."""
        field = self.field(self.head)
        titles = dict(field.choices()) if field else {}
        values = dict.fromkeys([*titles, *(self.head_of(one) for one in items)])
        groups = ((titles.get(value, value), [one for one in items if self.head_of(one) == value]) for value in values)
        return [group for group in groups if group[1]]

    def head_of(self, one: Item) -> str:
        return str(one[self.head]) if self.head else ""

    def field(self, name: str) -> Field | None:
        return next((one for one in self.fields if one.name == name), None)


def _services() -> Mapping[str, str]:
    return {**{one.code: one.title for one in company.current().services.values()}, ANY: "любая"}


def _houses() -> Mapping[str, str]:
    return HOUSES


def _topics() -> Mapping[str, str]:
    return TOPICS


def _vats() -> Mapping[str, str]:
    return {str(one): f"{one} %" if one else "без НДС" for one in VATS}


_HOURS_HINT = "Например: пн–пт 8:00–19:00, сб 9:00–14:00, перерыв 12:00–13:00."
_PROSE_HINT = "Пустая строка — новый абзац, «- » в начале строки — пункт списка, [слова](/адрес) — ссылка."

_SECTIONS = (
    Section(
        published.PHONES, "Телефоны", "первый — в подвале каждой страницы, в письмах и на квитанциях", "телефон",
        (
            Field("number", "Номер", PHONE, 40),
            Field("title", "Чей", most=80),
            Field("hours", "Часы работы", most=120, hint=_HOURS_HINT),
            Field("note", "Примечание", most=120, needed=False, hint="Например: звонок бесплатный."),
        ),
        lambda one: one["title"], most=30,
    ),
    Section(
        published.OFFICES, "Офисы", "адреса, часы и как пройти", "офис",
        (
            Field("slug", "Код", most=20, hint="Как в файле offices; потом не меняется."),
            Field("name", "Название"),
            Field("settlement", "Населённый пункт"),
            Field("address", "Адрес"),
            Field("phone", "Телефон", PHONE, 40, needed=False),
            Field("hours", "Часы работы", needed=False, hint=_HOURS_HINT),
            Field("way", "Как пройти", needed=False),
            Field("place", "Координаты", PLACE, 40, needed=False, hint="Широта и долгота: 56.01060, 92.85250."),
        ),
        lambda one: f"{one['name']}, {one['settlement']}",
    ),
    Section(
        published.CONTRACTS, "Договоры и заявления", "образцы, которые скачивают", "документ",
        (
            Field("title", "Название"),
            Field("service", "Услуга", CHOICE, choices=_services),
            Field("house", "Помещение", CHOICE, choices=_houses),
            Field("note", "Примечание", needed=False),
            Field(
                "text", "Текст", TEXT, LONGEST_TEXT, needed=False,
                hint="«# » в начале строки — заголовок. {legal_name}, {holder}, {address}, {account} подставятся.",
            ),
            Field("file", "Готовый PDF вместо текста", FILE, needed=False),
        ),
        lambda one: one["title"], most=100, head="service",
    ),
    Section(
        published.SERVICES, "Услуги сервисного центра", "работы и цены", "услугу",
        (
            Field("group", "Раздел", most=80),
            Field("name", "Работа"),
            Field("unit", "Единица", most=30, hint="шт., час, м"),
            Field("price", "Цена с НДС, ₽", RUBLES, 20, hint="0 — бесплатно."),
            Field("vat", "НДС", CHOICE, choices=_vats),
            Field("note", "Примечание", needed=False),
        ),
        lambda one: one["name"], head="group",
    ),
    Section(
        published.QUESTIONS, "Вопросы и ответы", "их же портал подсказывает тем, кто пишет обращение", "вопрос",
        (
            Field("topic", "Тема", CHOICE, choices=_topics),
            Field("question", "Вопрос"),
            Field("answer", "Ответ", TEXT, LONGEST_ANSWER, hint=_PROSE_HINT),
        ),
        lambda one: one["question"], head="topic",
    ),
    Section(
        published.PAGES, "Страницы", "вступления: контакты, договор, сервисный центр, кабинет", "страницу",
        (
            Field("title", "Заголовок", most=80),
            Field("text", "Текст", TEXT, LONGEST_TEXT, hint=_PROSE_HINT),
        ),
        lambda one: one["title"], most=len(PAGES), grows=False,
    ),
)  # fmt: skip
SECTIONS: Mapping[str, Section] = MappingProxyType({one.code: one for one in _SECTIONS})
