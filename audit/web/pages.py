"""Which pages there are: every blueprint of the product, registered in one place."""

from flask import Blueprint, Flask

from audit.web import home, inventory, people, products, receive, register, setup, stock

BLUEPRINTS: tuple[Blueprint, ...] = (
    setup.blueprint,
    home.blueprint,
    people.blueprint,
    products.blueprint,
    inventory.blueprint,
    receive.blueprint,
    register.blueprint,
    stock.blueprint,
)


def install(app: Flask) -> None:
    """Register all pages; sign-in and frame are installed before."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
