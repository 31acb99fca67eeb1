"""The numbers people see: what is printed on a vial and written on a syringe."""


def vial_label(number: int) -> str:
    """Return what is printed on a vial's label."""
    return f"V-{number:04d}"


def syringe_label(number: int) -> str:
    """Return what is written on a syringe."""
    return f"S-{number:04d}"
