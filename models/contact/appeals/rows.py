"""The tables of the reception: an appeal, what was said in it, what is being typed."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from peewee import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
)

from models import clock, company
from models.base import Row
from models.company_reception import Topic
from models.metering.accounts import Account
from models.numbers import id_of, number_of
from models.people.customers import Customer
from models.people.staff import Employee

# registered → work → waiting (for the customer) → answered → closed; reopened begins anew, merged is told in another appeal.
REGISTERED, WORK, WAITING = "registered", "work", "waiting"
ANSWERED, CLOSED, REOPENED, MERGED = "answered", "closed", "reopened", "merged"
STATES = (REGISTERED, WORK, WAITING, ANSWERED, CLOSED, REOPENED, MERGED)
OPEN = (REGISTERED, WORK, WAITING, REOPENED)  # the term runs
TITLES = {
    REGISTERED: "зарегистрировано",
    WORK: "в работе",
    WAITING: "ждём вашего ответа",
    ANSWERED: "ответ дан",
    CLOSED: "закрыто",
    REOPENED: "открыто снова",
    MERGED: "присоединено к другому",
}

# What an entry is; NOTE, ASKED and OPINION are the office's own and never leave it.
MESSAGE = "message"  # of whoever appeals
ANSWER = "answer"
QUESTION = "question"  # of the office: the appeal waits for the customer
EVENT = "event"  # a state moved; `data` says which
NOTE = "note"
ASKED = "asked"  # a colleague's opinion was asked for
OPINION = "opinion"

GUEST = "guest"  # the author of what somebody without a cabinet wrote
LONGEST = 20_000  # characters of a text
LONGEST_TITLE = 80


class Appeal(Row):
    customer = ForeignKeyField(Customer, null=True, backref="appeals", on_delete="RESTRICT")  # null: a guest
    email = CharField(index=True)  # where a guest's news go; a customer's follow the cabinet's address
    name = CharField(default="")
    phone = CharField(default="")
    account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")  # held by the customer, or found by staff
    typed_account = CharField(default="")  # what a guest wrote: nobody has proved it
    topic = CharField()  # a code of company.toml
    office = CharField(default="")  # code of the office whose queue it is in; '' the common one
    channel = CharField(default="web")  # web | staff | email | bot | kiosk
    title = CharField(max_length=LONGEST_TITLE)  # how its text begins
    state = CharField(default=REGISTERED)
    state_at = DateTimeField(default=clock.now)
    registered_at = DateTimeField(default=clock.now)
    due_on = DateField()  # the last day to answer
    extended_on = DateField(null=True)  # when the term was extended, if it was
    owner = ForeignKeyField(Employee, null=True, backref="appeals", on_delete="RESTRICT")  # who answers
    owned_at = DateTimeField(null=True)
    is_news = BooleanField(default=False)  # the applicant has said the last word, and the office has done nothing since
    last_entry = IntegerField(default=0)  # id of the newest entry, notes too: whoever writes says what they had seen
    answered_at = DateTimeField(null=True)  # the latest answer
    closed_at = DateTimeField(null=True)
    rating = IntegerField(null=True)  # 1…5, of the latest answer
    rating_text = CharField(max_length=500, default="")
    merged_into = ForeignKeyField("self", null=True, index=False)
    link_no = IntegerField(default=1)  # part of the secret link: raised, it opens nothing any more
    key = CharField(null=True, unique=True)  # of the form it came with

    class Meta:
        indexes = (
            (("state", "due_on", "id", "owner", "registered_at"), False),  # the desk's counts too
            (("state", "office", "topic", "due_on", "owner"), False),  # all that the queues' counts ask
            (("owner", "state", "due_on"), False),
            (("customer", "id"), False),
            (("account", "id"), False),
            (("registered_at", "topic", "office", "state", "due_on", "rating"), False),  # all that statistics ask
        )

    @property
    def number(self) -> str:
        return number_of(self.id, self.registered_at)

    @property
    def subject(self) -> str:
        """How audit and files name it."""
        return subject(self.id)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def rules(self) -> Topic:
        return topic_of(self.topic)


Appeal.add_index(Appeal.state, Appeal.due_on, Appeal.id, where=Appeal.is_news, name="appeal_news")
Appeal.add_index(Appeal.merged_into, where=Appeal.merged_into.is_null(False), name="appeal_merged")


class AppealEntry(Row):
    """One thing said or done in an appeal; never changed. Its files belong to `subject`."""

    appeal = ForeignKeyField(Appeal, backref="entries", on_delete="RESTRICT")
    kind = CharField()
    author = CharField()  # 'customer:12', 'guest', 'staff:3', 'system'
    text = TextField(default="")
    is_public = BooleanField()  # the customer sees it
    # of an event: {"state": …}; of ASKED: {"employee": id}; of OPINION: {"asked": entry id}
    data = JSONField(default=dict)
    at = DateTimeField(default=clock.now)
    key = CharField(null=True, unique=True)

    class Meta:
        indexes = ((("appeal", "id"), False),)

    @property
    def subject(self) -> str:
        return f"appeal-entry:{self.id}"


class AppealDraft(Row):
    """What somebody is typing: an appeal (`appeal` null) or something to add to one. Its files belong to `subject`."""

    handle = CharField(
        unique=True, default=partial(secrets.token_hex, 8)
    )  # its files' owner: ids of rows that are gone return
    author = CharField()  # 'customer:12', 'staff:3', or 'guest:' with the fingerprint of the browser's secret
    appeal = ForeignKeyField(Appeal, null=True, on_delete="CASCADE")
    fields = JSONField(default=dict)  # by the form's names
    updated_at = DateTimeField(default=clock.now, index=True)

    @property
    def subject(self) -> str:
        return f"appeal-draft:{self.handle}"


AppealDraft.add_index(AppealDraft.author, unique=True, where=AppealDraft.appeal.is_null(), name="appeal_draft_new")
AppealDraft.add_index(
    AppealDraft.author,
    AppealDraft.appeal,
    unique=True,
    where=AppealDraft.appeal.is_null(False),
    name="appeal_draft_one",
)


def by_number(typed: str) -> Appeal | None:
    """The appeal with this number, whoever may see it."""
    appeal_id = id_of(typed)
    found = Appeal.get_or_none(Appeal.id == appeal_id) if appeal_id else None
    return found if found and found.number == typed.strip() else None


def subject(appeal_id: int) -> str:
    return f"appeal:{appeal_id}"


def topic_of(code: str) -> Topic:
    """The topic's rules; of a topic that the company has no more, the general ones: thirty calendar days."""
    known: Any = company.current().reception.topics.get(code)
    return known or Topic(code, code, 30, "calendar", "", "")
