"""Exchange of files: the transfers, and by which of them payments and readings came in and went out."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
)

INDEXES = (
    ("payment_loaded_by", "payment (loaded_by, id) WHERE loaded_by IS NOT NULL"),
    ("reading_loaded_by", "reading (loaded_by) WHERE loaded_by IS NOT NULL"),
    ("reading_retracted", "reading (state) WHERE retracted_by IS NOT NULL"),
    ("reading_unexported", "reading (exported_by, state) WHERE exported_by IS NULL AND receipt_id IS NOT NULL"),
    (
        "reading_retractable",
        "reading (state) WHERE exported_by IS NOT NULL AND state IN ('held', 'rejected', 'replaced')",
    ),
)
COLUMNS = (
    ("payment", "loaded_by"),
    ("reading", "loaded_by"),
    ("reading", "exported_by"),
    ("reading", "retracted_by"),
)


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Employee(Base):
        pass

    class Transfer(Base):
        direction = CharField()
        kind = CharField()
        format = CharField()
        register = CharField()
        name = CharField()
        stored = CharField()
        sha256 = CharField(max_length=64, index=True)
        size = BigIntegerField()
        since = CharField()
        state = CharField()
        reason = CharField(max_length=1000)
        counts = JSONField()
        facts = JSONField()
        faults = JSONField()
        preview = JSONField()
        mended = JSONField()
        keep_good = BooleanField()
        tries = IntegerField()
        claimed_until = DateTimeField(null=True)
        employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        created_at = DateTimeField(index=True)
        checked_at = DateTimeField(null=True)
        asked_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        asked_at = DateTimeField(null=True)
        approved_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        approved_at = DateTimeField(null=True)
        loaded_at = DateTimeField(null=True)
        undo_asked_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        undo_asked_at = DateTimeField(null=True)
        undo_reason = CharField(max_length=500)
        undo_approved_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        undone_at = DateTimeField(null=True)

        class Meta:
            indexes = ((("state", "id"), False),)

    db.create_tables([Transfer])
    for table, column in COLUMNS:
        migrator.migrate(migrator.add_column(table, column, IntegerField(null=True)))
    for name, over in INDEXES:
        migrator.migrate(migrator.sql(f"CREATE INDEX {name} ON {over}"))


def down(migrator, db):
    for name, _ in INDEXES:
        migrator.migrate(migrator.sql(f"DROP INDEX {name}"))
    for table, column in COLUMNS:
        migrator.migrate(migrator.drop_column(table, column))
    migrator.migrate(migrator.drop_table("transfer"))
