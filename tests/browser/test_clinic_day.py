"""A clinic's whole day in a real browser, and what must hold of it afterwards: for the people, the record, the report."""

import csv
import io
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests import oracle
from tests.browser import clinic_day
from tests.browser.clinic_day import Day
from tests.browser.people import Answer
from tests.browser.service import served

pytestmark = pytest.mark.browser

STEPS = [
    clinic_day.set_up,
    clinic_day.enrol,
    clinic_day.stock_products,
    clinic_day.inventory_of_nothing,
    clinic_day.receive,
    clinic_day.session_with_two_changes,
    clinic_day.session_wholly_wasted,
    clinic_day.session_corrected,
    clinic_day.count,
    clinic_day.assign,
    clinic_day.reconcile,
]


def test_a_clinic_day(browser, tmp_path):
    with served(tmp_path, hour=8) as service:
        day = Day(service, browser)
        for step in STEPS:
            step(day)
        file = clinic_day.report(day, tmp_path)
        clinic_day.look_around(day)
        print(day.costs)
