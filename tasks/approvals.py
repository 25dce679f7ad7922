"""Approved proposals that need the outside world: done here, outside any transaction, and tried again until the end is known."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from models import words
from models.base import Refusal
from models.billing import acquiring
from models.billing.payments import Payment
from models.office import approvals, proposals
from models.office.proposal_kinds import payment_of
from models.office.proposals import Proposal
from tasks import payments
from tasks.gateways.acquirer import Rejected, Unreachable

logger = logging.getLogger("kabinet.approvals")
ROUND = 45  # seconds: the next round begins after a minute
_SILENT = "банк не ответил, спросим ещё раз"


def carry_out(proposal_id: int) -> None:
    """Do an approved proposal, unless somebody else does it now or it is ended."""
    proposal = proposals.claim(proposal_id)
    if proposal is None:
        return
    try:
        outcome = WORK[proposal.kind](proposal)
    except Refusal as refusal:
        approvals.failed(proposal, refusal.text)
    except Rejected as no:
        approvals.failed(proposal, f"банк отказал: {no.text or no}")
    except Unreachable as silence:
        logger.warning("proposal %s: no answer: %s", proposal.id, silence)
        proposals.put_off(proposal, _SILENT)
    except Exception:  # a fault of ours must not keep the others waiting, and is no answer of the bank
        logger.exception("proposal %s broke off", proposal.id)
        proposals.put_off(proposal, "внутренняя ошибка, она в журнале сервера")
    else:
        approvals.done(proposal, outcome)


def carry_out_all() -> int:
    """Do all approved proposals whose time has come and whose bell nobody heard; how many were looked at."""
    until = time.monotonic() + ROUND
    looked_at = 0
    for proposal_id in proposals.due():
        carry_out(proposal_id)
        looked_at += 1
        if time.monotonic() > until:
            break
    return looked_at


def _refund(proposal: Proposal) -> str:
    """Have the bank give back what was approved, once: what was given back before is among the facts."""
    kopecks, wanted = proposal.data["kopecks"], proposal.facts["refunded"] + proposal.data["kopecks"]
    payment_id = payment_of(proposal.data).id
    if proposal.tries > 1:  # an earlier try may have come through without our hearing of it
        payments.check(payment_id)
    payment = _settled(payment_id)
    if proposal.tries > 1 and payment.refunded == wanted:
        return _given(kopecks)
    if payment.refunded != proposal.facts["refunded"] or (proposal.tries == 1 and payment.returning):
        text = f"По платежу уже возвращали без этого предложения, всего {words.rubles(payment.refunded)}: проверьте."
        raise Refusal(None, text, "proposal.stale")
    payments.refund(payment_id, kopecks)
    if _settled(payment_id).refunded < wanted:
        raise Unreachable("the bank said yes, but has not told the new state")
    return _given(kopecks)


def _settled(payment_id: int) -> Payment:
    """The payment as it stands, with a demand for money back closed that the bank has met."""
    payment = Payment.get_by_id(payment_id)
    if 0 < payment.returning <= payment.refunded:
        acquiring.refund_answered(payment_id)
        payment.returning = 0
    return payment


def _given(kopecks: int) -> str:
    return f"банк вернул {words.rubles(kopecks)}"


WORK: Mapping[str, Callable[[Proposal], str]] = {"payment.refund": _refund}
