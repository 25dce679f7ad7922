import threading, time
import pytest
from models import base, schema, clock, audit
from models.audit import AuditRow
def test_a(db):
    assert AuditRow.select().count() == 0
    audit.record("a.b", "c"); assert AuditRow.get().id == 1
@pytest.mark.parametrize("n", range(20))
def test_b(db, n):
    assert AuditRow.select().count() == 0
    def go():
        with base.connection():
            audit.record("a.b", "c")
    t=[threading.Thread(target=go) for _ in range(4)]; [x.start() for x in t]; [x.join() for x in t]
    assert AuditRow.select().count() == 4
def test_fresh(engine, company):
    with engine.fresh() as url:
        d = base.connect(url)
        with d.connection_context(): schema.migrate(d); assert len(d.get_tables()) > 10
        d.close_all()
@pytest.mark.company("koryak")
def test_at(at):
    assert str(clock.local(clock.now())) == "2026-11-20 10:00:00"
def test_pure(): pass
