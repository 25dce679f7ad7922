"""Published versions of what anyone may read, and the draft of the next one.

A version is never changed: going back to an old one publishes its items once more. Version 0 is the company's files.
"""

from __future__ import annotations

from peewee import CharField, DateTimeField, IntegerField, JSONField

from models import clock
from models.base import Row


class InformationVersion(Row):
    section = CharField()
    number = IntegerField()  # 1, 2, 3… within the section
    items = JSONField()  # all of them, in the order in which they are shown
    changes = JSONField(default=dict)  # titles of what was added, changed, removed
    back_to = IntegerField(null=True)  # the version whose items these are again
    made_at = DateTimeField(default=clock.now)
    made_by = CharField()  # as the audit log names one

    class Meta:
        indexes = ((("section", "number"), True),)


class InformationDraft(Row):
    """What the office is changing: one a section, seen by all who edit it."""

    section = CharField(unique=True)
    base = JSONField()  # the items that were published when the draft began
    items = JSONField()
    revision = IntegerField()  # grows with each change: whoever saves has seen the one before
    updated_at = DateTimeField(default=clock.now)
    updated_by = CharField()
