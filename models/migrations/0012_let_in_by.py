"""Who alone has let an employee in: not the one to approve what that employee proposes."""

from peewee import IntegerField


def up(migrator, db):
    migrator.migrate(migrator.add_column("employee", "let_in_by", IntegerField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("employee", "let_in_by"))
