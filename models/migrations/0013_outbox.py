"""Messages that are really sent: for whom, how soon, until when, what became of them; addresses that take no mail."""

from peewee import CharField, DateTimeField, IntegerField, Model, TextField

_COLUMNS = (
    "domain",
    "subject",
    "account",
    "mailing",
    "priority",
    "expires_at",
    "claim",
    "provider",
    "error",
    "ended_at",
    "wiped_at",
)
_INDEXES = (
    ("state", "priority", "due_at", "domain"),
    ("state", "id"),
    ("letter", "id"),
    ("mailing", "state"),
    ("account",),
    ("created_at",),
)


def up(migrator, db):
    migrator.migrate(
        migrator.add_column("message", "domain", CharField(default="")),
        migrator.add_column("message", "subject", CharField(default="")),
        migrator.add_column("message", "account", CharField(default="")),
        migrator.add_column("message", "mailing", IntegerField(null=True)),
        migrator.add_column("message", "priority", IntegerField(default=1)),
        migrator.add_column("message", "expires_at", DateTimeField(null=True)),
        migrator.add_column("message", "claim", CharField(default="")),
        migrator.add_column("message", "provider", CharField(default="")),
        migrator.add_column("message", "error", TextField(default="")),
        migrator.add_column("message", "ended_at", DateTimeField(null=True)),
        migrator.add_column("message", "wiped_at", DateTimeField(null=True)),
        *(migrator.add_index("message", columns) for columns in _INDEXES),
    )
    db.execute_sql("CREATE INDEX message_sms ON message (id) WHERE kind = 'sms'")
    # What was written before anything could be sent is old by now: nobody waits for it, and a first mail server must not be met by it.
    db.execute_sql("UPDATE message SET expires_at = created_at")

    class Suspension(Model):
        address = CharField()
        since = DateTimeField(index=True)
        reason = TextField()
        until = DateTimeField(null=True)
        lifted_by = CharField(default="")

        class Meta:
            database = db
            legacy_table_names = False

    Suspension.add_index(Suspension.address, unique=True, where=Suspension.until.is_null(), name="suspension_open")

    class MailDomain(Model):
        domain = CharField(unique=True)
        minute = IntegerField(default=0)
        count = IntegerField(column_name="n", default=0)
        paused_until = DateTimeField(null=True)
        reason = TextField(default="")

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([Suspension, MailDomain])


def down(migrator, db):
    db.execute_sql("DROP TABLE mail_domain")
    db.execute_sql("DROP TABLE suspension")
    db.execute_sql("DROP INDEX message_sms")
    migrator.migrate(
        *(migrator.drop_index("message", f"message_{'_'.join(columns)}") for columns in reversed(_INDEXES)),
        *(migrator.drop_column("message", name) for name in _COLUMNS),
    )
