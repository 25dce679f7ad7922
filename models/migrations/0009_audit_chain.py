"""The audit log's chain: a place and a hash for each row, seals of its end; searches by who, where from, deed and subject with the day."""

from peewee import BigIntegerField, CharField, DateTimeField, Model

_SEARCHED = ("who", "ip", "deed", "subject")


def up(migrator, db):
    class AuditSeal(Model):
        place = BigIntegerField(index=True)
        hash = CharField(max_length=64)
        mac = CharField(max_length=64)
        at = DateTimeField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([AuditSeal])
    migrator.migrate(
        migrator.add_column("audit", "place", BigIntegerField(null=True)),
        migrator.add_column("audit", "hash", CharField(null=True, max_length=64)),
        migrator.sql('CREATE UNIQUE INDEX "auditrow_place" ON "audit" ("place")'),
        migrator.sql('CREATE INDEX "audit_unsealed" ON "audit" ("id") WHERE "place" IS NULL'),
        *[migrator.sql(f'CREATE INDEX "auditrow_{name}_at" ON "audit" ("{name}", "at")') for name in _SEARCHED],
        *[migrator.sql(f'DROP INDEX "auditrow_{name}"') for name in _SEARCHED if name != "ip"],
    )


def down(migrator, db):
    migrator.migrate(
        *[migrator.sql(f'CREATE INDEX "auditrow_{name}" ON "audit" ("{name}")') for name in _SEARCHED if name != "ip"],
        *[migrator.sql(f'DROP INDEX "auditrow_{name}_at"') for name in _SEARCHED],
        migrator.sql('DROP INDEX "audit_unsealed"'),
        migrator.sql('DROP INDEX "auditrow_place"'),
        migrator.drop_column("audit", "hash"),
        migrator.drop_column("audit", "place"),
        migrator.drop_table("audit_seal"),
    )
