"""Mailings, and whom each has met."""

from peewee import CharField, DateTimeField, ForeignKeyField, IntegerField, JSONField, Model


def up(migrator, db):
    class Row(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Employee(Row):
        pass

    class Mailing(Row):
        letter = CharField()
        name = CharField()
        data = JSONField()
        filters = JSONField()
        key = CharField(null=True, unique=True)
        author = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        state = CharField(default="draft")
        created_at = DateTimeField()
        planned_at = DateTimeField(null=True)
        per_minute = IntegerField()
        approved_at = DateTimeField(null=True)
        counted = IntegerField(null=True)
        started_by = ForeignKeyField(Employee, null=True, backref="started", on_delete="RESTRICT")
        started_at = DateTimeField(null=True)
        cursor = IntegerField(default=0)
        expanded_at = DateTimeField(null=True)
        paced_until = DateTimeField(null=True)
        posted = IntegerField(default=0)
        left_out = JSONField()
        ended_at = DateTimeField(null=True)
        settled_at = DateTimeField(null=True)
        note = CharField(default="")

        class Meta:
            indexes = ((("state", "planned_at"), False),)

    class Recipient(Row):
        mailing = ForeignKeyField(Mailing, on_delete="CASCADE")
        account = IntegerField()
        customer = IntegerField(default=0)
        about = CharField(default="")
        way = CharField(default="")
        address = CharField(default="")
        message = IntegerField(null=True, unique=True)
        excluded = CharField(default="")

        class Meta:
            indexes = (
                (("mailing", "account", "customer", "about"), True),
                (("mailing", "customer"), False),
                (("mailing", "excluded", "id"), False),
            )

    db.create_tables([Mailing, Recipient])


def down(migrator, db):
    db.execute_sql("DROP TABLE recipient")
    db.execute_sql("DROP TABLE mailing")
