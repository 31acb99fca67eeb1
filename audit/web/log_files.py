"""The log as files under its own name (C2SP tlog-tiles), read-only, and proofs between the heads that people keep.

Hash tiles tell nothing of what entries say; entries that a second person must not read yet are kept from whoever may
still be that person. Not here: making tiles (`services.tiles`) and the copy in a folder (`services.mirror`).
"""

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from audit.domain.errors import Refused
from audit.services import blind
from audit.services.tiles import Tile, extension, log_name, newest, tile_at
from audit.tlog.spelling import parse_decimal, parse_hex
from audit.web.desk import register as served
from audit.web.headers import LOG_FILES
from audit.web.messages import sentence
from audit.web.security import allow, current_person, figures_seen, signed_in

blueprint = Blueprint(LOG_FILES, __name__)

READERS = ("inspector", "manager", "administrator")
# A shared tablet's next person has another cookie, for which a kept answer is no answer.
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_CONFLICT = 409
_WITHHELD = 403
_BYTES = "application/octet-stream"


@blueprint.get("/log/<path:log>/checkpoint")
@allow(*READERS)
def checkpoint(log: str) -> ResponseReturnValue:
    """Give the newest checkpoint with the lines of cosigners."""
    _check_log(log)
    kept = newest(served())
    if kept is None:
        abort(404)
    return _answer(kept.note.encode(), "text/plain; charset=utf-8", _ASK_AGAIN)


@blueprint.get("/log/<path:log>/tile/<path:place>")
@allow(*READERS)
def tile(log: str, place: str) -> ResponseReturnValue:
    """Give a tile of hashes or entries that the newest checkpoint covers."""
    _check_log(log)
    found = tile_at(served(), f"tile/{place}")
    if found is None:
        abort(404)
    if found[0].level is None:
        if _is_withheld(found[0]):
            return _answer(_NOT_YET.encode(), "text/plain; charset=utf-8", "no-store"), _WITHHELD
        figures_seen()
    return _answer(found[1], _BYTES, _FOR_EVER)


@blueprint.get("/log/<path:log>/consistency")
@signed_in
def consistency(log: str) -> ResponseReturnValue:
    """Prove that the newest checkpoint extends the head of size `old`, whose root in hex is `root`, or say it does not.

    `new` may name the size that the asker wants; it is that of the newest checkpoint, or a conflict.
    """
    _check_log(log)
    old, root = parse_decimal(request.args.get("old", "0")), request.args.get("root", "")
    if old is None or parse_hex(root) is None:
        abort(400)
    try:
        found = extension(served(), old, root)
    except Refused as refused:
        return _conflict(refused.code, sentence(refused))
    if request.args.get("new", str(found.size)) != str(found.size):
        return _conflict("other_size", f"the newest checkpoint covers {found.size} entries")
    proof = [one.hex() for one in found.proof]
    answer = jsonify(note=found.note, size=found.size, root=found.root.hex(), proof=proof)
    answer.headers["Cache-Control"] = "no-store"
    return answer


_NOT_YET = "These entries hold figures that a second person must not know yet, and you may still be that person.\n"


def _check_log(log: str) -> None:
    """There is one log here, under the rest of its origin."""
    if log != log_name(served().origin):
        abort(404)


def _is_withheld(one: Tile) -> bool:
    """Say whether entries up to the tile's last, and what follows from them, are not yet this person's to read."""
    me = current_person()
    return bool(blind.withheld_from(blind.waiting(served()), me.person, me.roles, size=one.start + one.width))


def _answer(content: bytes, kind: str, keep: str) -> Response:
    answer = Response(content, content_type=kind)
    answer.headers["Cache-Control"] = keep
    answer.headers["Vary"] = "Cookie"
    return answer


def _conflict(code: str, why: str) -> ResponseReturnValue:
    answer = jsonify(error=code, why=why)
    answer.headers["Cache-Control"] = "no-store"
    return answer, _CONFLICT
