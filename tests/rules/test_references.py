"""Products and parcels: only with a label, an address or a check digit."""

import pytest

from rules.facts import Facts
from rules.read import read

AMAZON = "abc123def456ghi@marketplace.amazon.de"
PRODUCTS = {
    "asin label": ("[ASIN: B0ABCDEFGH]", {"asin B0ABCDEFGH"}),
    "asin in a link": ("https://www.amazon.de/dp/B0ABCDEFGH?th=1", {"asin B0ABCDEFGH"}),
    "asin by shape alone": ("B0ABCDEFGH", set()),
    "isbn as asin": ("/dp/0306406152", {"isbn 0306406152"}),
    "isbn with a wrong digit": ("ASIN: 0306406153", set()),
    "isbn 13": ("ISBN 978-0-306-40615-7", {"isbn 9780306406157"}),
    "ebay item with its label": ("item number: 197526923798", {"item 197526923798"}),
    "twelve digits alone": ("197526923798", set()),
    "sku": ("SKU: LAMP-7/b", {"sku LAMP-7/b"}),
    "sku without its label": ("LAMP-7/b", set()),
}
PARCELS = {
    "ups": ("1Z5R89390357567127", {"ups 1Z5R89390357567127"}),
    "ups with spaces": ("1Z 5R8 939 03 5756 7127", {"ups 1Z5R89390357567127"}),
    "ups with a wrong digit": ("1Z5R89390357567126", set()),
    "s10": ("RB123456785GB", {"post RB123456785GB"}),
    "s10 with a wrong digit": ("RB123456786GB", set()),
    "s10 glued": ("XRB123456785GB", set()),
    "dhl": ("JJD0099999999", {"dhl JJD0099999999"}),
    "amazon": ("TBA502887274000", {"amazon-logistics TBA502887274000"}),
    "bare digits are no parcel": ("DHL 1234567890 GLS 12345678901 FedEx 123456789012", set()),
    "an order is no parcel": ("112-1234567-7654321", set()),
    "an asin is no parcel": ("ASIN: B0RB123456785GB", set()),
}


@pytest.mark.parametrize("text, expected", PRODUCTS.values(), ids=PRODUCTS.keys())
def test_products(marketplaces, text, expected):
    reading = read(Facts(direction="inbound", text=text), marketplaces)
    assert {f"{one.kind} {one.value}" for one in reading.products} == expected


@pytest.mark.parametrize("text, expected", PARCELS.values(), ids=PARCELS.keys())
def test_parcels(marketplaces, text, expected):
    reading = read(Facts(direction="inbound", text=text), marketplaces)
    assert {f"{one.carrier} {one.number}" for one in reading.parcels} == expected
