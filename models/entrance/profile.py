"""What customers change about their log-in. Password, e-mail and phone ask for the present password (ASVS 7.5.1) and send a notice."""

from __future__ import annotations

from datetime import timedelta

from peewee import IntegrityError

from models import audit, limits, outbox, tokens
from models.base import Refusal, database
from models.billing.payments import Payment
from models.metering import finding
from models.outbox import Message, addresses, messages
from models.people import sessions
from models.people.customers import Customer, normal_email, normal_phone
from models.people.passwords import check_again, check_new, hashed, verify

PURPOSE = "email"
LIVES = timedelta(days=1)


def change_password(customer_id: int, present: str, new: str, again: str, session_id: int) -> None:
    """Set a new password and sign every other device out."""
    customer = prove(customer_id, present)
    check_new(new, customer.email, customer.phone, field="new_password")
    check_again(new, again, "new_password_again")
    with database.atomic():
        Customer.update(password_hash=hashed(new)).where(Customer.id == customer_id).execute()
        sessions.end_others(customer_id, but=session_id)
        tokens.void_all(customer.subject)
        outbox.post("password_changed", customer.email, {}, subject=customer.subject)
        audit.record("customer.password_changed", customer.subject)


def ask_for_email(customer_id: int, present: str, typed: str) -> None:
    """Send a link to the new address; the old one stays in force until the link is used."""
    email = normal_email(typed, "new_email")
    customer = prove(customer_id, present)
    limits.spend("email.change", str(customer_id), 5, 3600)
    if email == customer.email:
        raise Refusal("new_email", "Это и есть ваш нынешний адрес.", "email.same")
    with database.atomic():
        if known := Customer.by_email(email):
            outbox.post("known", email, {}, subject=known.subject)
            return
        tokens.void(PURPOSE, customer.subject)
        issued = tokens.issue(PURPOSE, customer.subject, LIVES, email=email)
        outbox.post("confirm_email", email, {}, {"token": issued.secret}, subject=customer.subject)


def confirm_email(token: tokens.Token) -> None:
    """Spend the token: the new address is in force, the old one is told; what went there stays known as the customer's."""
    customer = Customer.get_by_id(int(token.subject.partition(":")[2]))
    with database.atomic():
        tokens.use(token)
        try:
            with database.atomic():
                Customer.update(email=token.data["email"]).where(Customer.id == customer.id).execute()
        except IntegrityError:
            raise Refusal(None, "Этим адресом уже пользуется другой кабинет.", "email.taken") from None
        finding.refresh_customer(customer.id)
        tokens.void_all(customer.subject)
        addresses.restore(token.data["email"], customer.subject)  # the letter with the link arrived
        Message.update(subject=customer.subject).where(Message.to == customer.email, Message.subject == "").execute()
        Payment.update(email=token.data["email"]).where(
            Payment.customer == customer.id, Payment.email == customer.email
        ).execute()  # a cheque or a refund may be to come
        messages.follow(customer.subject, customer.email, token.data["email"])
        outbox.post("email_changed", customer.email, {"email": token.data["email"]}, subject=customer.subject)
        audit.record("customer.email_changed", customer.subject)


def change_phone(customer_id: int, present: str, typed: str) -> None:
    phone = normal_phone(typed, "phone")
    customer = prove(customer_id, present)
    with database.atomic():
        Customer.update(phone=phone).where(Customer.id == customer_id).execute()
        finding.refresh_customer(customer_id)
        outbox.post("phone_changed", customer.email, {"phone": phone}, subject=customer.subject)
        audit.record("customer.phone_changed", customer.subject)


def rename(customer_id: int, typed: str) -> None:
    """How the customer is addressed; up to 100 printable characters, may be empty."""
    name = " ".join(typed.split())
    if len(name) > 100 or not name.isprintable():
        raise Refusal("name", "Имя — это до 100 букв, без особых знаков.", "name.shape")
    with database.atomic():
        Customer.update(name=name).where(Customer.id == customer_id).execute()
        audit.record("customer.renamed", f"customer:{customer_id}")


def prove(customer_id: int, present: str) -> Customer:
    """The customer whose present password this is; tries are counted. Call outside the verb's transaction."""
    limits.spend("present_password", str(customer_id), 10, 900)
    customer = Customer.get_by_id(customer_id)
    if not verify(customer.password_hash, present):
        raise Refusal("password", "Неверный нынешний пароль.", "password.wrong")
    return customer
