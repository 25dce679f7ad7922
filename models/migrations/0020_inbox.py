"""The staff's side of appeals: rules of assignment, answers given, opinions asked for, templates of answers, the words they are found by."""

from peewee import (
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

SQLITE = """
CREATE VIRTUAL TABLE appeal_words USING fts5(
    words, content='appeal_search_entry', content_rowid='appeal_id', tokenize='ascii', detail=none, columnsize=0, prefix='3'
);

CREATE TRIGGER appeal_search_entry_added AFTER INSERT ON appeal_search_entry BEGIN
    INSERT INTO appeal_words (rowid, words) VALUES (new.appeal_id, new.words);
END;

CREATE TRIGGER appeal_search_entry_gone AFTER DELETE ON appeal_search_entry BEGIN
    INSERT INTO appeal_words (appeal_words, rowid, words) VALUES ('delete', old.appeal_id, old.words);
END;

CREATE TRIGGER appeal_search_entry_changed AFTER UPDATE ON appeal_search_entry BEGIN
    INSERT INTO appeal_words (appeal_words, rowid, words) VALUES ('delete', old.appeal_id, old.words);
    INSERT INTO appeal_words (rowid, words) VALUES (new.appeal_id, new.words);
END;
"""

POSTGRES = """
CREATE TABLE appeal_words (
    appeal_id INTEGER PRIMARY KEY REFERENCES appeal_search_entry (appeal_id) ON DELETE CASCADE, words TSVECTOR NOT NULL
);

CREATE INDEX appeal_words_words ON appeal_words USING gin (words);

CREATE FUNCTION appeal_search_entry_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO appeal_words VALUES (new.appeal_id, array_to_tsvector(string_to_array(new.words, ' ')))
    ON CONFLICT (appeal_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;

CREATE TRIGGER appeal_search_entry_changed AFTER INSERT OR UPDATE ON appeal_search_entry FOR EACH ROW
EXECUTE FUNCTION appeal_search_entry_changed();
"""


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Employee(Base):
        pass

    class Appeal(Base):
        pass

    class AppealEntry(Base):
        pass

    class AppealSearchEntry(Base):
        appeal = ForeignKeyField(Appeal, primary_key=True, on_delete="CASCADE")
        words = TextField()

    class AppealAnswer(Base):
        appeal = ForeignKeyField(Appeal, on_delete="RESTRICT")
        place = IntegerField()
        employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        at = DateTimeField()
        days = IntegerField()
        is_in_time = BooleanField()
        is_answer = BooleanField()

        class Meta:
            indexes = ((("appeal", "place"), True), (("appeal", "place", "days", "is_in_time", "is_answer"), False))

    class AssignRule(Base):
        topic = CharField()
        office = CharField()
        employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
        to_office = CharField()
        position = IntegerField()
        since = DateTimeField()
        ended = DateTimeField(null=True)
        made_by = CharField()

        class Meta:
            indexes = ((("ended", "position", "id"), False),)

    class OpinionAsked(Base):
        appeal = ForeignKeyField(Appeal, on_delete="RESTRICT")
        employee = ForeignKeyField(Employee, on_delete="RESTRICT")
        asked = ForeignKeyField(AppealEntry, on_delete="RESTRICT")
        given = ForeignKeyField(AppealEntry, null=True, on_delete="RESTRICT")
        reminded_at = DateTimeField(null=True)

        class Meta:
            indexes = (
                (("employee", "given", "appeal"), False),
                (("asked", "employee"), True),
            )

    OpinionAsked.add_index(
        OpinionAsked.appeal,
        OpinionAsked.employee,
        unique=True,
        where=OpinionAsked.given.is_null(),
        name="opinion_asked_once",
    )

    class AnswerTemplate(Base):
        line = IntegerField()
        title = CharField(max_length=100)
        topic = CharField()
        text = TextField()
        since = DateTimeField()
        ended = DateTimeField(null=True)
        made_by = CharField()

        class Meta:
            indexes = ((("line", "id"), False),)

    AnswerTemplate.add_index(
        AnswerTemplate.line, unique=True, where=AnswerTemplate.ended.is_null(), name="answer_template_now"
    )
    db.create_tables([AppealSearchEntry, AppealAnswer, AssignRule, OpinionAsked, AnswerTemplate])
    for statement in (SQLITE if isinstance(db, SqliteDatabase) else POSTGRES).split("\n\n"):
        migrator.migrate(migrator.sql(statement))


def down(migrator, db):
    for name in ("answer_template", "opinion_asked", "assign_rule", "appeal_answer"):
        migrator.migrate(migrator.drop_table(name))
    migrator.migrate(migrator.sql("DROP TABLE appeal_words"))
    migrator.migrate(migrator.drop_table("appeal_search_entry"))
    if not isinstance(db, SqliteDatabase):
        migrator.migrate(migrator.sql("DROP FUNCTION appeal_search_entry_changed"))
