"""Check digits against published numbers."""

import json

import pytest

from rules.checks import CHECKS, isbn, s10, ups


@pytest.mark.parametrize("number", ["RB123456785GB", "RA473124829US", "RA341356713BR"])
def test_s10_numbers_that_are_published(number):
    assert s10(number)
    assert not s10(number[:10] + str((int(number[10]) + 1) % 10) + number[11:])


def test_ups_numbers_of_the_public_suite(shared_data):
    suite = json.loads((shared_data / "suites/tracking_number_data/couriers/ups.json").read_text())
    numbers = suite["tracking_numbers"][0]["test_numbers"]
    for number in numbers["valid"]:
        assert ups(number.replace(" ", ""))


def test_s10_numbers_of_the_public_suite(shared_data):
    suite = json.loads((shared_data / "suites/tracking_number_data/couriers/s10.json").read_text())
    for number in suite["tracking_numbers"][0]["test_numbers"]["valid"]:
        assert s10(number.replace(" ", ""))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
@pytest.mark.parametrize("nonsense", ["", "x", "1" * 500, "١" * 13, "²" * 13, "1Zé" * 6, "RBé23456785GB"])
def test_nonsense_is_never_right_and_never_raises(check, nonsense):
    assert not check(nonsense)


def test_isbn_ends_may_be_x():
    assert isbn("080442957X")
