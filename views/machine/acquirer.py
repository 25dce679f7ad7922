"""The acquirer's callbacks: a reason to ask the acquirer itself, never to believe them."""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Blueprint, Response, abort, current_app, request

from models import limits
from tasks import payments, queue
from tasks.gateways.acquirer import checksum_is_right

room = Blueprint("acquirer", __name__)
room.record(lambda state: state.app.extensions["csrf"].exempt(room))  # a machine has no form token
logger = logging.getLogger("kabinet.acquirer")

LONGEST = 8_000  # bytes of a callback, or of its query
MOST_FIELDS, LONGEST_FIELD = 40, 1_000
MINUTE = 60
MISSES = 120  # callbacks a minute from one address that name no payment of ours
RINGS = 20  # a minute about one payment


def machine(view: Any) -> Any:
    """The view is for another company's machine, which proves itself by what it sends."""
    view.door = "machine"
    return view


@room.get("/hooks/acquirer", endpoint="tell")
@room.post("/hooks/acquirer", endpoint="hear")
@machine
def hear() -> Any:
    """200 for whatever could be the bank's, known or not; 403 for what cannot; 404 where no payments are taken."""
    if not payments.are_taken():
        abort(404)
    told = _told()
    key = current_app.extensions["kabinet"].acquirer_callback_key
    if told is None or (key and not checksum_is_right(told, key)):
        return _refuse()
    if not key and _misses() > MISSES:
        abort(429)
    payment_id = payments.called(told.get("orderNumber", ""), told.get("mdOrder", ""))
    if payment_id is not None:
        if not key:
            limits.give_back("acquirer.miss", _address(), MINUTE)
        if limits.hit("acquirer.ring", str(payment_id), MINUTE) <= RINGS:
            queue.ring("check_payment", payment_id)
    return Response("OK", content_type="text/plain; charset=utf-8")


def _refuse() -> Response:
    """Nothing happens, and nothing is said of why; an address that goes on and on is told to stop."""
    logger.warning("a callback of %s was refused", request.remote_addr)
    abort(429 if _misses() > MISSES else 403)


def _misses() -> int:
    return limits.hit("acquirer.miss", _address(), MINUTE)


def _address() -> str:
    return limits.network(request.remote_addr or "")


def _told() -> dict[str, str] | None:
    """The callback's parameters, each given once, in the query, a form or JSON; None when it is no callback."""
    if len(request.query_string) > LONGEST or (request.content_length or 0) > LONGEST:
        return None
    pairs = [(name, value) for name, values in request.args.lists() for value in values]
    if request.is_json:
        found = _from_json(request.get_data(as_text=True))
        if found is None:
            return None
        pairs += found
    else:
        pairs += [(name, value) for name, values in request.form.lists() for value in values]
    if len(pairs) > MOST_FIELDS or any(len(name) + len(value) > LONGEST_FIELD for name, value in pairs):
        return None
    told = dict(pairs)
    return told if len(told) == len(pairs) else None


def _from_json(text: str) -> list[tuple[str, str]] | None:
    """The plain values of an object, in its order, repeated names too; parts of an object are left out."""
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs):
        return None
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs if _is_plain(value)]


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with every name it had."""


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))
