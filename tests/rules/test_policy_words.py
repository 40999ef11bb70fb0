"""The outbound policy over real-looking replies in eight languages: what is honest passes, what is not is found."""

import pytest

from rules.facts import Facts, FoundOrder, FoundParcel, OrderRef, Reading
from rules.policy import check_outgoing
from rules.weights import DEFAULTS, Settings

SITES = {
    "en": "marketplace.amazon.co.uk", "us": "marketplace.amazon.com", "de": "marketplace.amazon.de", "fr": "marketplace.amazon.fr",
    "es": "marketplace.amazon.es", "it": "marketplace.amazon.it", "nl": "marketplace.amazon.nl", "pl": "marketplace.amazon.pl",
    "ja": "marketplace.amazon.co.jp",
}  # fmt: skip
EVERYTHING = (Settings(checks=dict.fromkeys(DEFAULTS, "hold")),)
ORDER, PARCEL = "302-4937261-8841957", "00340434161094021501"
MARKETPLACES = []
READING = Reading(
    orders=(FoundOrder(order=OrderRef(marketplace="amazon", value=ORDER), where="text", span=(0, 19)),),
    parcels=(FoundParcel(carrier="dhl", number=PARCEL, where="text"),),
)

HONEST = [
    ("en", f"Hello, your order {ORDER} left our warehouse on 12.05.2026 and arrives by 15 May 2026. Tracking number: {PARCEL}."),
    ("en", "Thank you for your review, we are sorry that the lamp was damaged. We send a new one today."),
    ("en", "We have refunded GBP 1,249.00 to your account. It may take 3-5 working days, up to 7-10 with some banks."),
    ("en", "Please send us a photo of the label. The serial number is 4711-0815-1234-5678 and stands on the back."),
    ("en", "Opening hours are 9.00-17.30, Monday to Friday. I am off until 2026-06-01 10:30."),
    ("en", "The part sent.It will arrive on Monday.We are sorry for the delay.No action is needed.So please wait."),
    ("en", "The size is 120 x 80 x 45 cm, weight 12.5 kg, model number 2201345678."),
    ("en", "You can return the item within 30 days on https://www.amazon.co.uk/returns or in Your Orders."),
    ("en", "Please find the invoice 2026-0001234567 attached as invoice_2026.pdf, together with manual.v2.pdf and notes.txt."),
    ("en", "Your feedback is welcome, and you can leave a review on the product page at any time."),
    ("en", "At the moment it is out of stock, e.g. in blue, i.e. we can offer red or a refund of 25.00 GBP."),
    ("en", "We look at every case. Case ID 10934657281, item 3912345678 and batch 0171-2234-55."),
    ("us", "Order 112-7265443-1234567 ships from ZIP 10001-1234 today. USPS tracking 9400 1000 0000 0000 0000 00."),
    ("us", "The total is $1,234.56 and the refund of $99.99 will reach your card in 5-7 days."),
    ("us", "It is five inches wide, and rated for 120-240 V at 50/60 Hz. UPC 012345678905."),
    ("us", "UPS shows 1Z999AA10123456784 as delivered on 5/12/2026 at 14:35. Could a neighbor have it?"),
    ("us", "We can offer a full refund or a free replacement. Which would you prefer?"),
    ("us", "The bulb has 5 stars for energy, as the label says. Do you need the E26 or E12 socket?"),
    ("de", f"Guten Tag, Ihre Bestellung {ORDER} wurde am 03.11.2026 versandt. Sendungsnummer: {PARCEL}."),
    ("de", "Vielen Dank für Ihre Bewertung. Das tut uns leid, wir senden Ihnen kostenlos Ersatz."),
    ("de", "Die Gutschrift über 49,99 € erfolgt in 3-5 Tagen. Rechnungsnummer 2026-10045678, Kundennummer 100456789."),
    ("de", "Die Lampe ist angekommen.Es fehlt aber der Schirm.Die Schrauben liegen bei.In der Tüte sind vier."),
    ("de", "Bitte senden Sie die Ware an die Muster GmbH & Co.KG, Hauptstr. 12, 10115 Berlin, z.B. mit DHL."),
    ("de", "Die Maße sind 120x80x45 cm, das Gewicht 12,5 kg, Artikelnummer 0815123456, EAN 4006381333931."),
    ("de", "Wir überweisen auf DE89 3704 0044 0532 0130 00, sobald die Retoure mit der Nummer 0171 1234567 da ist."),
    ("de", "Das Etikett finden Sie als Anhang (Retoure.pdf). Geben Sie das Paket bis zum 24.12. ab, spätestens 31.12.2026 um 12:00."),
    ("de", "Sie können Ihre Meinung zum Produkt jederzeit auf der Produktseite schreiben."),
    ("de", "Der Rabatt von 10 % wurde bereits bei der Bestellung abgezogen, der Betrag von 129,00 EUR stimmt also."),
    ("de", "Ihr Gutschein wurde von Amazon erstattet. Bitte prüfen Sie Ihr Konto unter amazon.de oder https://www.amazon.de/gp/help."),
    ("de", "Die Uhr ist wasserdicht bis 5 bar, Charge 20261103, Modell WM-2000.123. Auf Lager: 1.200 Stück."),
    ("fr", "Bonjour, votre commande 405-8567267-4113132 est partie le 03/11/2026. Numéro de suivi : 6A12345678901."),
    ("fr", "Merci pour votre avis, nous sommes désolés que le colis soit arrivé abîmé."),
    ("fr", "Le remboursement de 49,99 € sera effectué sous 3 à 5 jours. Facture n° 2026-0012345."),
    ("fr", "Les dimensions sont 120 x 80 x 45 cm, 12,5 kg, référence 01 23 45 67 89."),
    ("fr", "Vous pouvez retourner l'article sous 30 jours dans Vos commandes sur amazon.fr."),
    ("fr", "Nous avons bien reçu la photo.La pièce sera envoyée demain.Et le manuel est joint."),
    ("fr", "L'étiquette de retour est jointe (retour.pdf). À déposer avant le 24.12.2026 à 12h30."),
    ("fr", "Ce point de vente est fermé, mais l'article reste garanti 2 ans. SIRET 732 829 320 00074."),
    ("es", "Buenos días, su pedido 405-8567267-4113132 salió el 03/11/2026. Número de seguimiento: PQ4F6P0600123450123456A."),
    ("es", "Gracias por su valoración, sentimos que la lámpara llegara rota."),
    ("es", "El reembolso de 49,99 € tarda de 3 a 5 días. Factura 2026/0012345, importe total 1.249,00 EUR."),
    ("es", "Puede devolver el artículo en 30 días desde Mis pedidos. La etiqueta va en etiqueta.pdf."),
    ("es", "El tamaño es 120 x 80 x 45 cm y pesa 12,5 kg. Referencia 612 345 678."),
    ("it", "Buongiorno, il suo ordine 405-8567267-4113132 è partito il 03/11/2026. Codice di spedizione 1UW1URV235536."),
    ("it", "Grazie per la sua recensione, ci dispiace che la lampada sia arrivata rotta."),
    ("it", "Il rimborso di 49,99 € arriva in 3-5 giorni. Fattura n. 2026-0012345, P.IVA 01234567890."),
    ("it", "La misura è 120 x 80 x 45 cm, peso 12,5 kg. Codice articolo 333 1234567."),
    ("it", "Il pacco è in transito.La consegna è prevista per il 24.12.2026.Se ha domande ci scriva qui."),
    ("nl", "Goedendag, uw bestelling 405-8567267-4113132 is op 03-11-2026 verzonden. Track & trace: 3SABCD1234567890."),
    ("nl", "Bedankt voor uw beoordeling, het spijt ons dat de lamp beschadigd was."),
    ("nl", "De terugbetaling van € 49,99 duurt 3-5 werkdagen. Factuurnummer 2026-0012345, KvK 12345678."),
    ("nl", "Het formaat is 120 x 80 x 45 cm en 12,5 kg. Artikelnummer 06 12345678."),
    ("nl", "U kunt het artikel binnen 30 dagen retourneren via Mijn bestellingen op amazon.nl."),
    ("pl", "Dzień dobry, zamówienie 405-8567267-4113132 wysłano 03.11.2026. Numer przesyłki 520107011801230099887766."),
    ("pl", "Dziękujemy za opinię. Przykro nam, że lampa dotarła uszkodzona."),
    ("pl", "Zwrot 249,99 zł potrwa 3-5 dni. Faktura nr FV/2026/0012345, NIP 525-234-55-66."),
    ("pl", "Wymiary to 120 x 80 x 45 cm, waga 12,5 kg, numer artykułu 601 234 567."),
    ("ja", "ご注文番号 249-1234567-1234567 の商品は11月3日に発送しました。追跡番号 1234-5678-9012 です。"),
    ("ja", "レビューをありがとうございます。商品が壊れていたことをお詫びします。"),
    ("ja", "返金額は 4,999円 です。3-5営業日かかります。"),
    ("en", "Kind regards\nAnna\nBrand Support Team"),
    ("de", "Mit freundlichen Grüßen\nAnna Brandt\nIhr Brand-Team\nHRB 123456, USt-ID DE123456789"),
]  # fmt: skip

WRONG = [
    ("en", "links", "See https://www.my-shop.example.com/sale for more.", "https://www.my-shop.example.com/sale"),
    ("en", "links", "Visit www.brightlamps.co.uk today", "www.brightlamps.co.uk"),
    ("en", "links", "More at brightlamps.com.", "brightlamps.com"),
    ("en", "links", "Have a look at bit.ly/3xYz12", "bit.ly/3xYz12"),
    ("en", "links", "look: tinyurl.com/abcd", "tinyurl.com/abcd"),
    ("en", "links", "go to brightlamps dot com", "brightlamps dot com"),
    ("en", "links", "go to brightlamps (dot) com", "brightlamps (dot) com"),
    ("en", "links", "go to brightlamps[.]com", "brightlamps[.]com"),
    ("en", "links", "go to brightlamps . com now", "brightlamps . com"),
    ("en", "links", "hxxps://brightlamps.com/x", "hxxps://brightlamps.com/x"),
    ("en", "links", "go to bright\u200blamps.c\u200bom", "brightlamps.com"),
    ("en", "links", "go to brightl\u0430mps.com", "brightl\u0430mps.com"),
    ("en", "links", "a fake amazon: \u0430mazon.co.uk", "\u0430mazon.co.uk"),
    ("en", "links", "https://amazon.co.uk.evil.example/", "https://amazon.co.uk.evil.example/"),
    ("en", "links", "https://amazon.co.uk@evil.example/", "https://amazon.co.uk@evil.example/"),
    ("en", "links", "brightlamps．com", "brightlamps.com"),
    ("de", "links", "Besuchen Sie unseren Shop lampenwelt.de", "lampenwelt.de"),
    ("de", "links", "unter LAMPENWELT.DE finden Sie mehr", "LAMPENWELT.DE"),
    ("de", "links", "lampenwelt Punkt de", "lampenwelt Punkt de"),
    ("fr", "links", "sur notre boutique lumieres.fr", "lumieres.fr"),
    ("fr", "links", "lumieres point com", "lumieres point com"),
    ("es", "links", "en nuestra tienda luces.es", "luces.es"),
    ("it", "links", "visiti il sito lampade.it", "lampade.it"),
    ("nl", "links", "op lampen.nl vindt u meer", "lampen.nl"),
    ("pl", "links", "na stronie lampy.pl", "lampy.pl"),
    ("ja", "links", "詳しくは https://lamp-shop.jp/ をご覧ください", "https://lamp-shop.jp/"),
    ("en", "email_address", "write to sales@brightlamps.com", "sales@brightlamps.com"),
    ("en", "email_address", "bright.lamps (at) gmail dot com", "bright.lamps (at) gmail dot com"),
    ("en", "email_address", "brightlamps [at] gmail [dot] com", "brightlamps [at] gmail [dot] com"),
    ("en", "email_address", "brightlamps at gmail dot com", "brightlamps at gmail dot com"),
    ("en", "email_address", "brightlamps at gmail.com", "brightlamps at gmail.com"),
    ("en", "email_address", "brightlamps @ gmail . com", "brightlamps @ gmail . com"),
    ("en", "email_address", "bright\u200blamps@g\u200bmail.com", "brightlamps@gmail.com"),
    ("en", "email_address", "brightlamps＠gmail.com", "brightlamps@gmail.com"),
    ("de", "email_address", "lampen ät gmx Punkt de", "lampen ät gmx Punkt de"),
    ("de", "email_address", "lampen(at)web.de", "lampen(at)web.de"),
    ("fr", "email_address", "lumieres arobase orange point fr", "lumieres arobase orange point fr"),
    ("es", "email_address", "luces arroba gmail punto com", "luces arroba gmail punto com"),
    ("it", "email_address", "lampade chiocciola libero punto it", "lampade chiocciola libero punto it"),
    ("pl", "email_address", "lampy małpa wp kropka pl", "lampy małpa wp kropka pl"),
    ("en", "phone_number", "Call us on 020 7946 0958", "020 7946 0958"),
    ("en", "phone_number", "phone number: +44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
    ("en", "phone_number", "WhatsApp 07911 123456", "07911 123456"),
    ("en", "phone_number", "0 7 9 1 1 1 2 3 4 5 6", "0 7 9 1 1 1 2 3 4 5 6"),
    ("us", "phone_number", "call (212) 736-5000", "(212) 736-5000"),
    ("us", "phone_number", "212-736-5000 is our line", "212-736-5000"),
    ("de", "phone_number", "Rufen Sie an: 0171 1234567", "0171 1234567"),
    ("de", "phone_number", "Tel.: 030/901820", "030/901820"),
    ("de", "phone_number", "+49 (171) 123-4567", "+49 (171) 123-4567"),
    ("de", "phone_number", "０１７１ １２３４５６７", "0171 1234567"),
    ("fr", "phone_number", "Téléphone : 06 12 34 56 78", "06 12 34 56 78"),
    ("fr", "phone_number", "appelez le 0033 6 12 34 56 78", "0033 6 12 34 56 78"),
    ("es", "phone_number", "Llámenos al 612 345 678", "612 345 678"),
    ("it", "phone_number", "Cellulare 333 1234567", "333 1234567"),
    ("nl", "phone_number", "Bel 06 12345678", "06 12345678"),
    ("pl", "phone_number", "Telefon: 601 234 567", "601 234 567"),
    ("ja", "phone_number", "電話 03-1234-5678", "03-1234-5678"),
    ("en", "review_steering", "Please leave us a positive review!", "leave us a positive review"),
    ("en", "review_steering", "Would you change your negative review?", "change your negative review"),
    ("en", "review_steering", "Contact us before leaving a negative review.", "before leaving a negative review"),
    ("de", "review_steering", "Wir würden uns über eine positive Bewertung freuen.", "positive Bewertung"),
    ("de", "review_steering", "Könnten Sie die Bewertung bitte löschen?", "Bewertung bitte löschen"),
    ("fr", "review_steering", "Pourriez-vous modifier votre avis ?", "modifier votre avis"),
    ("fr", "review_steering", "Notez-nous 5 étoiles", "5 étoiles"),
    ("es", "review_steering", "Le pedimos eliminar su valoración", "eliminar su valoración"),
    ("it", "review_steering", "La preghiamo di modificare la sua recensione", "modificare la sua recensione"),
    ("nl", "review_steering", "Wilt u een positieve beoordeling achterlaten?", "positieve beoordeling achterlaten"),
    ("pl", "review_steering", "Prosimy o zmianę opinii", "zmianę opinii"),
    ("ja", "review_steering", "レビューを削除していただけませんか", "を削除して"),
    ("en", "incentives", "We will send a $20 gift card in exchange for a review.", "gift card in exchange for a review"),
    ("en", "incentives", "Use coupon code SAVE10 for your next order", "coupon code SAVE10 for your next order"),
    ("de", "incentives", "Sie erhalten einen Gutschein für eine Bewertung.", "Gutschein für eine Bewertung"),
    ("fr", "incentives", "Un remboursement de 10 € en échange d'un avis", "en échange d'un avis"),
    ("es", "incentives", "Un descuento a cambio de una reseña", "descuento a cambio de una reseña"),
    ("it", "incentives", "Uno sconto in cambio di una recensione", "sconto in cambio di una recensione"),
    ("nl", "incentives", "Korting in ruil voor een beoordeling", "Korting in ruil voor een beoordeling"),
    ("pl", "incentives", "Rabat w zamian za opinię", "Rabat w zamian za opini"),
    ("ja", "incentives", "レビューを書いていただくとクーポンを差し上げます", "を書いていただくとク"),
]  # fmt: skip


def found(language, text, *, reading=READING, html=""):
    facts = Facts(
        direction="outbound", to=(f"abc123def456gh7@{SITES[language]}",), from_=("anna@brand.example",), text=text, html=html
    )  # fmt: skip
    return {
        one.check: one.words
        for one in check_outgoing(facts, MARKETPLACES[0], settings=EVERYTHING, reading=reading)
    }


@pytest.fixture(autouse=True)
def _loaded(marketplaces):
    MARKETPLACES[:] = [marketplaces]


@pytest.mark.parametrize("language, text", HONEST, ids=[f"{one[0]} {one[1][:40]}" for one in HONEST])
def test_an_honest_answer_passes(language, text):
    assert found(language, text) == {}


@pytest.mark.parametrize(
    "language, check, text, words", WRONG, ids=[f"{one[1]} {one[2][:40]}" for one in WRONG]
)
def test_what_is_not_wanted_is_found_with_its_words(language, check, text, words):
    said = found(language, text)
    assert check in said
    assert any(words in one for one in said[check]), said


def test_the_tables_are_large_enough():
    assert len(HONEST) >= 60
    assert len(WRONG) >= 60
    assert len({language for language, _ in HONEST}) >= 8


@pytest.mark.parametrize(
    "language, check, text, words", WRONG, ids=[f"{one[1]} {one[2][:40]}" for one in WRONG]
)
def test_what_a_buyer_wrote_is_not_ours(language, check, text, words):
    assert words
    assert check not in found(language, f"Thank you, we look into it.\n\n> {text}\n")
