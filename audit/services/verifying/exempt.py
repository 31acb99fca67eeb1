"""Columns that no entry says anything about, each with the reason: changing one changes nothing on the record."""

EXEMPT: dict[str, str] = {
    "alembic_version.version_num": "the schema's own mark: another one and no command of this version runs",
    "sign_in.id": "a sign-in is no act on the record; deleting all of them only signs everybody out",
    "sign_in.site": "as sign_in.id",
    "sign_in.person": "as sign_in.id; an act signed with a factor asks for the password again, and its attest says so",
    "sign_in.created_ms": "as sign_in.id",
    "sign_in.seen_ms": "as sign_in.id",
    "sign_in.figures_seen_ms": "what was looked at before a count is stated in count_started when the count begins",
    "sign_in.ended_ms": "as sign_in.id",
    "attempt.site": "failed attempts are forgotten after a day; changing one locks out or lets try again, no more",
    "attempt.subject": "as attempt.site",
    "attempt.wrong": "as attempt.site",
    "attempt.first_ms": "as attempt.site",
    "attempt.locked_until_ms": "as attempt.site",
}
