"""`verify.html`: one self-contained page that checks a report or an evidence bundle with the network off.

Its script is a second implementation of verification, written in JavaScript from docs/log-format.md and sharing
nothing with the Python code but that page. Here: the bytes of the file. The sources are in js/, the look in css/;
what the kinds of entry hold is read from the format's own page (`kinds.py`). Not here: serving it (`verify_public.py`).
"""

from audit.web.verify_page.builder import VerifyPage, verify_page, verify_page_html

__all__ = ["VerifyPage", "verify_page", "verify_page_html"]
