"""Events of a treatment session from order to close; units and sealing as in the package."""

from dataclasses import dataclass
from typing import Annotated, Literal

from audit.domain.events.correctable import Correctable
from audit.domain.events.stock import Form
from audit.domain.facts import (
    Code,
    ConcentrationUgPerMl,
    ContainerId,
    Many,
    MassUg,
    PatientId,
    PersonRef,
    RateUlPerH,
    Ref,
    Serial,
    SessionId,
    SignedUg,
    Small,
    VolumeUl,
)

Route = Literal["iv", "im", "sc"]
RateReason = Literal["effect", "side_effect", "patient_asked", "order", "other"]
StopReason = Literal["completed", "side_effect", "patient_asked", "equipment", "other"]
WasteMethod = Literal["denature", "waste_bin", "sink_absorbent", "returned_pouch"]
WasteReason = Literal["remainder", "stopped_early", "not_given", "in_use_limit", "expired", "broken", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a draw took from one container; beyond the book's content it says how much, and as what."""

    container: ContainerId
    volume_ul: VolumeUl
    mass_ug: MassUg
    in_custody: bool = False
    overfill_ug: MassUg | None = None
    unexplained_ug: MassUg | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Correctable):
    """A treatment session begins with a prescriber's order; weight and mg/kg are sealed."""

    session: SessionId
    number: Serial
    patient: PatientId
    prescriber: PersonRef
    dose_ug: MassUg
    route: Route
    duration_min: Small


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseDrawn(Correctable):
    """Drug of one strength was drawn into a syringe, a new container in the session's custody."""

    session: SessionId
    syringe: ContainerId
    label: Serial
    sources: Annotated[tuple[Source, ...], Many(20)]
    concentration_ug_per_ml: ConcentrationUgPerMl
    form: Form
    mass_ug: MassUg
    volume_ul: VolumeUl
    expired_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionStarted(Correctable):
    """The syringe began to run into the patient."""

    session: SessionId
    container: ContainerId
    rate_ul_per_h: RateUlPerH


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChanged(Correctable):
    """The rate, or the ordered dose, was changed while it ran."""

    session: SessionId
    container: ContainerId
    rate_ul_per_h: RateUlPerH
    dose_ug: MassUg | None = None
    reason: RateReason


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionStopped(Correctable):
    """The pump was stopped."""

    session: SessionId
    container: ContainerId
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainderRead(Correctable):
    """The first person read what is left; in a syringe, what is gone was given or stayed as residual."""

    session: SessionId | None = None
    container: ContainerId
    volume_ul: VolumeUl
    mass_ug: MassUg
    residual_ug: MassUg | None = None
    given_ug: SignedUg | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainderReread(Correctable):
    """A second person read the same container without the first figure."""

    of: Ref
    session: SessionId | None = None
    container: ContainerId
    volume_ul: VolumeUl
    mass_ug: MassUg
    agrees: bool
    given_ug: SignedUg | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteRecorded(Correctable):
    """What was left was destroyed; `short_ug` is what the book held beyond the emptied container's reading."""

    session: SessionId | None = None
    container: ContainerId
    volume_ul: VolumeUl
    mass_ug: MassUg
    method: WasteMethod
    reason: WasteReason
    alone: bool = False
    from_hold: bool = False
    short_ug: SignedUg | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteWitnessed(Correctable):
    """A second person saw the waste destroyed."""

    of: Ref
    session: SessionId | None = None
    container: ContainerId
    method: WasteMethod
    volume_ul: VolumeUl


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainderHeld(Correctable):
    """With nobody to witness, what is left was locked away in a numbered tamper bag."""

    session: SessionId | None = None
    container: ContainerId
    bag: Code
    volume_ul: VolumeUl
    mass_ug: MassUg


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(Correctable):
    """Nothing of the session is left unaccounted for."""

    session: SessionId
    drawn_ug: MassUg
    given_ug: MassUg
    residual_ug: MassUg | None = None
    wasted_ug: MassUg
    held_ug: MassUg | None = None
    short_ug: SignedUg | None = None
