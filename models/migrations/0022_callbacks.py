"""Callbacks with their calls, news and outages with their changes."""

from peewee import CharField, DateField, DateTimeField, ForeignKeyField, IntegerField, JSONField, Model, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Customer(Base):
        pass

    class Account(Base):
        pass

    class Employee(Base):
        pass

    class Callback(Base):
        customer = ForeignKeyField(Customer, null=True, on_delete="RESTRICT")
        account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")
        name = CharField()
        phone = CharField()
        topic = CharField()
        channel = CharField()
        consent = CharField()
        page = CharField(max_length=200)
        begins_at = DateTimeField()
        ends_at = DateTimeField()
        due_at = DateTimeField()
        state = CharField()
        state_at = DateTimeField()
        created_at = DateTimeField()
        owner = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        owned_until = DateTimeField(null=True)
        tries = IntegerField()
        appeal = IntegerField(null=True)
        joins = ForeignKeyField("self", null=True)
        key = CharField(null=True, unique=True)

        class Meta:
            indexes = (
                (("state", "due_at", "id"), False),
                (("phone", "created_at"), False),
                (("customer", "id"), False),
            )

    class CallbackTry(Base):
        callback = ForeignKeyField(Callback, on_delete="RESTRICT")
        employee = ForeignKeyField(Employee, on_delete="RESTRICT")
        outcome = CharField()
        text = CharField(max_length=2000)
        again_at = DateTimeField(null=True)
        at = DateTimeField()

        class Meta:
            indexes = ((("callback", "id"), False),)

    class NewsItem(Base):
        title = CharField(max_length=120)
        text = TextField()
        settlements = JSONField()
        offices = JSONField()
        begins_on = DateField()
        until_on = DateField()
        state = CharField()
        state_at = DateTimeField()
        version = IntegerField()
        created_at = DateTimeField()
        key = CharField(null=True, unique=True)

        class Meta:
            indexes = ((("state", "begins_on", "id"), False),)

    class NewsChange(Base):
        item = ForeignKeyField(NewsItem, on_delete="RESTRICT")
        what = CharField()
        title = CharField(max_length=120)
        text = TextField()
        by = CharField()
        at = DateTimeField()

        class Meta:
            indexes = ((("item", "id"), False),)

    class Outage(Base):
        settlement = CharField()
        places = JSONField()
        kind = CharField()
        reason = CharField(max_length=200)
        begins_at = DateTimeField()
        ends_at = DateTimeField()
        state = CharField()
        state_at = DateTimeField()
        version = IntegerField()
        accounts = IntegerField()
        created_at = DateTimeField()
        key = CharField(null=True, unique=True)

        class Meta:
            indexes = ((("ends_at",), False), (("begins_at", "id"), False))

    class OutageChange(Base):
        outage = ForeignKeyField(Outage, on_delete="RESTRICT")
        what = CharField()
        begins_at = DateTimeField()
        ends_at = DateTimeField()
        text = TextField()
        by = CharField()
        at = DateTimeField()

        class Meta:
            indexes = ((("outage", "id"), False),)

    migrator.migrate(migrator.add_index("account", ("settlement", "street", "house", "closed")))
    db.create_tables([Callback, CallbackTry, NewsItem, NewsChange, Outage, OutageChange])
    migrator.migrate(
        migrator.sql("""CREATE UNIQUE INDEX "callback_open" ON "callback" ("phone") WHERE "state" = 'waiting'""")
    )


def down(migrator, db):
    migrator.migrate(migrator.drop_index("account", "account_settlement_street_house_closed"))
    for name in ("outage_change", "outage", "news_change", "news_item", "callback_try", "callback"):
        migrator.migrate(migrator.drop_table(name))
