"""Every refusal as a sentence: what is wrong with which figure against what, then what would be right.

One catalogue for pages and command line; a test compares it with the codes raised. A message to a second person
never holds the first figure, nor "too high" or "too low".
"""

from audit.domain.errors import Plain, Refused
from audit.domain.quantity import format_thousandths

SENTENCES: dict[str, str] = {
    "already_confirmed": "A second person has already signed this. Open the page again",
    "already_counted": "Your figures are recorded. A second person counts next",
    "already_enrolled": "This is enrolled already",
    "already_held": "What is left of {label} is already in bag {bag}",
    "already_read": "{label} has been read. Correct that entry first",
    "already_reread": "A second person has already read this. Read it again first",
    "already_running": "{label} is running. Change its rate, or stop it",
    "already_struck": "Entry {index} is already corrected",
    "already_witnessed": "A second person has already signed this waste",
    "amount_missing": "Type the amount",
    "cannot_be_struck": "Entry {index} cannot be corrected: it is about people, keys, time or the log itself",
    "cannot_end_self": "You cannot end your own access. Another administrator can",
    "cannot_replace": "This kind of act cannot take another entry's place",
    "case_closed": "This case is closed",
    "choose_one": "Choose one",
    "confirm_expired": "{label} expired on {expiry}. Tick the box if it was really used; it will be flagged",
    "container_twice": "The same vial is listed twice",
    "count_first": "Record what you found first",
    "count_over": "This count is over. Start another one",
    "demo_factor": "Demo signatures belong to a demo clinic only",
    "dose_too_large": "{mass_ug:mg} mg is over {most_ug:mg} mg. Check the decimal point",
    "duration_out_of_range": "A session takes {least} to {most} minutes",
    "finished": "{label} is finished: what was left of it has been wasted",
    "first_administers": "The first person is an administrator: somebody must enrol the others",
    "first_counts_again": "The person who counted first counts again, then the second person",
    "form_incomplete": "This form is not complete. Open the page again; nothing was saved",
    "found_twice": "The same line is listed twice",
    "future": "This time is still to come. Type when it happened",
    "future_day": "{day} is later than today ({today})",
    "in_other_session": "{label} is in another session's custody. Return it there first",
    "inspector_only_inspects": "An inspector has no other role: they look and change nothing",
    "key_incomplete": "Some keys are missing: {missing}. Restore them from your copy; never start without them",
    "key_malformed": "The key file {path} does not hold a key",
    "key_readable": "Others may read the key file {path}. Make it yours alone: chmod 600",
    "log_already_open": "A log is open here already",
    "made_up_less": "{volume_ul:ml} mL is less than was drawn ({drawn_ul:ml} mL)",
    "malformed": "This has a character that cannot be kept, or is not of the form expected",
    "missing": "This is missing",
    "more_than_holds": "{volume_ul:ml} mL is more than {label} holds ({left_ul:ml} mL left)",
    "more_than_label": "{volume_ul:ml} mL is more than the label says ({label_ul:ml} mL)",
    "more_than_twice": "{volume_ul:ml} mL is more than {label} can hold ({content_ul:ml} mL on its label)",
    "name_the_containers": "Choose the containers that make up the {variance_ug:mg} mg exactly",
    "name_the_entry": "Name the entry that puts this right",
    "negative": "“{typed}” is less than zero. An amount is zero or more",
    "nonce_reused": "This form was already used for another act, entry {index}. Open the page again",
    "not_a_date": "“{typed}” is not a date. Type it like 2026-11-23",
    "not_a_number": "“{typed}” is not a number. Type it like 1.5",
    "not_a_prescriber": "{name} is not a physician. A physician orders",
    "not_a_time": "“{typed}” is not a date and time. Type it like 2026-11-23 10:49",
    "not_a_vial": "{label} is not a vial",
    "not_a_whole_number": "“{typed}” is not a whole number. Type it like 12",
    "not_an_inventory": "This is not an inventory that stands",
    "not_balanced": "{mass_ug:mg} mg is still to account for. Waste it or give it before closing",
    "not_for_service": "The service itself cannot state this",
    "not_in_custody": "{label} is not in this session's custody",
    "not_of_this_lot": "{label} is not a sealed container of this lot",
    "not_on_shelf": "{label} is not on the shelf",
    "not_running": "{label} is not running. Start it first",
    "not_shortest": "This states what need not be stated",
    "not_this_count": "The first figures have changed. Open the page again",
    "not_this_reading": "This was read again since. Open the page again",
    "not_this_session": "{label} belongs to another session",
    "not_this_waste": "This waste has changed. Open the page again",
    "not_your_count": "Only who counted first can end this count unconfirmed",
    "not_your_password": "Only you set your own password",
    "not_your_role": "This is not for your role",
    "not_yours_to_correct": "Entry {index} is another person's. They or a manager can correct it",
    "nothing_drawn": "Scan or choose a vial first",
    "nothing_received": "List at least one lot",
    "nothing_there": "Nothing is left in {label}",
    "nothing_to_waste": "Nothing is left in {label}: there is nothing to waste",
    "out_of_range": "This number is out of range",
    "outcome_does_not_fit": "This outcome does not fit a case of {variance_ug:mg} mg",
    "own_administration": "You cannot give up your own administrator role. Another administrator can",
    "own_second_person": "You had a hand in this amount. Someone else must sign as second person",
    "pack_malformed": "The rule pack is damaged",
    "password_denied": "{why}",
    "password_missing": "Type the password to sign",
    "password_wrong": "This is not the password. Nothing is signed",
    "period_backwards": "The period ends ({to_on}) before it begins ({from_on})",
    "period_too_long": "A period has at most {most_days} days",
    "person_ended": "{name} acts here no more",
    "product_known": "{product_code} is registered already",
    "read_first": "Read what is left in {label} first",
    "read_only": "The record is read-only: the signer remembers more than the database holds. See the alarm",
    "readings_differ": "Your readings are not the same. Nothing is signed. Both read {label} again",
    "real_log_exists": "A real clinic's log is here. A demo is never mixed with it",
    "record_the_receipt": "More was found than the book has: record the missing receipt, then close as corrected",
    "required": "This is needed",
    "role_twice": "The same role is chosen twice",
    "second_missing": "Choose who signs as second person",
    "second_reading_first": "A second person reads {label} first, without your figure",
    "service_only": "Only the service itself states this",
    "session_closed": "Session {number} is closed. Correct its closing first",
    "sign_first": "Sign this with your password",
    "sign_in_taken": "“{sign_in}” signs in somebody else already",
    "still_running": "{label} is still running. Stop it first",
    "strengths_differ": "These vials have different strengths. Strengths are never mixed in one syringe",
    "strike_these_first": "Later entries stand on this one. Correct these first: {entries}",
    "too_large": "“{typed}” is too large. Check the decimal point",
    "too_long": "This is too long: at most {most} characters",
    "too_many": "“{typed}” is more than {most}",
    "too_many_containers": "At most {most} containers at once. Record the rest as a second part",
    "too_many_decimals": "“{typed}” is finer than 0.001. Type at most three decimals",
    "two_readings": "“{typed}” can be read two ways. Type it without a thousands separator, like 1500 or 1.5",
    "unknown_case": "This case is not known",
    "unknown_choice": "Choose one of the list",
    "unknown_container": "This code is not a label of this clinic",
    "unknown_count": "This count is not known",
    "unknown_entry": "This entry is not known, or has changed",
    "unknown_fact": "This form holds a field that is not known",
    "unknown_pack": "This jurisdiction is not known",
    "unknown_patient": "This patient is not known",
    "unknown_person": "Nobody of that name is enrolled here",
    "unknown_product": "This product is not registered",
    "unknown_session": "This session is not known",
    "volume_not_positive": "A volume must be more than 0 mL",
    "zero": "An amount must be more than 0",
}


def sentence(refused: Refused) -> str:
    """Return a refusal in words, with its values and their units."""
    return SENTENCES[refused.code].format(**{name: _Shown(value) for name, value in refused.values.items()})


class _Shown:
    """A value in a sentence; `{mass_ug:mg}` and `{volume_ul:ml}` show base units as mg and mL."""

    def __init__(self, value: Plain) -> None:
        """Keep the plain value."""
        self._value = value

    def __format__(self, unit: str) -> str:
        if unit in {"mg", "ml"} and isinstance(self._value, int):
            return format_thousandths(self._value)
        return str(self._value)
