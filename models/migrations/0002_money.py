"""Money: the production calendar, norms, tariffs, penalty rules, bills with their charges, the ledger, payments."""

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

    class Account(Base):
        pass

    class Customer(Base):
        pass

    class SpecialDay(Base):
        day = DateField(unique=True)
        is_working = BooleanField()

    class Norm(Base):
        service = CharField()
        dwelling = CharField()
        since = DateField()
        until = DateField(null=True)
        per = CharField()
        amount = IntegerField()

        class Meta:
            indexes = ((("service", "dwelling", "since"), True),)

    class Tariff(Base):
        service = CharField()
        dwelling = CharField()
        plan = IntegerField()
        zone = CharField()
        band = IntegerField()
        since = DateField()
        until = DateField(null=True)
        price = BigIntegerField()
        vat = IntegerField()

        class Meta:
            indexes = ((("service", "dwelling", "plan", "zone", "band", "since"), True),)

    class Band(Base):
        service = CharField()
        dwelling = CharField()
        since = DateField()
        until = DateField(null=True)
        first = IntegerField()
        second = IntegerField(null=True)

        class Meta:
            indexes = ((("service", "dwelling", "since"), True),)

    class PenaltyRule(Base):
        service = CharField()
        since = DateField()
        rate = IntegerField()
        grace = IntegerField()
        step = IntegerField()
        divisor = IntegerField()
        later = IntegerField()

        class Meta:
            indexes = ((("service", "since"), True),)

    class Bill(Base):
        account = ForeignKeyField(Account, on_delete="RESTRICT")
        period = CharField(max_length=7)
        number = CharField(unique=True)
        state = CharField()
        reason = CharField()
        issued_on = DateField(null=True)
        due_on = DateField()
        charged = BigIntegerField()
        recalculated = BigIntegerField()
        penalty = BigIntegerField()
        total = BigIntegerField()
        volume = BigIntegerField()
        basis = CharField()
        facts = JSONField()
        carry = JSONField()

        class Meta:
            indexes = ((("account", "period"), True), (("period", "state"), False))

    class Charge(Base):
        bill = ForeignKeyField(Bill, on_delete="CASCADE")
        place = IntegerField()
        service = CharField()
        kind = CharField()
        basis = CharField()
        plan = IntegerField()
        zone = CharField()
        band = IntegerField()
        quantity = BigIntegerField()
        price = BigIntegerField()
        vat = IntegerField()
        amount = BigIntegerField()
        about = CharField()
        reason = CharField()
        trace = JSONField()

        class Meta:
            indexes = ((("bill", "place"), True),)

    class Entry(Base):
        account = ForeignKeyField(Account, on_delete="RESTRICT")
        service = CharField()
        kind = CharField()
        amount = BigIntegerField()
        day = DateField()
        period = CharField(max_length=7, null=True)
        source = CharField(unique=True)
        created_at = DateTimeField()

        class Meta:
            indexes = ((("account", "day"), False), (("account", "id"), False))

    class Balance(Base):
        account = ForeignKeyField(Account, on_delete="RESTRICT")
        service = CharField()
        amount = BigIntegerField()

        class Meta:
            indexes = ((("account", "service"), True),)

    class Payment(Base):
        number = CharField(unique=True)
        account = ForeignKeyField(Account, on_delete="RESTRICT")
        customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")
        channel = CharField()
        document = CharField(null=True)
        key = CharField(null=True, unique=True)
        amount = BigIntegerField()
        parts = JSONField()
        period = CharField(max_length=7, null=True)
        state = CharField()
        reason = CharField()
        email = CharField()
        order_id = CharField(null=True, unique=True)
        form_url = CharField(max_length=600)
        created_at = DateTimeField()
        expires_at = DateTimeField(null=True)
        next_check_at = DateTimeField(null=True, index=True)
        asked_at = DateTimeField(null=True)
        answered_at = DateTimeField(null=True)
        paid_on = DateField(null=True)
        settled_at = DateTimeField(null=True)
        refunded = BigIntegerField()
        returning = BigIntegerField()
        card = CharField()
        cheque = JSONField()

        class Meta:
            indexes = (
                (("account", "created_at"), False),
                (("channel", "document"), True),
                (("state", "created_at"), False),
            )

    db.create_tables([SpecialDay, Norm, Tariff, Band, PenaltyRule, Bill, Charge, Entry, Balance, Payment])
    migrator.migrate(
        migrator.sql("CREATE UNIQUE INDEX payment_open ON payment (account_id) WHERE state IN ('new', 'registered')")
    )


def down(migrator, db):
    for table in (
        "payment",
        "balance",
        "entry",
        "charge",
        "bill",
        "penalty_rule",
        "band",
        "tariff",
        "norm",
        "special_day",
    ):
        migrator.migrate(migrator.drop_table(table))
