"""Files that a scanner has not looked at yet, and what it found."""

from peewee import CharField, DateTimeField


def up(migrator, db):
    migrator.migrate(
        migrator.add_column("stored_file", "scan_at", DateTimeField(null=True, index=True)),
        migrator.add_column("stored_file", "virus", CharField(default="")),
    )


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("stored_file", "stored_file_scan_at"),
        migrator.drop_column("stored_file", "scan_at"),
        migrator.drop_column("stored_file", "virus"),
    )
