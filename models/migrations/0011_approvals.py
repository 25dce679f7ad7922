"""Four eyes: proposals that one employee makes and another approves."""

from peewee import CharField, DateTimeField, ForeignKeyField, IntegerField, JSONField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Employee(Base):
        pass

    class Proposal(Base):
        kind = CharField()
        subject = CharField(index=True)
        data = JSONField()
        facts = JSONField()
        reason = CharField(max_length=500)
        key = CharField(null=True, unique=True)
        proposed_by = ForeignKeyField(Employee, backref="proposals", on_delete="RESTRICT")
        proposed_at = DateTimeField()
        state = CharField()
        decided_by = ForeignKeyField(Employee, null=True, backref="decisions", on_delete="RESTRICT")
        decided_at = DateTimeField(null=True)
        note = CharField(max_length=500)
        ended_at = DateTimeField(null=True)
        outcome = CharField(max_length=500)
        error = CharField(max_length=500)
        tries = IntegerField()
        next_try_at = DateTimeField(null=True, index=True)

        class Meta:
            indexes = ((("state", "proposed_at"), False),)

    db.create_tables([Proposal])
    live = "state IN ('waiting', 'approved')"
    migrator.migrate(migrator.sql(f"CREATE UNIQUE INDEX proposal_live ON proposal (kind, subject) WHERE {live}"))


def down(migrator, db):
    migrator.migrate(migrator.drop_table("proposal"))
