"""Reports of what was not delivered, posted by whoever takes our letters: a mail provider, or our own mail server by a pipe.

    POST /hooks/bounces
    X-Kabinet-Signature: hex of HMAC-SHA256 over the body, under KABINET_BOUNCE_KEY

    Content-Type: message/rfc822      the report as it came in
    Content-Type: application/json    [{"message_id": "<…>", "recipient": "anna@example.ru", "action": "failed",
                                        "status": "5.1.1", "diagnostic": "550 no such user"}, …]

200 tells what became of each: learnt, noted, repeated, strange, unknown. A repeat changes nothing. 404 without a key, 403 for a
wrong signature, 400 for what cannot be read, 413 past a megabyte. Our own mail server pipes a report in by three commands:

    cat > report; mark=$(openssl dgst -sha256 -hmac "$KEY" < report | sed 's/.* //')
    curl --fail -H "X-Kabinet-Signature: $mark" -H 'Content-Type: message/rfc822' --data-binary @report https://…/hooks/bounces
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, request

from models import audit, limits
from models.contact.bounces import Bounce
from tasks import bounces

room = Blueprint("bounces", __name__)
room.record(lambda state: state.app.extensions["csrf"].exempt(room))  # a machine has no form token
logger = logging.getLogger("kabinet.bounces")

LONGEST = 1_000_000  # bytes
MOST = 1_000  # recipients in one list
LONGEST_FIELD = 1_000
MINUTE, MISSES = 60, 60  # wrong signatures a minute from one address
FIELDS = ("message_id", "recipient", "action", "status", "diagnostic")


def machine(view: Any) -> Any:
    """The view is for another company's machine, which proves itself by what it sends."""
    view.door = "machine"
    return view


@room.post("/hooks/bounces", endpoint="hear")
@machine
def hear() -> Any:
    key = current_app.extensions["kabinet"].bounce_key
    if not key:
        abort(404)
    if (request.content_length or 0) > LONGEST:
        abort(413)
    body = request.get_data()
    if not is_signed(body, request.headers.get("X-Kabinet-Signature", ""), key):
        _refuse()
    audit.identify("system")
    if request.mimetype == "message/rfc822":
        return jsonify(bounces.take_report(body))
    if request.mimetype != "application/json" or (reported := _from_json(body)) is None:
        abort(400)
    return jsonify(bounces.take(reported))


def is_signed(body: bytes, signature: str, key: str) -> bool:
    """Whether the hex is the HMAC of the body, in whatever case."""
    right = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), signature.strip().lower().encode("utf-8", "replace"))


def _refuse() -> None:
    logger.warning("a report of %s was refused", request.remote_addr)
    misses = limits.hit("bounces.miss", limits.network(request.remote_addr or ""), MINUTE)
    abort(429 if misses > MISSES else 403)


def _from_json(body: bytes) -> list[Bounce] | None:
    """The reports of a list; None when it is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, list) or len(told) > MOST:
        return None
    if not all(isinstance(one, dict) and _is_plain(one) for one in told):
        return None
    return [_bounce(one) for one in told]


def _is_plain(one: dict[str, Any]) -> bool:
    given = [one.get(name, "") for name in FIELDS]
    return all(isinstance(value, str) and len(value) <= LONGEST_FIELD and _is_text(value) for value in given)


def _is_text(value: str) -> bool:
    """Whether a database takes it: neither NUL nor half of a pair."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _bounce(one: dict[str, Any]) -> Bounce:
    message_id = str(one.get("message_id", "")).strip()
    if message_id and not message_id.startswith("<"):
        message_id = f"<{message_id}>"
    told = {name: str(one.get(name, "")).strip() for name in FIELDS[1:]}
    return Bounce(message_id or None, told["recipient"], told["action"].lower(), told["status"], told["diagnostic"])
