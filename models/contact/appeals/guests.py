"""Appeals of people without a cabinet, or signed out: nothing is registered before their e-mail is confirmed, by link or by code.

Until then what they wrote is in the token of the letter, and their files in the draft, for 72 hours. Who confirms an address that has a
cabinet is not proved to be its owner, who may have signed up long ago: the appeal is a guest's like any other, it is not shown in the
cabinet, and its secret link alone opens it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models import audit, clock, company, consents, limits, outbox, seal, tokens, words
from models.base import Problem, Refusal, database
from models.company_consents import PERSONAL_DATA
from models.consents import Consent
from models.contact.appeals import drafts, moves, registering, telling
from models.contact.appeals.registering import A_DAY, Applicant
from models.contact.appeals.rows import EVENT, GUEST, Appeal, AppealDraft, topic_of
from models.entrance import agreeing
from models.outbox import addresses
from models.tokens import Token

PURPOSE = "appeal"
LIVES = drafts.GUESTS_KEPT
LETTERS_A_DAY = 4  # to one address: a stranger's is not flooded
ASKED_AN_HOUR, AN_HOUR = 20, 3600  # by one subscriber
CODES, IN = 20, 600  # tries of one browser
_OFTEN = "На этот адрес сегодня уже отправлено несколько писем. Проверьте почту, в том числе папку «Спам»."
_MEMBERS_ONLY = "Обращения принимаем из личного кабинета. Войдите или зарегистрируйтесь."
NO_CONSENT = Problem(
    "consent", "Без согласия на обработку персональных данных принять обращение мы не можем.", "consent.missing"
)
_DEAD = "Ссылка больше не действует. Отправьте обращение ещё раз."


def ask(
    applicant: Applicant, topic: str, text: str, *, key: str, draft: AppealDraft | None = None, consent_shown: str = ""
) -> str:
    """Send the letter with link and code; the handle for the code. `consent_shown`: the version agreed to, '' if the box is empty.

    The same form again is the same handle, without another letter; with something changed, an earlier letter opens nothing any more.
    Refused: as `registering.check` says; a company that takes no guests; no consent; too many letters or tries.
    """
    if not company.current().reception.guests:
        raise Refusal(None, _MEMBERS_ONLY, "appeal.guests")
    document = company.current().consent_versions.get((PERSONAL_DATA, consent_shown))
    wanting = [] if document else [NO_CONSENT]
    guest, clean = registering.check(applicant, topic, text, wanting)
    told = {
        "email": guest.email, "name": guest.name, "phone": guest.phone, "typed_account": guest.typed_account, "topic": topic,
        "text": clean, "key": key, "draft": draft.handle if draft else "", "drafter": draft.author if draft else "",
        "version": consent_shown,
    }  # fmt: skip
    if same := _asked_so(told):
        return str(same.handle)
    _spend(guest.email)
    return _posted(told)


def again(handle: str) -> str | None:
    """The letter once more, with a new link and code, the earlier ones void; the new handle. None: nothing waits under this one.

    Refused past the letters that go to one address a day.
    """
    token: Token | None = _requests(Token.handle == handle).where(_is_live()).first()
    if token is None:
        return None
    _spend(token.data["email"])
    return _posted(token.data)


def waits(secret: str) -> bool:
    """Whether the link still confirms something, or has done so: the page shows its button."""
    token = _by_secret(secret)
    return token is not None and (token.used_at is None or _made_of(token) is not None)


def confirm(secret: str) -> Appeal:
    """Register what the link confirms. Again: the same appeal. Refused: an unknown link, a void one, one of 72 hours ago."""
    token = _by_secret(secret)
    if token is None:
        raise Refusal(None, _DEAD, "appeal.link")
    return _confirmed(token)


def confirm_by_code(handle: str, code: str) -> Appeal | None:
    """The same by the code of the letter, in the browser that asked; None when it is wrong, ten minutes old, or tried too often."""
    limits.spend("appeal.code", handle, CODES, IN)
    if token := tokens.find_by_code(PURPOSE, handle, code):
        return _confirmed(token)
    used: Token | None = _requests(Token.handle == handle).first()
    if used is not None and used.used_at is not None and seal.matches("code", handle + code, used.code_seal):
        return _made_of(used)  # pressed twice
    return None


def consent_of(appeal: Appeal) -> Consent | None:
    """The consent that a guest's appeal rests on, while it stands."""
    if appeal.customer_id is not None or not appeal.email:
        return None
    own = (Consent.subject == f"{GUEST}:{appeal.email}") & (Consent.kind == PERSONAL_DATA)
    found: Consent | None = Consent.select().where(own, Consent.withdrawn_at.is_null()).first()
    return found


def withdraw_consent(appeal: Appeal) -> None:
    """End the guest's consent: name, e-mail and phone are wiped from all appeals of that address when its days are over.

    Refused: none stands.
    """
    with database.atomic():
        held = moves.hold(appeal.id)
        consent = consent_of(held)
        if consent is None:
            raise Refusal(None, "Согласие уже отозвано.", "consent.withdrawn")
        ends_at = agreeing.withdraw(consent.id, channel="web", by=GUEST).ends_at or clock.now()
        moves.add(held, EVENT, "", author=GUEST, data={"wiped": ends_at.isoformat()}, is_public=True)
        day = words.day(clock.local(ends_at).date())
        telling.tell(
            held, f"Вы отозвали согласие на обработку персональных данных: имя, почту и телефон сотрём до {day}."
        )


def _confirmed(token: Token) -> Appeal:
    told = token.data
    if made := _made_of(token):
        return made
    with database.atomic():
        try:
            tokens.use(token)
        except Refusal:
            if made := _made_of(token):
                return made
            raise Refusal(None, _DEAD, "appeal.link") from None
        appeal = registering.register(
            _applicant(told), told["topic"], told["text"], key=told["key"], draft=_draft(told)
        )
        document = company.current().consent_versions[PERSONAL_DATA, told["version"]]
        agreed = datetime.fromisoformat(told["asked_at"])
        consents.give(f"{GUEST}:{told['email']}", document, channel="web", at=agreed, ip=told["ip"])
        addresses.restore(told["email"], GUEST)  # the letter with the link arrived
        return appeal


def _posted(told: dict[str, Any]) -> str:
    with database.atomic():
        tokens.void(PURPOSE, _subject(told))
        facts = {
            "asked_at": clock.now().isoformat(),
            "ip": audit.actor().ip,
            **told,
        }  # of the tick, for a letter once more
        issued = tokens.issue(PURPOSE, _subject(told), LIVES, **facts)
        if draft := _draft(told):  # it lives as long as the letter
            AppealDraft.update(updated_at=clock.now()).where(AppealDraft.id == draft.id).execute()
        secrets = {"token": issued.secret, "code": issued.code}
        outbox.post("appeal_confirm", told["email"], {"topic": topic_of(told["topic"]).title}, secrets)
        return issued.handle


def _spend(email: str) -> None:
    limits.spend_address("appeal.address", audit.actor().ip, ASKED_AN_HOUR, AN_HOUR)
    limits.spend("appeal.email", email, LETTERS_A_DAY, A_DAY, _OFTEN)


def _asked_so(told: dict[str, Any]) -> Token | None:
    """The letter that has gone out for this very form, unchanged, and that waits."""
    token: Token | None = _requests(Token.subject == _subject(told)).where(_is_live()).first()
    return token if token is not None and all(token.data.get(name) == value for name, value in told.items()) else None


def _made_of(token: Token) -> Appeal | None:
    """The appeal that the token's form has become."""
    told = token.data
    own_key = registering.key_of(_applicant(told), told["topic"], told["text"], told["key"])
    found: Appeal | None = Appeal.get_or_none(Appeal.key == own_key)
    return found


def _applicant(told: dict[str, Any]) -> Applicant:
    return Applicant(email=told["email"], name=told["name"], phone=told["phone"], typed_account=told["typed_account"])


def _draft(told: dict[str, Any]) -> AppealDraft | None:
    """The draft behind the form, if it is still there and that browser's."""
    return AppealDraft.get_or_none(AppealDraft.handle == told["draft"], AppealDraft.author == told["drafter"])  # type: ignore[no-any-return]


def _subject(told: dict[str, Any]) -> str:
    return f"appeal-form:{drafts.form_key(GUEST, told['key'])[:32]}"


def _by_secret(secret: str) -> Token | None:
    """The request of a link, used or not, before its end."""
    return _requests(Token.fingerprint == seal.fingerprint(secret)).where(Token.expires_at > clock.now()).first()  # type: ignore[no-any-return]


def _requests(which: Any) -> Any:
    return Token.select().where(Token.purpose == PURPOSE, which)


def _is_live() -> Any:
    return Token.used_at.is_null() & (Token.expires_at > clock.now())
