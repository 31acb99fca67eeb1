"""`PdfRefused`: a file that cannot be taken as a report, with one sentence why.

And what the PDF libraries throw at broken bytes.
"""

from __future__ import annotations

import struct
import zlib

from pikepdf import PdfError as PikePdfError
from pyhanko.pdf_utils.misc import PdfError as HankoPdfError


class PdfRefused(Exception):
    """A PDF that is not, or no longer, a report of ours. `code` for machines, `sentence` for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


# A parser fed with damaged bytes fails wherever its assumptions end; each of these was met while flipping bytes.
PDF_FAULTS = (
    PikePdfError,
    HankoPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
