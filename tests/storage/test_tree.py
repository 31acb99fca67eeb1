"""Roots and proofs from stored hashes are those of RFC 6962."""

from hashlib import sha256

import pytest
from sqlalchemy import Engine

from audit.storage import log, tree
from audit.storage.engine import read, write
from audit.tlog import merkle
from tests.storage.entries import SITE, fill, new_entry

# The eight inputs and roots that the reference implementation of RFC 6962 is tested with.
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def test_the_root_at_every_size_is_that_of_rfc_6962(opened: Engine) -> None:
    with write(opened) as conn:
        head = log.lock_head(conn, SITE)
        for number, given in enumerate(INPUTS):
            body = bytes.fromhex(given)
            made = new_entry(head.leaf, number, body=body, leaf=sha256(b"\x00" + body).digest())
            head = log.append(conn, SITE, head, [made])
    with read(opened) as conn:
        assert [tree.root(conn, SITE, size).hex() for size in range(9)] == list(ROOTS)


def test_every_entry_is_proved_to_be_in_the_tree(opened: Engine) -> None:
    fill(opened, 21)
    with read(opened) as conn:
        root = tree.root(conn, SITE, 21)
        for index, entry in enumerate(log.entries(conn, SITE)):
            proof = tree.inclusion(conn, SITE, index, 21)
            merkle.verify_inclusion(index=index, size=21, leaf=entry.leaf, proof=proof, root=root)


def test_every_size_is_proved_to_extend_every_size_before(opened: Engine) -> None:
    fill(opened, 13)
    with read(opened) as conn:
        roots = [tree.root(conn, SITE, size) for size in range(14)]
        for new in range(1, 14):
            for old in range(1, new + 1):
                proof = tree.consistency(conn, SITE, old, new)
                merkle.verify_consistency(old=old, new=new, old_root=roots[old], new_root=roots[new], proof=proof)


def test_a_tree_larger_than_the_log_has_no_root(opened: Engine) -> None:
    fill(opened, 3)
    with read(opened) as conn:
        for size in (4, 5, 8):
            with pytest.raises(tree.NodeMissing):
                tree.root(conn, SITE, size)
