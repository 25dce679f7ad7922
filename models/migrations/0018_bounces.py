"""Letters that came back, and our own mailbox."""

from peewee import BigIntegerField, CharField, DateTimeField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator, db):
    class Message(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Undelivered(Model):
        message = ForeignKeyField(Message, unique=True, on_delete="CASCADE")
        address = CharField()
        status = CharField(default="")
        reason = TextField(default="")
        at = DateTimeField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("address", "at"), False),)

    class Mailbox(Model):
        folder = CharField(unique=True)
        validity = BigIntegerField(default=0)
        last_uid = BigIntegerField(default=0)
        begun = CharField(default="")
        begun_at = DateTimeField(null=True)
        tries = IntegerField(default=0)
        read_at = DateTimeField(null=True)
        error = TextField(default="")

        class Meta:
            database = db
            legacy_table_names = False

    class IncomingLetter(Model):
        folder = CharField()
        validity = BigIntegerField()
        uid = BigIntegerField()
        message_id = CharField(unique=True)
        kind = CharField()
        outcome = CharField(default="")
        at = DateTimeField(index=True)

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("folder", "validity", "uid"), True),)

    db.create_tables([Undelivered, Mailbox, IncomingLetter])


def down(migrator, db):
    for table in ("incoming_letter", "mailbox", "undelivered"):
        migrator.migrate(migrator.drop_table(table))
