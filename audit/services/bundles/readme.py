"""`README.txt` of a bundle: what is in it, and three ways to check it, in plain words.

The third way is a program for the Go project's transparency-log code, printed whole between two marks; a test takes it
from there, compiles it and runs it. Not here: anything that a person must trust instead of checking.
"""

import functools
from importlib.resources import files

from audit.services.bundles.contents import Contents

BEGIN, END = "----- begin verify.go -----", "----- end verify.go -----"


@functools.cache
def go_program() -> str:
    """Return the source of the Go program."""
    return files("audit.services.bundles").joinpath("verify.go").read_text("utf-8")


def readme_of(contents: Contents, *, has_page: bool) -> str:
    """Return the text for one bundle."""
    return _TEXT.format(
        origin=contents.origin,
        size=contents.checkpoint.size,
        root=contents.checkpoint.root.hex(),
        log_key=contents.vkeys[0],
        page=_PAGE if has_page else _NO_PAGE,
        page_line="\nverify.html            checks this bundle in a browser, with the network off" if has_page else "",
        begin=BEGIN,
        end=END,
        program=go_program(),
    )


_PAGE = """\
   Unpack verify.html from this bundle, or better, take one from somebody you
   trust more than whoever gave you the bundle. Open it in any current browser;
   it needs no network. Drop the whole zip on it and read the sentence at its top.
"""
_NO_PAGE = """\
   A page named verify.html checks this zip in any current browser with the
   network off. It is not in this bundle: take one from another bundle, or from
   the verify page of the register.
"""
_TEXT = """\
EVIDENCE OF A CONTROLLED-DRUG REGISTER

log    {origin}
size   {size} entries
root   {root}

Every entry of the register up to this size is in this file. What was entered is
signed, chained and counted under one hash, the root above. If a single byte of
one entry had been changed, removed, added or moved, the root would be another.
The root proves nothing by itself: compare it, or an earlier one, with a head you
have from elsewhere, printed on paper, in a report, or from a cosigner.


WHAT IS IN IT

README.txt             this text
checkpoint             the signed head: origin, size, root (C2SP signed note)
vkey                   verifier keys: the log's first, then its cosigners'{page_line}
tile/<L>/<N>[.p/<W>]   the hash tree as tiles (C2SP tlog-tiles, height 8)
tile/entries/...       the entries as tiles
entries.jsonl          the same entries, one a line, exact bytes
sealed.jsonl           values opened for this recipient; mostly empty, for
                       patients are known by pseudonym
time/<size>.tsr        what a time authority answered (RFC 3161), and the note it
                       dated beside it; time/certificates.pem are its certificates
manifest.json          what this is, which period it was asked for, for whom, counts


THREE WAYS TO CHECK IT

Use the way you trust. Keep this zip as you got it and work on a copy.

1. A page in your browser

{page}
2. The register's own program, on any machine

   audit verify-bundle BUNDLE.zip --key '{log_key}'

   It prints each check as held, failed or not checked, and exits with 0 only if
   nothing is wrong. Take the key from elsewhere if you can. A head from paper is
   given as --head "origin size root", an earlier checkpoint file as --note FILE.

3. Programs of other people

   a) Signature, root and tiles, with the code of the Go project
      (golang.org/x/mod/sumdb/note and .../tlog; on Debian and Ubuntu: apt-get
      install golang-go golang-golang-x-mod-dev). Unpack the zip, save the lines
      between the marks below as verify.go in the same folder, and run there

      GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go

      It says that so many entries lead to the signed root, or what does not agree.

   b) Time, with OpenSSL, for each time/<size>.tsr:

      openssl ts -verify -data time/<size>.note -in time/<size>.tsr \\
        -CAfile time/certificates.pem

      must say "Verification: OK"; openssl ts -reply -in time/<size>.tsr -text
      tells when it was. The second line of the note is the size that was dated.
      Take the authority's certificates from the authority itself if you can.

   c) A report in PDF, with poppler:  pdfsig REPORT.pdf
      must say "Signature is Valid" and "Total document signed".

What none of them can show: an act that nobody entered, and a lie signed in good
form. Counts, second persons and your own questions answer those.


{begin}
{program}{end}
"""
