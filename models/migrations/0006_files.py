"""Files that people attach: what lies in the folder, and what it belongs to."""

from peewee import BigIntegerField, CharField, DateTimeField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class StoredFile(Base):
        name = CharField(unique=True)
        title = CharField()
        kind = CharField()
        size = BigIntegerField()
        sha256 = CharField()
        owner = CharField()
        added_by = CharField()
        added_at = DateTimeField()
        removed_by = CharField()
        removed_at = DateTimeField(null=True)

        class Meta:
            indexes = ((("owner", "removed_at"), False),)

    StoredFile.add_index(
        StoredFile.owner, StoredFile.sha256, unique=True, where=StoredFile.removed_at.is_null(), name="stored_file_once"
    )
    db.create_tables([StoredFile])


def down(migrator, db):
    db.execute_sql('DROP TABLE "stored_file"')
