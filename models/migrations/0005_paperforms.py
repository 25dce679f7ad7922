"""Paper reading forms: batches, rows, second looks."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
)


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Office(Base):
        pass

    class Account(Base):
        pass

    class Receipt(Base):
        pass

    class Employee(Base):
        pass

    class Batch(Base):
        office = ForeignKeyField(Office, on_delete="RESTRICT")
        taken = DateField()
        channel = CharField()
        expected = IntegerField(null=True)
        control_sum = BigIntegerField(null=True)
        lines = IntegerField()
        key = CharField(unique=True)
        opened_by = ForeignKeyField(Employee, on_delete="RESTRICT")
        opened_at = DateTimeField()
        closed_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        closed_at = DateTimeField(null=True)
        difference = CharField()

    class PaperForm(Base):
        batch = ForeignKeyField(Batch, on_delete="RESTRICT")
        line = IntegerField()
        key = CharField(unique=True)
        account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")
        account_text = CharField(max_length=300)
        typed = JSONField()
        dials = JSONField()
        state = CharField()
        rule = CharField()
        reason = CharField(max_length=2000)
        aside = CharField()
        usage = BigIntegerField(null=True)
        total = BigIntegerField()
        is_sampled = BooleanField()
        receipt = ForeignKeyField(Receipt, null=True, on_delete="SET NULL")
        entered_by = ForeignKeyField(Employee, on_delete="RESTRICT")
        entered_at = DateTimeField()

        class Meta:
            indexes = ((("batch", "state"), False),)

    class SecondLook(Base):
        form = ForeignKeyField(PaperForm, unique=True, on_delete="RESTRICT")
        employee = ForeignKeyField(Employee, on_delete="RESTRICT")
        typed = JSONField()
        agrees = BooleanField()
        picked = CharField()
        made_at = DateTimeField()

    db.create_tables([Batch, PaperForm, SecondLook])
    migrator.migrate(
        migrator.sql("CREATE UNIQUE INDEX paper_form_line ON paper_form (batch_id, line) WHERE state <> 'replaced'")
    )


def down(migrator, db):
    for table in ("second_look", "paper_form", "batch"):
        migrator.migrate(migrator.drop_table(table))
