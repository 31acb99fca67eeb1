"""Events of products, inventories, receipts and the shelf; units and sealing as in the package."""

from dataclasses import dataclass
from typing import Annotated, Literal

from audit.domain.events.correctable import Correctable
from audit.domain.facts import (
    Code,
    ConcentrationUgPerMl,
    ContainerId,
    ContainerRef,
    Date,
    InventoryId,
    Line,
    Many,
    MassUg,
    Name,
    ProductId,
    ProductRef,
    ReceiptId,
    Ref,
    Serial,
    SessionId,
    Small,
    VolumeUl,
)

CodeSystem = Literal["ndc", "din", "gtin", "other"]
Form = Literal["solution"]
BusinessTime = Literal["opening", "close"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLine:
    """Sealed containers of one lot, each with its labelled content; labels run on from `first_label`."""

    product: ProductRef
    lot: Code
    expiry: Date
    volume_ul: VolumeUl
    mass_ug: MassUg
    first_label: Serial
    containers: Annotated[tuple[ContainerId, ...], Many(400)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLine:
    """One opened container found at a level, with the mass that level holds."""

    container: ContainerId
    product: ProductRef
    lot: Code
    expiry: Date
    label: Serial
    volume_ul: VolumeUl
    mass_ug: MassUg


@dataclass(frozen=True, slots=True, kw_only=True)
class LotFound:
    """How many sealed containers of a lot a person found."""

    product: ProductRef
    lot: Code
    containers: Small


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFound:
    """What a person read on one opened or held container."""

    container: ContainerRef
    volume_ul: VolumeUl


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRegistered(Correctable):
    """A product as labelled: what one container of it holds."""

    product: ProductId
    code_system: CodeSystem
    code: Code
    name: Name
    labeller: Name
    form: Form
    concentration_ug_per_ml: ConcentrationUgPerMl
    volume_ul: VolumeUl
    multi_dose: bool
    per_package: Small | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryTaken(Correctable):
    """The stock a register starts from, as one person counted it; zero is said, not left out."""

    inventory: InventoryId
    business_time: BusinessTime
    nothing_on_hand: bool = False
    lots: Annotated[tuple[LotLine, ...], Many(60)] = ()
    opened: Annotated[tuple[LevelLine, ...], Many(60)] = ()
    part: Small = 1
    parts: Small = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryConfirmed(Correctable):
    """A second person counted the same stock without the first one's figures."""

    of: Ref
    inventory: InventoryId
    agrees: bool
    nothing_on_hand: bool = False
    lots: Annotated[tuple[LotFound, ...], Many(60)] = ()
    opened: Annotated[tuple[LevelFound, ...], Many(60)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRecorded(Correctable):
    """Containers arrived from a supplier."""

    receipt: ReceiptId
    supplier: Name
    supplier_address: Line
    supplier_registration: Code | None = None
    invoice: Code
    invoice_date: Date
    received_on: Date
    lots: Annotated[tuple[LotLine, ...], Many(60)]
    part: Small = 1
    parts: Small = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerTaken(Correctable):
    """A whole container went from the shelf into a session's custody."""

    session: SessionId
    container: ContainerId
    mass_ug: MassUg


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerReturned(Correctable):
    """A container taken for a session went back to the shelf."""

    session: SessionId
    container: ContainerId
    mass_ug: MassUg
