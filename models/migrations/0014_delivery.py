"""How bills are delivered, and which letters a customer wants: dated facts, each a row."""

from peewee import BooleanField, CharField, DateTimeField, ForeignKeyField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Customer(Base):
        pass

    class Account(Base):
        pass

    class DeliveryChoice(Base):
        account = ForeignKeyField(Account, on_delete="RESTRICT")
        way = CharField()
        customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")
        since = DateTimeField()
        channel = CharField()
        by = CharField(default="")
        note = CharField(default="")
        key = CharField(null=True, unique=True)

        class Meta:
            indexes = ((("account", "id"), False),)

    class Wish(Base):
        customer = ForeignKeyField(Customer, on_delete="CASCADE")
        topic = CharField()
        wanted = BooleanField()
        since = DateTimeField()
        channel = CharField()

        class Meta:
            indexes = ((("customer", "topic"), False),)

    db.create_tables([DeliveryChoice, Wish])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("wish"), migrator.drop_table("delivery_choice"))
