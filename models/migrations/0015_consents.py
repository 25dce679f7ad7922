"""Consents with their contact, term and end, given on paper too; customers whose cabinet closes."""

from peewee import CharField, DateField, DateTimeField, IntegerField, JSONField

_COLUMNS = (
    "contact",
    "term_until",
    "paper_number",
    "file",
    "registered_by",
    "key",
    "withdrawal_channel",
    "withdrawn_by",
    "withdrawal_file",
    "ends_at",
    "kind",
)


def up(migrator, db):
    migrator.migrate(
        migrator.add_column("consent", "kind", CharField(default="")),
        migrator.add_column("consent", "contact", JSONField(null=True)),
        migrator.add_column("consent", "term_until", DateField(null=True)),
        migrator.add_column("consent", "paper_number", CharField(default="")),
        migrator.add_column("consent", "file", IntegerField(null=True)),
        migrator.add_column("consent", "registered_by", IntegerField(null=True)),
        migrator.add_column("consent", "key", CharField(null=True)),
        migrator.add_column("consent", "withdrawal_channel", CharField(default="")),
        migrator.add_column("consent", "withdrawn_by", CharField(default="")),
        migrator.add_column("consent", "withdrawal_file", IntegerField(null=True)),
        migrator.add_column("consent", "ends_at", DateTimeField(null=True)),
        migrator.add_column("customer", "closes_at", DateTimeField(null=True)),
        migrator.add_column("customer", "closed_at", DateTimeField(null=True)),
    )
    db.execute_sql(
        "UPDATE consent SET kind = (SELECT consent_text.kind FROM consent_text WHERE consent_text.hash = consent.text_id)"
    )
    db.execute_sql("UPDATE consent SET contact = '{}'")
    migrator.migrate(
        migrator.add_not_null("consent", "contact"),
        migrator.add_index("consent", ("key",), unique=True),
        migrator.add_index("consent", ("kind", "account")),
        migrator.add_index("customer", ("closes_at",)),
    )
    db.execute_sql(
        "CREATE UNIQUE INDEX consent_open ON consent (subject, kind, account)"
        " WHERE withdrawn_at IS NULL AND kind <> 'payment'"
    )


def down(migrator, db):
    db.execute_sql("DROP INDEX consent_open")
    migrator.migrate(
        migrator.drop_index("customer", "customer_closes_at"),
        migrator.drop_index("consent", "consent_kind_account"),
        migrator.drop_index("consent", "consent_key"),
        migrator.drop_column("customer", "closed_at"),
        migrator.drop_column("customer", "closes_at"),
        *(migrator.drop_column("consent", name) for name in _COLUMNS),
    )
