"""Orders for a meter: what is wished, its steps, and the places of the visiting fitters."""

from peewee import CharField, DateField, DateTimeField, ForeignKeyField, IntegerField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        pass

    class Customer(Base):
        pass

    class Meter(Base):
        pass

    class Office(Base):
        pass

    class Order(Base):
        account = ForeignKeyField(Account, on_delete="RESTRICT")
        customer = ForeignKeyField(Customer, null=True, on_delete="RESTRICT")
        meter = ForeignKeyField(Meter, null=True, on_delete="RESTRICT")
        office = ForeignKeyField(Office, null=True, on_delete="RESTRICT")
        kind = CharField()
        service = CharField()
        model = CharField()
        phone = CharField()
        words = CharField(max_length=1000)
        state = CharField()
        state_at = DateTimeField()
        placed_at = DateTimeField()
        day = DateField(null=True)
        span = CharField()
        reason = CharField(max_length=300)
        new_meter = ForeignKeyField(Meter, null=True, on_delete="RESTRICT")
        seals = CharField(max_length=200)
        key = CharField(null=True, unique=True)

        class Meta:
            table_name = "meter_order"
            indexes = (
                (("account", "id"), False),
                (("state", "day", "id"), False),
                (("office", "day", "span"), False),
            )

    is_open = Order.state.in_(("placed", "appointed", "failed"))
    has_meter = Order.meter.is_null(False)
    Order.add_index(Order.meter, Order.kind, unique=True, where=is_open & has_meter, name="order_open_meter")
    Order.add_index(
        Order.account, Order.service, unique=True, where=is_open & Order.meter.is_null(), name="order_open_place"
    )

    class OrderEvent(Base):
        order = ForeignKeyField(Order, on_delete="RESTRICT")
        kind = CharField()
        author = CharField()
        day = DateField(null=True)
        span = CharField()
        text = CharField(max_length=1000)
        at = DateTimeField()

        class Meta:
            indexes = ((("order", "id"), False),)

    class VisitSlot(Base):
        office = ForeignKeyField(Office, null=True, on_delete="CASCADE")
        day = DateField()
        span = CharField()
        capacity = IntegerField(null=True)

    of_office = VisitSlot.office.is_null(False)
    VisitSlot.add_index(
        VisitSlot.office, VisitSlot.day, VisitSlot.span, unique=True, where=of_office, name="visit_slot_office"
    )
    common = VisitSlot.office.is_null()
    VisitSlot.add_index(VisitSlot.day, VisitSlot.span, unique=True, where=common, name="visit_slot_common")
    db.create_tables([Order, OrderEvent, VisitSlot])


def down(migrator, db):
    for name in ("visit_slot", "order_event", "meter_order"):
        migrator.migrate(migrator.drop_table(name))
