"""Consents on paper: blanks with numbers, printed and brought back."""

from peewee import CharField, DateField, DateTimeField, ForeignKeyField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        pass

    class Consent(Base):
        pass

    class ConsentText(Base):
        hash = CharField(primary_key=True, max_length=64)

    class ConsentForm(Base):
        text = ForeignKeyField(ConsentText, on_delete="RESTRICT")
        account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")
        printed_at = DateTimeField(null=True)
        printed_by = CharField()
        key = CharField(null=True, unique=True)
        consent = ForeignKeyField(Consent, null=True, unique=True, on_delete="RESTRICT")
        signed_on = DateField(null=True)
        registered_at = DateTimeField(null=True)
        registered_by = CharField()
        without_scan = CharField(max_length=200)

        class Meta:
            indexes = ((("account", "text", "printed_by"), False),)

    db.create_tables([ConsentForm])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("consent_form"))
