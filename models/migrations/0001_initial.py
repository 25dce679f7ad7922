"""The first schema: people, accounts, meters, readings, and what everyone uses."""

from peewee import (
    BigIntegerField,
    CharField,
    CompositeKey,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)


def up(migrator, db):
    class Office(Model):
        code = CharField(unique=True)
        name = CharField()
        settlement = CharField(index=True)
        address = CharField()
        phone = CharField(default="")
        hours = CharField(default="")

        class Meta:
            database = db
            table_name = "office"

    db.create_tables([Office])

    class Account(Model):
        number = CharField(unique=True)
        office = ForeignKeyField(Office, null=True)
        last_name = CharField(index=True)
        first_name = CharField()
        middle_name = CharField(default="")
        settlement = CharField()
        street = CharField()
        house = CharField()
        flat = CharField(default="")
        dwelling = CharField()
        persons = IntegerField()
        area = IntegerField()
        services = CharField()
        access_code = CharField()
        opened = DateField()
        closed = DateField(null=True)
        email = CharField(default="")
        phone = CharField(default="")

        class Meta:
            database = db
            table_name = "account"

    db.create_tables([Account])

    class AuditRow(Model):
        at = DateTimeField(index=True)
        who = CharField(index=True)
        ip = CharField(default="")
        deed = CharField(index=True)
        subject = CharField(index=True)
        detail = JSONField(default=dict)

        class Meta:
            database = db
            table_name = "audit"

    db.create_tables([AuditRow])

    class Closing(Model):
        period = CharField(unique=True, max_length=7)
        closed_at = DateTimeField()

        class Meta:
            database = db
            table_name = "closing"

    db.create_tables([Closing])

    class ConsentText(Model):
        hash = CharField(primary_key=True, max_length=64)
        kind = CharField()
        version = CharField()
        text = TextField()

        class Meta:
            database = db
            table_name = "consent_text"

    db.create_tables([ConsentText])

    class Consent(Model):
        subject = CharField(index=True)
        text = ForeignKeyField(ConsentText)
        given_at = DateTimeField()
        ip = CharField(default="")
        channel = CharField()
        account = CharField(default="")
        withdrawn_at = DateTimeField(null=True)

        class Meta:
            database = db
            table_name = "consent"

    db.create_tables([Consent])

    class Customer(Model):
        email = CharField(unique=True)
        phone = CharField(index=True, default="")
        name = CharField(default="")
        password_hash = CharField()
        created_at = DateTimeField()

        class Meta:
            database = db
            table_name = "customer"

    db.create_tables([Customer])

    class Hit(Model):
        key = CharField()
        window = IntegerField(column_name="win")
        ends = IntegerField(index=True)
        count = IntegerField(default=1, column_name="n")

        class Meta:
            database = db
            table_name = "hit"
            primary_key = CompositeKey("key", "window")

    db.create_tables([Hit])

    class Holding(Model):
        customer = ForeignKeyField(Customer, on_delete="CASCADE")
        account = ForeignKeyField(Account, on_delete="CASCADE")
        since = DateTimeField()
        until = DateTimeField(null=True)
        primary_since = DateTimeField(null=True)

        class Meta:
            database = db
            table_name = "holding"
            indexes = ((("customer", "until"), False), (("account", "until"), False))

    db.create_tables([Holding])

    class KeptForm(Model):
        fingerprint = CharField(unique=True)
        path = CharField(max_length=500)
        fields = JSONField()
        created_at = DateTimeField(index=True)

        class Meta:
            database = db
            table_name = "kept_form"

    db.create_tables([KeptForm])

    class Message(Model):
        kind = CharField()
        to = CharField(index=True, column_name="recipient")
        letter = CharField()
        data = JSONField(default=dict)
        secrets = JSONField(default=dict)
        message_id = CharField(unique=True)
        key = CharField(unique=True, null=True)
        state = CharField(default="waiting")
        created_at = DateTimeField()
        due_at = DateTimeField()
        attempts = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "message"
            indexes = ((("state", "due_at"), False),)

    db.create_tables([Message])

    class Meter(Model):
        account = ForeignKeyField(Account, on_delete="CASCADE")
        serial = CharField(unique=True)
        service = CharField()
        model = CharField()
        zones = IntegerField()
        digits = IntegerField()
        ratio = IntegerField(default=1)
        installed = DateField()
        removed = DateField(null=True)
        initial_t1 = BigIntegerField(default=0)
        initial_t2 = BigIntegerField(null=True)
        initial_t3 = BigIntegerField(null=True)
        final_t1 = BigIntegerField(null=True)
        final_t2 = BigIntegerField(null=True)
        final_t3 = BigIntegerField(null=True)
        verification_due = DateField(null=True)

        class Meta:
            database = db
            table_name = "meter"

    db.create_tables([Meter])

    class Receipt(Model):
        account = ForeignKeyField(Account, on_delete="CASCADE")
        customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")
        channel = CharField()
        key = CharField()
        received_at = DateTimeField(index=True)

        class Meta:
            database = db
            table_name = "receipt"
            indexes = ((("channel", "key"), True),)

    db.create_tables([Receipt])

    class Reading(Model):
        meter = ForeignKeyField(Meter, on_delete="CASCADE")
        account = ForeignKeyField(Account, on_delete="CASCADE")
        receipt = ForeignKeyField(Receipt, null=True, on_delete="SET NULL")
        period = CharField(max_length=7)
        taken = DateField()
        received_at = DateTimeField()
        channel = CharField()
        t1 = BigIntegerField()
        t2 = BigIntegerField(null=True)
        t3 = BigIntegerField(null=True)
        state = CharField()
        reason = CharField(default="")
        trace = JSONField(default=dict)

        class Meta:
            database = db
            table_name = "reading"
            indexes = ((("account", "taken"), False), (("state", "period"), False))

    db.create_tables([Reading])

    class Session(Model):
        fingerprint = CharField(unique=True)
        customer = ForeignKeyField(Customer, on_delete="CASCADE")
        device = CharField(default="")
        ip = CharField(default="")
        created_at = DateTimeField()
        seen_at = DateTimeField()
        ended_at = DateTimeField(null=True)

        class Meta:
            database = db
            table_name = "session"

    db.create_tables([Session])

    class Token(Model):
        purpose = CharField()
        handle = CharField(unique=True)
        fingerprint = CharField(unique=True)
        code_seal = CharField()
        tries = IntegerField(default=0)
        subject = CharField(index=True)
        data = JSONField(default=dict)
        created_at = DateTimeField()
        expires_at = DateTimeField(index=True)
        used_at = DateTimeField(null=True)

        class Meta:
            database = db
            table_name = "token"

    db.create_tables([Token])

    migrator.migrate(
        migrator.sql("CREATE UNIQUE INDEX holding_open ON holding (customer_id, account_id) WHERE until IS NULL"),
        migrator.sql(
            "CREATE UNIQUE INDEX reading_counted ON reading (meter_id, period) WHERE state IN ('accepted', 'billed')"
        ),
    )


def down(migrator, db):
    for table in (
        "token",
        "session",
        "reading",
        "receipt",
        "meter",
        "message",
        "kept_form",
        "holding",
        "hit",
        "customer",
        "consent",
        "consent_text",
        "closing",
        "audit",
        "account",
        "office",
    ):
        migrator.migrate(migrator.drop_table(table))
