"""What pages read of a register is what the postings say, also for vials that came in one delivery."""

from sqlalchemy import text

from audit.services.reading import book_on_hand
from audit.storage.engine import read


def test_stock_on_hand_is_what_the_postings_leave_on_the_shelf(clinic):
    vials = clinic.receive(count=3)
    clinic.whole_session(vials[0])
    clinic.read("A", vials[1], 10_000)
    clinic.waste("A", vials[1], alone=True)
    book = book_on_hand(clinic.register)
    with read(clinic.register.engine) as conn:
        posted = conn.scalar(text("SELECT sum(mass_ug) FROM posting WHERE account IN ('stock', 'held')"))
    assert set(book.containers) == {vials[0], vials[2]}
    assert sum(book.on_hand(vial) for vial in book.containers) == posted == 950_000
