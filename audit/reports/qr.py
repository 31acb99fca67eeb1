"""The signed note as a QR code, drawn as plain rectangles.

Bytes go in as UTF-8, so a reader gives the note back exactly.
"""

from __future__ import annotations

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel

from audit.reports.faces import INK
from audit.reports.layout import Block
from audit.reports.pen import Pen

# ISO/IEC 18004: version 40 at level L holds 2,953 bytes; level M is used while it fits.
_MOST_BYTES_M = 2_331
_MOST_BYTES = 2_953


def qr_block(text: str, *, x: float, side: float) -> Block | None:
    """A square code of that side in points, or None where the text is more than any code holds."""
    data = text.encode()
    if len(data) > _MOST_BYTES:
        return None
    level = QRErrorCorrectLevel.M if len(data) <= _MOST_BYTES_M else QRErrorCorrectLevel.L
    code = QRCode(None, level)
    code.addData(QR8bitByte(data))
    code.make()
    count: int = code.getModuleCount()
    rows = [[bool(code.isDark(row, column)) for column in range(count)] for row in range(count)]

    def draw(pen: Pen, top: float) -> None:
        unit = side / count
        for number, row in enumerate(rows):
            for start, length in _runs(row):
                pen.tint(x + start * unit, top + number * unit, length * unit, unit, INK)

    return Block(side, draw)


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Starts and lengths of dark stretches: far fewer rectangles than modules."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for column, dark in enumerate([*row, False]):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            runs.append((start, column - start))
            start = None
    return runs
