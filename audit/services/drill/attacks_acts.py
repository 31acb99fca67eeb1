"""Attacks in a person's name, with the database and the service's stolen key, but without that person's passkey."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from audit.services.drill.device import Device
from audit.services.drill.forging import Told, append, person_act, read_story, tell_anew, with_more
from audit.services.drill.places import has_passkey, last_ms, latest
from audit.services.drill.scene import NotApplicable, Scene
from audit.storage import derived, tree
from audit.storage.engine import Connection
from audit.storage.tampering import as_administrator
from audit.tlog.attestation import challenge
from audit.tlog.merkle import leaf_hash

_PASSWORD = {"factors": ["password"], "method": "password_totp"}
_WITH_REASON = _PASSWORD | {"reason": "the passkey is not at hand"}
_SHOWN = ("container", "method", "volume_ul")
_REPEATABLE = ("acts_signed", "count_confirmed", "remainder_reread", "waste_witnessed")
_SECOND = ("waste_witnessed", "remainder_reread")
_SIGN_IN_HOST = "signin.example.org"

Facts = dict[str, object]


def replay_act(scene: Scene) -> None:
    """Append a genuine signed act, one by passkey where there is one, a second time."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        signed = [told for told in story if told.kind in _REPEATABLE and told.method != "signed_in"]
        if not signed:
            raise NotApplicable("no signed act that moves nothing")
        by_passkey = [told for told in signed if told.method == "passkey"]
        append(scene, conn, replace((by_passkey or signed)[-1], recorded_ms=last_ms(story), was=None))


def swap_credential(scene: Scene) -> None:
    """Let the entry that enrolled a person's passkey name the attacker's, and tell all that follows anew."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        at = latest(
            story, "credential_enrolled", missing="no act by passkey", is_fit=lambda told: _signs_later(story, told)
        )
        facts = story[at].facts
        device = Device(scene.random)
        device.credential = str(facts["credential"])
        forged = facts | device.enrolled(
            str(facts["person"]), log=scene.origin, rp_id=str(facts["rp_id"]), address=_address(story)
        )
        swapped = replace(story[at], act=story[at].act | {"facts": forged})
        tell_anew(scene, conn, [*story[:at], swapped, *story[at + 1 :]], at, signed=True)


def enrol_for_itself(scene: Scene) -> None:
    """Enrol the attacker's passkey as a clinician's, approved in that clinician's own name."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        person = _holder(story)
        append(scene, conn, _enrolment(scene, story, Device(scene.random), person=person, approver=person))


def put_in_signed_in(scene: Scene) -> None:
    """Put a witness's act in as if they had merely been signed in."""
    _put_witness(scene, {"method": "signed_in"}, _anybody_else)


def put_in_service(scene: Scene) -> None:
    """Put a witness's act in as an act of the service."""
    _put_witness(scene, {"method": "service"}, lambda _, __: "service")


def put_in_password(scene: Scene) -> None:
    """Put a witness's act in as by password, though they hold a passkey."""
    _put_witness(scene, _PASSWORD, _holder_else)


def witness_by_first(scene: Scene) -> None:
    """Let the person who wasted be their own witness."""
    _put_witness(scene, _WITH_REASON, lambda _, waste: waste.actor)


def witness_by_drawer(scene: Scene) -> None:
    """Let the person who drew the amount be the witness of its waste by another."""
    _put_witness(scene, _WITH_REASON, _drawer)


def sign_in_as_signature(scene: Scene) -> None:
    """Have a person sign in on the sign-in host, over the hash of an act, and put that in as their signature.

    The person is led to the page by the attacker; their passkey is one enrolled on this copy for the purpose.
    """
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        device, person = Device(scene.random), _holder(story)
        enrolled = _enrolment(scene, story, device, person=person, approver=_approver(story, person))
        append(scene, conn, enrolled)
        longer = read_story(conn, scene.site)
        size = len(longer)
        act = person_act(
            person,
            "patient_unmasked",
            {
                "patient": longer[latest(longer, "patient_registered", missing="no patient")].facts["patient"],
                "reason": "care",
            },
            at_ms=last_ms(longer),
            nonce=scene.random(16).hex(),
            signature={"method": "passkey"},
        )
        act = with_more(act, {"seen": {"root": tree.root(conn, scene.site, size).hex(), "size": size}})
        shown = device.sign(challenge(act.act, scene.origin), rp_id=_SIGN_IN_HOST, address=f"https://{_SIGN_IN_HOST}")
        append(scene, conn, replace(act, signature={"credential": device.credential, "method": "passkey", **shown}))


def _put_witness(
    scene: Scene, signature: Mapping[str, object], actor_of: Callable[[Sequence[Told], Told], str]
) -> None:
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        at, actor = _waste_and(story, actor_of)
        facts = _witness_facts(conn, scene, story, at)
        act = person_act(
            actor,
            "waste_witnessed",
            facts,
            at_ms=last_ms(story),
            nonce=scene.random(16).hex(),
            signature=signature,
        )
        if "session" in story[at].act:
            act = with_more(act, {"session": story[at].act["session"]})
        append(scene, conn, act)


def _waste_and(story: Sequence[Told], actor_of: Callable[[Sequence[Told], Told], str]) -> tuple[int, str]:
    """The newest waste for which there is such a person, and that person."""
    wastes = [at for at, told in enumerate(story) if told.kind == "waste_recorded"]
    lacking = NotApplicable("no waste")
    for at in reversed(wastes):
        try:
            return at, actor_of(story, story[at])
        except NotApplicable as other:
            lacking = other
    raise lacking


def _witness_facts(conn: Connection, scene: Scene, story: Sequence[Told], at: int) -> Facts:
    leaf = leaf_hash(derived.body_at(conn, scene.site, at) or b"").hex()
    shown = {name: value for name, value in story[at].facts.items() if name in _SHOWN}
    return shown | {"of": {"index": at, "leaf": leaf}}


def _anybody_else(story: Sequence[Told], waste: Told) -> str:
    hands = _hands(story, waste)
    return _first([one for one in _clinicians(story) if one not in hands], "no clinician who had no hand in a waste")


def _holder_else(story: Sequence[Told], waste: Told) -> str:
    hands = _hands(story, waste)
    fit = [one for one in _clinicians(story) if one not in hands and has_passkey(story, one)]
    return _first(fit, "no passkey of a clinician who had no hand in a waste")


def _drawer(story: Sequence[Told], waste: Told) -> str:
    drawn = [
        told.actor for told in story if told.kind == "dose_drawn" and told.facts["syringe"] == waste.facts["container"]
    ]
    return _first([one for one in drawn if one != waste.actor], "no waste by another than who drew it")


def _hands(story: Sequence[Told], waste: Told) -> set[str]:
    container = waste.facts["container"]
    named = [told for told in story if container in (told.facts.get("container"), told.facts.get("syringe"))]
    return {told.actor for told in named if told.kind not in _SECOND}


def _clinicians(story: Sequence[Told]) -> list[str]:
    enrolled = [told.facts for told in story if told.kind == "person_enrolled"]
    return [str(facts["person"]) for facts in enrolled if "clinician" in str(facts["roles"])]


def _holder(story: Sequence[Told]) -> str:
    return _first([one for one in _clinicians(story) if has_passkey(story, one)], "no passkey")


def _approver(story: Sequence[Told], person: str) -> str:
    enrolled = [told.facts for told in story if told.kind == "person_enrolled"]
    fit = [
        str(one["person"]) for one in enrolled if "manager" in str(one["roles"]) or "administrator" in str(one["roles"])
    ]
    return _first([one for one in fit if one != person], "no second person who may approve a passkey")


def _enrolment(scene: Scene, story: Sequence[Told], device: Device, *, person: str, approver: str) -> Told:
    rp_id = str(
        next(told.facts["rp_id"] for told in reversed(story) if told.kind in {"log_opened", "signing_domain_changed"})
    )
    return person_act(
        approver,
        "credential_enrolled",
        device.enrolled(person, log=scene.origin, rp_id=rp_id, address=_address(story)),
        at_ms=last_ms(story),
        nonce=scene.random(16).hex(),
        signature=_WITH_REASON if has_passkey(story, approver) else _PASSWORD,
    )


def _address(story: Sequence[Told]) -> str:
    origins = next(
        told.facts["signing_origins"]
        for told in reversed(story)
        if told.kind in {"log_opened", "signing_domain_changed"}
    )
    return str(origins[0]) if isinstance(origins, list) else str(origins)


def _signs_later(story: Sequence[Told], enrolled: Told) -> bool:
    return any(told.signature.get("credential") == enrolled.facts["credential"] for told in story)


def _first(found: Sequence[str], missing: str) -> str:
    if not found:
        raise NotApplicable(missing)
    return found[0]
