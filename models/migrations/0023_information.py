"""What anyone may read: published versions and drafts; how to get to an office."""

from peewee import CharField, DateTimeField, IntegerField, JSONField, Model


def up(migrator, db):
    class InformationVersion(Model):
        section = CharField()
        number = IntegerField()
        items = JSONField()
        changes = JSONField()
        back_to = IntegerField(null=True)
        made_at = DateTimeField()
        made_by = CharField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("section", "number"), True),)

    class InformationDraft(Model):
        section = CharField(unique=True)
        base = JSONField()
        items = JSONField()
        revision = IntegerField()
        updated_at = DateTimeField()
        updated_by = CharField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([InformationVersion, InformationDraft])
    migrator.migrate(
        migrator.add_column("office", "way", CharField(default="")),
        migrator.add_column("office", "place", CharField(default="")),
    )


def down(migrator, db):
    migrator.migrate(
        migrator.drop_column("office", "place"),
        migrator.drop_column("office", "way"),
        migrator.drop_table("information_draft"),
        migrator.drop_table("information_version"),
    )
