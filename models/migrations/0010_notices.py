"""What every customer is told for a while."""

from peewee import CharField, DateTimeField, Model


def up(migrator, db):
    class Notice(Model):
        kind = CharField()
        text = CharField(max_length=240)
        since = DateTimeField()
        until = DateTimeField()
        by = CharField()
        ended_at = DateTimeField(null=True)

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([Notice])
    migrator.migrate(migrator.sql('CREATE UNIQUE INDEX "notice_one" ON "notice" ("kind") WHERE "ended_at" IS NULL'))


def down(migrator, db):
    migrator.migrate(migrator.drop_table("notice"))
