"""RFC 6962 and RFC 9162: literals of the standard test tree, vectors of others, and properties of every tree."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.merkle import (
    EMPTY,
    Frontier,
    Node,
    ProofRefused,
    appended_nodes,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_at,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="vectors absent: transparency-dev/merkle")

# The test tree of Certificate Transparency's reference implementation: 8 inputs, roots by size, nodes by level.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
]
NODES = {
    (1, 0): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    (1, 1): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    (1, 2): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    (1, 3): "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    (2, 0): "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 1): "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    (3, 0): "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


class Store:
    """Complete subtrees as a database would keep them: leaves by index, nodes by level and index."""

    def __init__(self, leaves):
        self.leaves, self.nodes = [], {}
        for leaf in leaves:
            for node in appended_nodes(len(self.leaves), leaf, self.read):
                assert (node.level, node.index) not in self.nodes
                self.nodes[node.level, node.index] = node.hash
            self.leaves.append(leaf)

    def read(self, level, index):
        return self.nodes[level, index] if level else self.leaves[index]


def _textbook_root(leaves):
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + _textbook_root(leaves[:k]) + _textbook_root(leaves[k:])).digest()


def _leaves(size):
    return [leaf_hash(index.to_bytes(4, "big")) for index in range(size)]


CT_LEAVES = [bytes.fromhex(leaf) for leaf in LEAVES]
CT = Store(CT_LEAVES)
BIG = Store(_leaves(300))
SIZES = st.integers(1, 300)


def test_leaves_and_nodes_are_those_of_the_standard_test_tree():
    assert [leaf_hash(bytes.fromhex(data)).hex() for data in INPUTS] == LEAVES
    assert {place: digest.hex() for place, digest in CT.nodes.items()} == NODES
    assert node_hash(CT_LEAVES[0], CT_LEAVES[1]).hex() == ROOTS[2]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_standard_test_tree(size):
    assert root(CT_LEAVES[:size]).hex() == ROOTS[size]
    assert root_at(size, CT.read).hex() == ROOTS[size]
    assert EMPTY.hex() == ROOTS[0]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (0, 8, [LEAVES[1], NODES[1, 1], NODES[2, 1]]),
        (5, 8, [LEAVES[4], NODES[1, 3], NODES[2, 0]]),
        (2, 3, [NODES[1, 0]]),
        (1, 5, [LEAVES[0], NODES[1, 1], LEAVES[4]]),
    ],
)
def test_inclusion_proofs_are_those_of_the_standard_test_tree(index, size, proof):
    made = inclusion_proof(index, size, CT.read)
    assert [digest.hex() for digest in made] == proof
    verify_inclusion(index=index, size=size, leaf=CT_LEAVES[index], proof=made, root=bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        (1, 1, []),
        (1, 8, [LEAVES[1], NODES[1, 1], NODES[2, 1]]),
        (6, 8, [NODES[1, 2], NODES[1, 3], NODES[2, 0]]),
        (2, 5, [NODES[1, 1], LEAVES[4]]),
    ],
)
def test_consistency_proofs_are_those_of_the_standard_test_tree(old, new, proof):
    made = consistency_proof(old, new, CT.read)
    assert [digest.hex() for digest in made] == proof
    roots = {"old_root": bytes.fromhex(ROOTS[old]), "new_root": bytes.fromhex(ROOTS[new])}
    verify_consistency(old=old, new=new, proof=made, **roots)


def test_the_example_of_rfc_6962_section_2_1_3_has_these_proofs():
    # Seven leaves d0 to d6: a-f are the leaf hashes, g-j the pairs, k and l the halves of that figure.
    store = Store(CT_LEAVES[:7])
    a, b, c, d, e, f, j = CT_LEAVES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 -- the letters of the RFC
    assert inclusion_proof(0, 7, store.read) == (b, h, l)
    assert inclusion_proof(3, 7, store.read) == (c, g, l)
    assert inclusion_proof(4, 7, store.read) == (f, j, k)
    assert inclusion_proof(6, 7, store.read) == (i, k)
    assert consistency_proof(3, 7, store.read) == (c, d, g, l)
    assert consistency_proof(4, 7, store.read) == (l,)
    assert consistency_proof(6, 7, store.read) == (i, j, k)


def test_an_even_size_completes_no_subtree_and_each_subtree_is_kept_once():
    assert appended_nodes(6, CT_LEAVES[6], CT.read) == []
    assert appended_nodes(7, CT_LEAVES[7], CT.read) == [
        Node(1, 3, bytes.fromhex(NODES[1, 3])),
        Node(2, 1, bytes.fromhex(NODES[2, 1])),
        Node(3, 0, bytes.fromhex(NODES[3, 0])),
    ]
    assert len(BIG.nodes) == sum(300 >> level for level in range(1, 9))


@given(SIZES)
def test_the_root_from_storage_is_the_root_over_the_leaves(size):
    leaves = BIG.leaves[:size]
    tree = Frontier()
    for leaf in leaves:
        tree.push(leaf)
    assert tree.size == size
    assert _textbook_root(leaves) == root(leaves) == root_at(size, BIG.read) == tree.root()


def test_a_tree_pushed_leaf_by_leaf_has_each_root_on_the_way():
    tree = Frontier()
    assert tree.root() == EMPTY
    for size, leaf in enumerate(CT_LEAVES, 1):
        tree.push(leaf)
        assert tree.root().hex() == ROOTS[size]
        assert len(tree._peaks) == size.bit_count()


@given(SIZES, st.data())
def test_every_inclusion_proof_holds_and_no_changed_one_does(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, BIG.read)
    case = {"index": index, "size": size, "leaf": BIG.leaves[index], "root": root_at(size, BIG.read)}
    verify_inclusion(proof=proof, **case)
    for changed in _changed_proofs(proof, data):
        with pytest.raises(ProofRefused):
            verify_inclusion(proof=changed, **case)
    for name in ("leaf", "root"):
        with pytest.raises(ProofRefused):
            verify_inclusion(proof=proof, **{**case, name: _flip(case[name], data)})
    elsewhere = data.draw(st.integers(-1, size + 1).filter(lambda other: other != index))
    with pytest.raises(ProofRefused):
        verify_inclusion(proof=proof, **{**case, "index": elsewhere})


@given(SIZES, st.data())
def test_every_consistency_proof_holds_and_no_changed_one_does(new, data):
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, BIG.read)
    case = {"old": old, "new": new, "old_root": root_at(old, BIG.read), "new_root": root_at(new, BIG.read)}
    verify_consistency(proof=proof, **case)
    for changed in _changed_proofs(proof, data):
        with pytest.raises(ProofRefused):
            verify_consistency(proof=changed, **case)
    for name in ("old_root", "new_root"):
        with pytest.raises(ProofRefused):
            verify_consistency(proof=proof, **{**case, name: _flip(case[name], data)})


def _flip(digest, data):
    bit = data.draw(st.integers(0, 255))
    return bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(digest))


def _changed_proofs(proof, data):
    yield (*proof, EMPTY)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        yield proof[:-1]
        yield proof[1:]
        yield (*proof[:place], _flip(proof[place], data), *proof[place + 1 :])
        yield (*proof[:place], proof[place][:31], *proof[place + 1 :])


def test_every_hash_has_exactly_32_bytes():
    for leaf, digest in ((EMPTY[:12], EMPTY), (EMPTY + b"\x00", EMPTY), (EMPTY, EMPTY[:31]), (b"", b"")):
        with pytest.raises(ProofRefused, match="expected hashes of 32 bytes"):
            verify_inclusion(index=0, size=1, leaf=leaf, proof=(), root=digest)
        with pytest.raises(ProofRefused, match="expected hashes of 32 bytes"):
            verify_consistency(old=1, new=1, old_root=leaf, new_root=digest, proof=())


def test_an_old_size_of_nothing_proves_nothing():
    with pytest.raises(ProofRefused, match="expected an old size from 1 to 8, met 0"):
        verify_consistency(old=0, new=8, old_root=EMPTY, new_root=CT.read(3, 0), proof=())
    with pytest.raises(ProofRefused, match="expected an old size from 1 to 8, met 9"):
        verify_consistency(old=9, new=8, old_root=EMPTY, new_root=CT.read(3, 0), proof=())
    for old in (0, -1, 9):
        with pytest.raises(ValueError, match="expected an old size from 1 to 8"):
            consistency_proof(old, 8, CT.read)


def test_equal_sizes_need_equal_roots_and_an_empty_proof():
    eight = CT.read(3, 0)
    verify_consistency(old=8, new=8, old_root=eight, new_root=eight, proof=())
    with pytest.raises(ProofRefused, match="expected root"):
        verify_consistency(old=8, new=8, old_root=eight, new_root=EMPTY, proof=())
    with pytest.raises(ProofRefused, match="left over"):
        verify_consistency(old=8, new=8, old_root=eight, new_root=eight, proof=(eight,))


def test_a_proof_too_short_or_too_long_is_said_to_be_so():
    six, eight = root_at(6, CT.read), root_at(8, CT.read)
    proof = consistency_proof(6, 8, CT.read)
    for cut in ((), proof[:2]):
        with pytest.raises(ProofRefused, match="too few"):
            verify_consistency(old=6, new=8, old_root=six, new_root=eight, proof=cut)
    with pytest.raises(ProofRefused, match="left over"):
        verify_consistency(old=6, new=8, old_root=six, new_root=eight, proof=(*proof, EMPTY))
    with pytest.raises(ProofRefused, match="too few"):
        verify_inclusion(index=0, size=8, leaf=CT_LEAVES[0], proof=inclusion_proof(0, 8, CT.read)[:2], root=eight)
    with pytest.raises(ProofRefused, match="left over"):
        verify_inclusion(index=0, size=1, leaf=CT_LEAVES[0], proof=(EMPTY,), root=CT_LEAVES[0])


def test_a_leaf_outside_the_tree_has_no_proof():
    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="expected an index below the size"):
            inclusion_proof(index, size, CT.read)
        with pytest.raises(ProofRefused, match="expected an index below the size"):
            verify_inclusion(index=index, size=size, leaf=EMPTY, proof=(), root=EMPTY)


def _judge(verify, case, roots):
    """Whether our verdict is the one the vector wants; shorter roots that it lets pass are refused here."""
    hashes = [*case["hashes"], *roots]
    wanted = not case["wantErr"] and all(len(digest) == 32 for digest in hashes)
    try:
        verify()
    except ProofRefused:
        return not wanted
    return wanted


@needs_vectors
def test_inclusion_vectors_of_others_get_their_verdict():
    cases = json.loads((VECTORS / "merkle_inclusion.json").read_text())
    assert len(cases) == 98
    wrong = []
    for case in cases:
        proof = [b64decode(item) for item in case["proof"] or []]
        leaf, expected = b64decode(case["leafHash"] or ""), b64decode(case["root"] or "")
        call = {"index": case["leafIdx"], "size": case["treeSize"], "leaf": leaf, "proof": proof, "root": expected}
        judged = _judge(lambda call=call: verify_inclusion(**call), {**case, "hashes": [*proof, leaf]}, [expected])
        if not judged:
            wrong.append(case["name"])
    assert wrong == []


@needs_vectors
def test_consistency_vectors_of_others_get_their_verdict():
    cases = json.loads((VECTORS / "merkle_consistency.json").read_text())
    assert len(cases) == 98
    wrong = []
    for case in cases:
        proof = [b64decode(item) for item in case["proof"] or []]
        old_root, new_root = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
        call = {"old": case["size1"], "new": case["size2"], "old_root": old_root, "new_root": new_root, "proof": proof}
        judged = _judge(lambda call=call: verify_consistency(**call), {**case, "hashes": proof}, [old_root, new_root])
        if not judged:
            wrong.append(case["name"])
    assert wrong == []
