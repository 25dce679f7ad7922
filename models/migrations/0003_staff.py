"""The staff: employees, their sessions, their recovery codes."""

from peewee import BigIntegerField, CharField, DateTimeField, ForeignKeyField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Employee(Base):
        email = CharField(unique=True)
        name = CharField()
        role = CharField()
        office = CharField()
        password_hash = CharField()
        factor_seed = CharField()
        factor_since = DateTimeField(null=True)
        factor_step = BigIntegerField()
        created_at = DateTimeField()
        closed_at = DateTimeField(null=True)

    class StaffSession(Base):
        fingerprint = CharField(unique=True)
        employee = ForeignKeyField(Employee, on_delete="CASCADE")
        device = CharField()
        ip = CharField()
        created_at = DateTimeField()
        seen_at = DateTimeField(index=True)
        ended_at = DateTimeField(null=True)

    class RecoveryCode(Base):
        employee = ForeignKeyField(Employee, on_delete="CASCADE")
        code_seal = CharField(unique=True)
        created_at = DateTimeField()
        used_at = DateTimeField(null=True)

    db.create_tables([Employee, StaffSession, RecoveryCode])


def down(migrator, db):
    for table in ("recovery_code", "staff_session", "employee"):
        db.execute_sql(f'DROP TABLE "{table}"')
