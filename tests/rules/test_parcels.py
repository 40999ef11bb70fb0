"""Parcels: a shape and its check digit; nothing but digits only beside the carrier's name."""

import json
import random

import pytest

from rules.facts import AttachmentFact, Facts
from rules.read import read

FEDEX_ITEM, FEDEX_ORDER = (
    "111107899303",
    "200013075052100",
)  # an eBay item, a Walmart order: FedEx's check passes
PARCELS = {
    "ups": ("1Z5R89390357567127", {"ups 1Z5R89390357567127"}),
    "ups with spaces": ("1Z 5R8 939 03 5756 7127", {"ups 1Z5R89390357567127"}),
    "ups in small letters": ("1z5r89390357567127", {"ups 1Z5R89390357567127"}),
    "ups, full width": ("１Ｚ５Ｒ８９３９０３５７５６７１２７", {"ups 1Z5R89390357567127"}),
    "ups, invisible characters inside": ("1Z5R8939\u200b0357\u00ad567127", {"ups 1Z5R89390357567127"}),
    "ups, no-break spaces": ("1Z\u00a05R8\u00a0939\u00a003\u00a05756\u00a07127", {"ups 1Z5R89390357567127"}),
    "ups, broken over two lines": ("1Z5R89390357\r\n567127", {"ups 1Z5R89390357567127"}),
    "ups, broken in a quote": ("> 1Z5R89390357=\n> 567127", {"ups 1Z5R89390357567127"}),
    "ups with a wrong digit": ("1Z5R89390357567126", set()),
    "ups after its name in capitals": ("UPS 1Z 5R8 939 03 5756 7127 2 KG", {"ups 1Z5R89390357567127"}),
    "arabic digits": ("DHL: ٣٣١٨٨١٠٠٢٥", {"dhl 3318810025"}),
    "a Cyrillic letter is not its Latin twin": ("RВ123456785GB", set()),
    "a Greek letter glued": ("ΑRB123456785GB", set()),
    "s10": ("RB123456785GB", {"post RB123456785GB"}),
    "s10 with its post named": ("Royal Mail RB123456785GB", {"royal-mail RB123456785GB"}),
    "s10 with a wrong digit": ("RB123456786GB", set()),
    "s10 of no country": ("RB123456785XX", set()),
    "s10 glued": ("XRB123456785GB", set()),
    "dhl": ("JJD0099999999", {"dhl JJD0099999999"}),
    "amazon": ("TBA502887274000", {"amazon-logistics TBA502887274000"}),
    "bare digits with a right check are no parcel": ("3318810025 986578788855 1019001781990001", set()),
    "the carrier's name makes them one": ("sent with DHL: 3318810025", {"dhl 3318810025"}),
    "another carrier's name does not": ("sent with Canpar: 3318810025", set()),
    "a wrong check never": ("sent with DHL: 3318810010", set()),
    "a name too far away": ("DHL " + "word " * 60 + "3318810025", set()),
    "words that any mail holds are no name": ("Paket delivery tracking Kundennummer 3318810025 12345678901", set()),
    "no check is known: only right after name or label": ("with GLS, Paketnummer 12345678901", {"gls 12345678901"}),
    "no check is known: not anywhere near": ("GLS came at noon. We are in Berlin: 12345678901", set()),
    "a phone number beside the name": ("DHL hotline: 3318810025", set()),
    "a phone number with its country": ("DHL +3318810025", set()),
    "an account number beside the name": ("FedEx account number 986578788855", set()),
    "an invoice beside the name": ("Rechnung 3318810025, Versand mit DHL", set()),
    "a time as digits": ("DHL 20261126004512", set()),
    "an amount": ("DHL 3318810025,50 EUR", set()),
    "an address": ("DHL 3318810025@example.org", set()),
    "a part of a longer number": ("DHL 12-3318810025", set()),
    "dashes are never taken out": ("FedEx 9865-7878-8855", set()),
    "two numbers in a list": ("FedEx tracking 986578788855, 477179081230", {"fedex 986578788855", "fedex 477179081230"}),
    "an item of a shop": (f"item number {FEDEX_ITEM} was given to FedEx", set()),
    "an order of a shop": (f"Walmart order {FEDEX_ORDER}, sent with FedEx", set()),
    "an order is no parcel": ("112-1234567-7654321", set()),
    "an asin is no parcel": ("ASIN: B0RB123456785GB", set()),
    "two claim it, one is named": ("Yodel JJD0002257639032011", {"yodel JJD0002257639032011"}),
    "two claim it, none is named": ("JJD0002257639032011", {" JJD0002257639032011"}),
    "two are named, one is nearer": ("not DPD, not by any means, but GLS: 12345678901234 GLS 12345678901", {"gls 12345678901"}),
    "a parameter is no tracking number": ("DHL https://shop.example/t?orderingShipmentId=3318810025", set()),
    "a parameter without its link": ("DHL orderingShipmentId=3318810025", set()),
    "the real number wins": (
        "https://shop.example/t?orderingShipmentId=3318810025 DHL 8487135506",
        {"dhl 8487135506"},
    ),
    "the carrier's own link names it": (
        "https://www.fedex.com/fedextrack/?trknbr=986578788855&order=477179081230",
        {"fedex 986578788855"},
    ),
    "a domain that only ends like one": ("https://notfedex.com/?trknbr=986578788855", set()),
    "a name in the file system": ("s3/label_1Z5R89390357567127.pdf", set()),
    "poste italiane": ("Poste Italiane 1UW1URV235536", {"poste-italiane 1UW1URV235536"}),
    "yamato": ("ヤマト運輸 お問い合わせ番号 1234-5678-9013", {"yamato 1234-5678-9013"}),
    "japan post": ("ゆうパック131-12-38385-2", {"japan-post 131-12-38385-2"}),
    "inpost": ("Paczkomat: 612345678901234567890123", {"inpost 612345678901234567890123"}),
    "colissimo": ("Colissimo n° 6A12345678901", {"colissimo 6A12345678901"}),
    "deutsche post's SSCC": ("DHL 00340434161094042557", {"dhl 00340434161094042557"}),
}  # fmt: skip


def parcels(reading):
    return {f"{one.carrier} {one.number}" for one in reading.parcels}


@pytest.mark.parametrize("text, expected", PARCELS.values(), ids=PARCELS.keys())
def test_parcels(marketplaces, text, expected):
    assert parcels(read(Facts(direction="inbound", text=text), marketplaces)) == expected


def test_all_numbers_of_the_public_suite_beside_their_carriers_name_and_no_wrong_one(
    shared_data, marketplaces
):
    right = wrong = 0
    for path in sorted((shared_data / "suites/tracking_number_data/couriers").glob("*.json")):
        carrier = json.loads(path.read_text(encoding="utf-8"))
        tests = [one["test_numbers"] for one in carrier["tracking_numbers"]]
        valid = [number for one in tests for number in one["valid"]]
        for number in valid:
            for text in (
                f"sent with {carrier['name']}, tracking number: {number}\nThank you",
                f"{number} ({carrier['name']})",
            ):
                found = read(Facts(direction="inbound", text=text), marketplaces).parcels
                assert number.replace(" ", "") in {one.number for one in found}, (carrier["name"], number)
            right += 1
            if number.replace(" ", "").isdigit():
                assert read(Facts(direction="inbound", text=f"here: {number}"), marketplaces).parcels == ()
        for number in [number for one in tests for number in one["invalid"] if number not in valid]:
            text = f"sent with {carrier['name']}, tracking number: {number}\nThank you"
            assert read(Facts(direction="inbound", text=text), marketplaces).parcels == (), number
            wrong += 1
    assert (right, wrong) == (192, 87)  # 88, but one is right for another service of the same carrier


@pytest.mark.parametrize("length", [8, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24])
def test_random_digits_are_no_parcels_whatever_stands_beside_them(marketplaces, length):
    rng = random.Random(length)
    text = "".join(f"tracking {rng.randrange(10**length):0{length}d} delivery\n" for _ in range(500))
    assert read(Facts(direction="inbound", text=text), marketplaces).parcels == ()


def test_every_find_has_its_place_and_its_reason(marketplaces):
    text = "Sendung mit DHL: ３３１８８１００２５\n\n> UPS 1Z 5R8 939 03 5756 7127\n"
    one, other = sorted(
        read(Facts(direction="inbound", text=text), marketplaces).parcels, key=lambda one: one.number
    )[::-1]
    assert (text[slice(*one.span)], one.quoted) == ("３３１８８１００２５", False)
    assert (text[slice(*other.span)], other.quoted) == ("1Z 5R8 939 03 5756 7127", True)
    assert "whose check digit is right" in one.reason
    assert "DHL is named beside it" in one.reason


def test_a_number_in_new_words_counts_before_the_same_in_a_quote(marketplaces):
    text = "On Monday Anna wrote:\n> 1Z5R89390357567127\n"
    facts = Facts(
        direction="inbound", text=text, links=("https://ups.com/track?tracknum=1Z5R89390357567127",)
    )
    (found,) = read(facts, marketplaces).parcels
    assert (found.where, found.quoted) == ("link:0", False)


def test_a_carriers_own_mail_and_links_name_it(marketplaces):
    assert parcels(read(Facts(direction="inbound", text="Nr. 3318810025"), marketplaces)) == set()
    own = Facts(direction="inbound", from_=("noreply@mail.dhl.de",), text="Nr. 3318810025")
    assert parcels(read(own, marketplaces)) == {"dhl 3318810025"}
    link = Facts(direction="inbound", links=("https://www.dhl.de/piececode%3D3318810025",))
    assert parcels(read(link, marketplaces)) == {"dhl 3318810025"}


def barcode(*values, text="", filename="photo.jpg"):
    file = AttachmentFact(
        filename=filename, content_type="image/jpeg", size_bytes=1, sha256="",
        barcodes=tuple(("Code128", value) for value in values),
    )  # fmt: skip
    return Facts(direction="inbound", text=text, attachments=(file,))


BARCODES = {
    "a shape and check of its own": (barcode("1Z5R89390357567127"), {"ups 1Z5R89390357567127"}),
    "many digits with a right check": (barcode("00340434161094042557"), {"dhl", "usps"}),
    "few digits are anything": (barcode("986578788855", "3318810025"), set()),
    "the mail names the carrier": (barcode("986578788855", text="I sent it with FedEx. " + "word " * 90), {"fedex 986578788855"}),
    "the file's name does": (barcode("986578788855", filename="FedEx label.jpg"), {"fedex 986578788855"}),
    "another carrier is named": (barcode("986578788855", text="I sent it with Canpar"), set()),
}  # fmt: skip


@pytest.mark.parametrize("facts, expected", BARCODES.values(), ids=BARCODES.keys())
def test_barcodes(marketplaces, facts, expected):
    found = read(facts, marketplaces).parcels
    if expected == {"dhl", "usps"}:
        assert [(one.number, one.where) for one in found] == [
            ("00340434161094042557", "attachment:0:barcode")
        ]
        return
    assert {f"{one.carrier} {one.number}" for one in found} == expected


def test_file_names_part_words_with_underscores(marketplaces):
    file = AttachmentFact(filename="DHL_3318810025_label.pdf", content_type="", size_bytes=1, sha256="")
    assert parcels(read(Facts(direction="inbound", attachments=(file,)), marketplaces)) == {"dhl 3318810025"}
