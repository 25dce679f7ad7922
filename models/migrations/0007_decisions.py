"""Decisions of staff on held readings, and who is looking at which one."""

from peewee import BooleanField, CharField, DateTimeField, ForeignKeyField, Model, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Employee(Base):
        pass

    class Reading(Base):
        pass

    class Decision(Base):
        reading = ForeignKeyField(Reading, on_delete="CASCADE")
        verdict = CharField()
        text = TextField()
        by = ForeignKeyField(Employee, on_delete="RESTRICT")
        at = DateTimeField()
        instead = ForeignKeyField(Reading, null=True, backref="corrections", on_delete="SET NULL")

    class Claim(Base):
        reading = ForeignKeyField(Reading, on_delete="CASCADE")
        employee = ForeignKeyField(Employee, on_delete="RESTRICT")
        until = DateTimeField()
        decides = BooleanField()
        aside_at = DateTimeField(null=True)

        class Meta:
            indexes = ((("reading", "employee"), True),)

    db.create_tables([Decision, Claim])
    migrator.migrate(
        migrator.sql("CREATE UNIQUE INDEX decision_final ON decision (reading_id) WHERE verdict != 'asked'")
    )


def down(migrator, db):
    for table in ("claim", "decision"):
        migrator.migrate(migrator.drop_table(table))
