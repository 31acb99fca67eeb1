"""Which pages there are: every blueprint of the product, registered in one place."""

from flask import Blueprint, Flask

from audit.web import (
    bundles,
    cases,
    corrections,
    cosigners,
    counts,
    erasure,
    home,
    inventory,
    log_files,
    one_time,
    passkeys,
    patients,
    people,
    products,
    receive,
    reconcile,
    recovery,
    register,
    reports,
    session_acts,
    session_draw,
    session_open,
    sessions,
    setup,
    stock,
    verify_public,
    wastes,
    witness,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    setup.blueprint,
    home.blueprint,
    people.blueprint,
    cosigners.blueprint,
    passkeys.blueprint,
    one_time.blueprint,
    products.blueprint,
    inventory.blueprint,
    counts.blueprint,
    cases.blueprint,
    receive.blueprint,
    register.blueprint,
    log_files.blueprint,
    reconcile.blueprint,
    recovery.blueprint,
    reports.blueprint,
    bundles.blueprint,
    patients.blueprint,
    erasure.blueprint,
    stock.blueprint,
    verify_public.blueprint,
    session_open.blueprint,
    session_draw.blueprint,
    session_acts.blueprint,
    sessions.blueprint,
    wastes.blueprint,
    witness.blueprint,
    corrections.blueprint,
)


def install(app: Flask) -> None:
    """Register all pages; sign-in and frame are installed before."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
