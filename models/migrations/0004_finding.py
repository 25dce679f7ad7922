"""Finding accounts: an entry of words each, the engine's full-text index kept by triggers; and who opened which card."""

from peewee import CharField, DateTimeField, ForeignKeyField, Model, SqliteDatabase, TextField

# Our words are letters and digits in small letters already: the plainest tokenizer, and no places of words within an entry.
SQLITE = """
CREATE VIRTUAL TABLE search_words USING fts5(
    words, content='search_entry', content_rowid='account_id', tokenize='ascii', detail=none, columnsize=0, prefix='3'
);

CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
    INSERT INTO search_words (rowid, words) VALUES (new.account_id, new.words);
END;

CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN
    INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', old.account_id, old.words);
END;

CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN
    INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', old.account_id, old.words);
    INSERT INTO search_words (rowid, words) VALUES (new.account_id, new.words);
END;
"""

# string_to_array and not to_tsvector, whose parser would take some words for numbers or hosts.
POSTGRES = """
CREATE TABLE search_words (
    account_id INTEGER PRIMARY KEY REFERENCES search_entry (account_id) ON DELETE CASCADE, words TSVECTOR NOT NULL
);

CREATE INDEX search_words_words ON search_words USING gin (words);

CREATE FUNCTION search_entry_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO search_words VALUES (new.account_id, array_to_tsvector(string_to_array(new.words, ' ')))
    ON CONFLICT (account_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;

CREATE TRIGGER search_entry_changed AFTER INSERT OR UPDATE ON search_entry FOR EACH ROW EXECUTE FUNCTION search_entry_changed();
"""


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        number = CharField(unique=True)

    class Employee(Base):
        email = CharField(unique=True)

    class SearchEntry(Base):
        account = ForeignKeyField(Account, primary_key=True, on_delete="CASCADE")
        words = TextField()

    class Opening(Base):
        employee = ForeignKeyField(Employee, on_delete="RESTRICT")
        account = ForeignKeyField(Account, on_delete="CASCADE")
        reason = CharField()
        note = CharField(max_length=200)
        at = DateTimeField()

        class Meta:
            indexes = ((("employee", "account", "at"), False),)

    db.create_tables([SearchEntry, Opening])
    for statement in (SQLITE if isinstance(db, SqliteDatabase) else POSTGRES).split("\n\n"):
        migrator.migrate(migrator.sql(statement))


def down(migrator, db):
    migrator.migrate(migrator.drop_table("opening"))
    migrator.migrate(migrator.sql("DROP TABLE search_words"))
    migrator.migrate(migrator.drop_table("search_entry"))
    if not isinstance(db, SqliteDatabase):
        migrator.migrate(migrator.sql("DROP FUNCTION search_entry_changed"))
