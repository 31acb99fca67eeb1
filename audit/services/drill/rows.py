"""The rows of the attack table: every attack, the keys it uses, and exactly who must notice it.

A row's expectation is for a log that has everything: passkeys, cosigners, a time authority, a head on paper, a report.
"""

from typing import Final

from audit.services.drill import attacks_acts as acts
from audit.services.drill import attacks_files as files
from audit.services.drill import attacks_history as history
from audit.services.drill import attacks_logs as logs
from audit.services.drill import attacks_rows as rows
from audit.services.drill.table import Attack, Detector

_D = Detector
_HEADS_KEPT_ELSEWHERE: Final = frozenset({_D.SIGNER, _D.SERVICE, _D.COSIGNER})
"""What remembers the last head where the database's administrator cannot reach it."""
_BROKEN_CHAIN: Final = frozenset({_D.CHAIN, _D.HEAD, _D.SIGNER, _D.COSIGNER, _D.PAPER, _D.TIME, _D.TABLES, _D.REPORTS})
"""Bytes that no longer fit: seen by everything computed from them; the running service reads none of it again."""

ATTACKS: Final = (
    Attack(
        name="a row edited in place",
        carry_out=rows.edit_row,
        expected=_BROKEN_CHAIN | {_D.ACT},
    ),
    Attack(name="a row in the middle deleted", carry_out=rows.delete_row, expected=_BROKEN_CHAIN),
    Attack(name="two rows swapped", carry_out=rows.swap_rows, expected=_BROKEN_CHAIN | {_D.ACT}),
    Attack(
        name="the tail cut, the old head left",
        carry_out=rows.cut_rows,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.CHAIN, _D.HEAD, _D.TABLES},
    ),
    Attack(
        name="the tail cut, the shorter head signed anew",
        carry_out=history.cut_and_sign,
        expected=_HEADS_KEPT_ELSEWHERE,
        with_log_key=True,
    ),
    Attack(
        name="history rewritten from an entry on, with forged acts",
        carry_out=history.rewrite,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.ACT, _D.TIME},
        with_log_key=True,
        with_service_key=True,
    ),
    Attack(
        name="a genuine act dropped",
        carry_out=history.drop_act,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.PAPER, _D.ACT, _D.TIME},
        with_log_key=True,
        with_service_key=True,
    ),
    Attack(
        name="genuine acts reordered",
        carry_out=history.reorder_acts,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.ACT, _D.TIME},
        with_log_key=True,
        with_service_key=True,
    ),
    Attack(
        name="an entry inserted with an old date",
        carry_out=history.insert_old,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.ACT, _D.TIME},
        with_log_key=True,
        with_service_key=True,
    ),
    Attack(
        name="a late entry with a false recorded time",
        carry_out=history.date_late_entry,
        expected=frozenset({_D.CHAIN, _D.TIME}),
        with_service_key=True,
    ),
    Attack(name="a signed act replayed", carry_out=acts.replay_act, expected=frozenset({_D.ACT})),
    Attack(name="a backup restored", carry_out=history.restore_backup, expected=_HEADS_KEPT_ELSEWHERE),
    Attack(
        name="a backup restored and continued",
        carry_out=history.restore_and_continue,
        expected=_HEADS_KEPT_ELSEWHERE,
        with_service_key=True,
    ),
    Attack(
        name="the database deleted and begun anew under the same keys",
        carry_out=logs.begin_anew,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.PAPER},
        with_log_key=True,
        with_service_key=True,
    ),
    Attack(
        name="another site's log put in its place",
        carry_out=logs.put_other_site,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.PAPER, _D.ACT, _D.TABLES},
    ),
    Attack(
        name="a credential swapped for the attacker's",
        carry_out=acts.swap_credential,
        expected=_HEADS_KEPT_ELSEWHERE | {_D.PAPER, _D.ACT, _D.TIME},
        with_log_key=True,
        with_service_key=True,
    ),
    Attack(
        name="a credential enrolled by the server for itself",
        carry_out=acts.enrol_for_itself,
        expected=frozenset({_D.ACT}),
        with_service_key=True,
    ),
    Attack(
        name="a clinician's act put in as signed_in",
        carry_out=acts.put_in_signed_in,
        expected=frozenset({_D.ACT}),
        with_service_key=True,
    ),
    Attack(
        name="a clinician's act put in as the service's",
        carry_out=acts.put_in_service,
        expected=frozenset({_D.ACT}),
        with_service_key=True,
    ),
    Attack(
        name="a clinician's act put in by password, though they hold a passkey",
        carry_out=acts.put_in_password,
        expected=frozenset({_D.ACT}),
        with_service_key=True,
    ),
    Attack(
        name="a second-person entry by the first person",
        carry_out=acts.witness_by_first,
        expected=frozenset({_D.ACT}),
        with_service_key=True,
    ),
    Attack(
        name="a second-person entry by who drew the amount",
        carry_out=acts.witness_by_drawer,
        expected=frozenset({_D.ACT}),
        with_service_key=True,
    ),
    Attack(name="cosigners' lines stripped", carry_out=rows.strip_cosignatures, expected=frozenset({_D.COSIGNER})),
    Attack(
        name="evidence re-made under a fresh key",
        carry_out=files.remake_evidence,
        expected=frozenset({_D.BUNDLE}),
        with_service_key=True,
    ),
    Attack(
        name="clock_stepped used to date back",
        carry_out=history.step_clock,
        expected=frozenset({_D.TIME}),
        with_service_key=True,
    ),
    Attack(name="a sealed row deleted", carry_out=rows.delete_seal, expected=frozenset({_D.SEALS})),
    Attack(
        name="an assertion from sign-in used as a signature",
        carry_out=acts.sign_in_as_signature,
        expected=frozenset({_D.ACT, _D.SERVICE}),
        with_service_key=True,
    ),
    Attack(name="a sealed value exchanged", carry_out=rows.exchange_seals, expected=frozenset({_D.SEALS})),
    Attack(name="a derived posting changed", carry_out=rows.change_posting, expected=frozenset({_D.TABLES})),
    Attack(name="a stored report exchanged", carry_out=rows.exchange_report, expected=frozenset({_D.REPORTS})),
    Attack(name="a report's bytes flipped", carry_out=files.flip_bytes, expected=frozenset({_D.PDF})),
    Attack(
        name="a report's attachment swapped by an incremental update",
        carry_out=files.swap_attachment,
        expected=frozenset({_D.PDF}),
    ),
    Attack(name="a report's signature stripped", carry_out=files.strip_signature, expected=frozenset({_D.PDF})),
    Attack(
        name="a report signed again with another certificate",
        carry_out=files.sign_again,
        expected=frozenset({_D.PDF}),
    ),
    Attack(
        name="tiles and entries forged consistently in a mirror",
        carry_out=files.forge_mirror,
        expected=frozenset({_D.BUNDLE}),
        with_log_key=True,
        with_service_key=True,
    ),
)
"""In the order in which they are carried out and printed."""
