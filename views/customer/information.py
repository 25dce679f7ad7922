"""Information on the account: where it is, which meters hang there, when they are to be verified."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from models import clock
from models.billing import ledger
from models.metering import meters
from models.metering.accounts import Office
from views.door import account_or_404, customer_only
from views.page import page

room = Blueprint("information", __name__)


@room.get("/accounts/<string:number>/information", endpoint="show")
@customer_only
def show(number: str) -> Any:
    account, today = account_or_404(number), clock.today()
    own = meters.of_account(account=account.id)
    removed = [meter for meter in own if not meters.is_active(meter, today)]
    return page(
        "customer/information/show.html",
        meters=meters.active(own, today),
        removed=removed,
        finals={meter.id: meters.final_in_words(meter) for meter in removed},
        office=Office.get_or_none(Office.id == account.office),
        near={meter.id for meter in own if meters.verification_is_near(meter, today)},
        expired={meter.id for meter in own if meters.verification_is_expired(meter, today)},
        balances=ledger.by_service(account.id),
        plans=meters.ZONE_PLANS,
    )
