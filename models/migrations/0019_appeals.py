"""The reception: appeals, what is said in them, what is being typed."""

from peewee import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)


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

    class Appeal(Base):
        customer = ForeignKeyField(Customer, null=True, on_delete="RESTRICT")
        email = CharField(index=True)
        name = CharField()
        phone = CharField()
        account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")
        typed_account = CharField()
        topic = CharField()
        office = CharField()
        channel = CharField()
        title = CharField(max_length=80)
        state = CharField()
        state_at = DateTimeField()
        registered_at = DateTimeField()
        due_on = DateField()
        extended_on = DateField(null=True)
        owner = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        owned_at = DateTimeField(null=True)
        is_news = BooleanField()
        last_entry = IntegerField()
        answered_at = DateTimeField(null=True)
        closed_at = DateTimeField(null=True)
        rating = IntegerField(null=True)
        rating_text = CharField(max_length=500)
        merged_into = ForeignKeyField("self", null=True, index=False)
        link_no = IntegerField()
        key = CharField(null=True, unique=True)

        class Meta:
            indexes = (
                (("state", "due_on", "id", "owner", "registered_at"), False),
                (("state", "office", "topic", "due_on", "owner"), False),
                (("owner", "state", "due_on"), False),
                (("customer", "id"), False),
                (("account", "id"), False),
                (("registered_at", "topic", "office", "state", "due_on", "rating"), False),
            )

    Appeal.add_index(Appeal.state, Appeal.due_on, Appeal.id, where=Appeal.is_news, name="appeal_news")
    Appeal.add_index(Appeal.merged_into, where=Appeal.merged_into.is_null(False), name="appeal_merged")

    class AppealEntry(Base):
        appeal = ForeignKeyField(Appeal, on_delete="RESTRICT")
        kind = CharField()
        author = CharField()
        text = TextField()
        is_public = BooleanField()
        data = JSONField()
        at = DateTimeField()
        key = CharField(null=True, unique=True)

        class Meta:
            indexes = ((("appeal", "id"), False),)

    class AppealDraft(Base):
        handle = CharField(unique=True)
        author = CharField()
        appeal = ForeignKeyField(Appeal, null=True, on_delete="CASCADE")
        fields = JSONField()
        updated_at = DateTimeField(index=True)

    AppealDraft.add_index(AppealDraft.author, unique=True, where=AppealDraft.appeal.is_null(), name="appeal_draft_new")
    AppealDraft.add_index(
        AppealDraft.author,
        AppealDraft.appeal,
        unique=True,
        where=AppealDraft.appeal.is_null(False),
        name="appeal_draft_one",
    )
    db.create_tables([Appeal, AppealEntry, AppealDraft])


def down(migrator, db):
    for name in ("appeal_draft", "appeal_entry", "appeal"):
        migrator.migrate(migrator.drop_table(name))
