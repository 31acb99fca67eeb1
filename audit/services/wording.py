"""Small words that sentences and pages share: labels of patients and sessions, plurals, ranges."""


def session_label(number: int) -> str:
    """Return how people name a session."""
    return f"session {number:04d}"


def patient_label(patient: str) -> str:
    """Return a patient as everybody may see them: the short form of the pseudonym."""
    return f"Patient P-{patient.removeprefix('pt_')[:6]}"


def capital(text: str) -> str:
    """Return words with their first letter large."""
    return text[:1].upper() + text[1:]


def many(number: int, one: str, more: str = "") -> str:
    """Return a number with its noun in the right form."""
    return f"1 {one}" if number == 1 else f"{number} {more or one + 's'}"


def ranges(indexes: tuple[int, ...]) -> str:
    """Return which entries a person signed."""
    return f"entry {indexes[0]}" if len(indexes) == 1 else f"entries {indexes[0]} to {indexes[-1]}"


def span(milliseconds: int) -> str:
    """Return a span of ms as signed seconds."""
    sign = "−" if milliseconds < 0 else "+"
    return f"{sign}{abs(milliseconds) // 1000} s"
