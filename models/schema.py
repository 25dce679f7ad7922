"""All tables, and bringing a database to the present schema with Peewee's own migrations."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import Database, SqliteDatabase, sort_models  # type: ignore[attr-defined]
from playhouse.migrations import Runner

from models.audit import AuditRow
from models.audit_chain import AuditSeal
from models.base import Row
from models.billing.bills import Bill, Charge
from models.billing.delivery import DeliveryChoice
from models.billing.ledger import Balance, Entry
from models.billing.payments import Payment
from models.billing.penalties import PenaltyRule
from models.billing.tariffs import Band, Tariff
from models.consents import Consent, ConsentText
from models.contact.appeals.answering import AppealAnswer
from models.contact.appeals.assign_rules import AssignRule
from models.contact.appeals.rows import Appeal, AppealDraft, AppealEntry
from models.contact.appeals.search import AppealSearchEntry
from models.contact.bounces import Undelivered
from models.contact.callbacks import Callback
from models.contact.calling import CallbackTry
from models.contact.consent_forms import ConsentForm
from models.contact.incoming import IncomingLetter, Mailbox
from models.contact.information.rows import InformationDraft, InformationVersion
from models.contact.news import NewsChange, NewsItem
from models.contact.outages.rows import Outage, OutageChange
from models.exchange.transfers import Transfer
from models.files import StoredFile
from models.kept import KeptForm
from models.limits import Hit
from models.mailings.mailings import Mailing, Recipient
from models.metering.accounts import Account, Holding, Office
from models.metering.closings import Closing
from models.metering.decisions import Decision
from models.metering.finding import SearchEntry
from models.metering.held import Claim
from models.metering.meters import Meter
from models.metering.norms import Norm
from models.metering.orders.rows import Order, OrderEvent, VisitSlot
from models.metering.paperforms.batches import Batch, PaperForm
from models.metering.paperforms.second_look import SecondLook
from models.metering.readings import Reading, Receipt
from models.notices import Notice
from models.office.cards import Opening
from models.office.inbox.answer_templates import AnswerTemplate
from models.office.inbox.opinions import OpinionAsked
from models.office.proposals import Proposal
from models.outbox import Message
from models.outbox.addresses import Suspension
from models.outbox.pace import MailDomain
from models.people.customers import Customer
from models.people.second_factor import RecoveryCode
from models.people.sessions import Session
from models.people.staff import Employee
from models.people.staff_sessions import StaffSession
from models.people.wishes import Wish
from models.tokens import Token
from models.workdays import SpecialDay

MIGRATIONS = Path(__file__).parent / "migrations"
_TABLES = (
    AuditRow, AuditSeal, StoredFile, Notice, Message, Suspension, Undelivered, Mailbox, IncomingLetter, MailDomain,
    Token, Hit, KeptForm, ConsentText, Consent, Customer, Session,
    Employee, StaffSession, RecoveryCode, Opening,
    Office, Account, Holding, SearchEntry, Meter, Receipt, Reading, Closing, Decision, Claim,
    SpecialDay, Norm, Tariff, Band, PenaltyRule, Bill, Charge, Entry, Balance, Payment, Transfer,
    DeliveryChoice, Wish,
    Proposal, Mailing, Recipient,
    Batch, PaperForm, SecondLook, ConsentForm,
    Order, OrderEvent, VisitSlot,
    Appeal, AppealEntry, AppealDraft, AppealAnswer, AppealSearchEntry, AssignRule, OpinionAsked, AnswerTemplate,
    InformationVersion, InformationDraft,
    Callback, CallbackTry, NewsItem, NewsChange, Outage, OutageChange,
)  # fmt: skip
_LOCK = 0x6B6162  # any number of our own


def tables() -> list[type[Row]]:
    """Every table, those referred to first."""
    return sort_models(list(_TABLES))


def migrate(database: Database) -> list[str]:
    """Run the pending migrations, one process at a time; their names."""
    with _alone(database):
        return Runner(database, str(MIGRATIONS)).up()


def pending(database: Database) -> list[str]:
    return [migration.name for migration in Runner(database, str(MIGRATIONS)).status() if not migration.applied]


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    # The runner itself takes no lock: two workers that start at once would both create the same column.
    if isinstance(database, SqliteDatabase):
        path = Path(database.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{path}.migrating", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    database.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        yield
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))
