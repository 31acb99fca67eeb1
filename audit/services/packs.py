"""Reads the rule packs and the catalogue of products that come with the program."""

import csv
import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from audit.domain.errors import Refused
from audit.domain.policy import Pack, parse_pack

PACKS = ("us-dea", "ca-on")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueProduct:
    """A product as its maker registered it; amounts in ug/mL and uL."""

    country: str
    code_system: str
    code: str
    labeller: str
    name: str
    concentration_ug_per_ml: int
    volume_ul: int
    per_package: int | None
    multi_dose: bool


@functools.cache
def load_pack(name: str) -> Pack:
    """Return a jurisdiction's rules.

    Raises:
        Refused: `unknown_pack`.
    """
    if name not in PACKS:
        raise Refused("unknown_pack", "pack", pack=name)
    return parse_pack(tomllib.loads(files("audit.policies").joinpath(f"{name}.toml").read_text("utf-8")))


@functools.cache
def catalogue() -> tuple[CatalogueProduct, ...]:
    """Return the ketamine products whose codes are built in, in the order of the file."""
    text = files("audit.policies").joinpath("ketamine_products.csv").read_text("utf-8")
    return tuple(
        CatalogueProduct(
            country=row["country"],
            code_system=row["code_system"].lower(),
            code=row["code"],
            labeller=row["labeller"],
            name=row["brand_or_generic"].title(),
            concentration_ug_per_ml=int(row["strength_mg_per_ml"]) * 1000,
            volume_ul=int(row["container_volume_ml"]) * 1000,
            per_package=int(row["containers_per_package"]) if row["containers_per_package"] else None,
            multi_dose="multi-dose" in row["container_type"],
        )
        for row in csv.DictReader(text.splitlines())
    )
