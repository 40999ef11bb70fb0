"""What a reply quotes: as the mail programs of many languages mark it, in text and in HTML."""

import pytest

from rules.facts import Facts
from rules.read import read

ID = "112-1234567-7654321"
MARKS = {
    "gmail en": "On Tue, Nov 3, 2026 at 10:12 AM Anna <anna@x.example> wrote:",
    "apple en": "On 3 Nov 2026, at 10:12, Anna <anna@x.example> wrote:",
    "gmail en, on two lines": "On Tue, Nov 3, 2026 at 10:12 AM Anna Longname of the Shop\n<anna@x.example> wrote:",
    "outlook en": "From: Anna <anna@x.example>\nSent: Tuesday, November 3, 2026 10:12 AM\nTo: b@x.example",
    "outlook en in bold": "*From:* Anna <anna@x.example>\n*Sent:* Tuesday, November 3, 2026",
    "outlook old": "-----Original Message-----",
    "outlook on a phone": "________________________________",
    "gmail de": "Am Di., 3. Nov. 2026 um 10:12 Uhr schrieb Anna <anna@x.example>:",
    "outlook de": "Von: Anna <anna@x.example>\nGesendet: Dienstag, 3. November 2026 10:12",
    "outlook de old": "-----Ursprüngliche Nachricht-----",
    "apple de": "Am 03.11.2026 um 10:12 schrieb Anna <anna@x.example>:",
    "gmail fr": "Le mar. 3 nov. 2026 à 10:12, Anna <anna@x.example> a écrit :",
    "outlook fr": "De : Anna <anna@x.example>\nEnvoyé : mardi 3 novembre 2026 10:12",
    "gmail it": "Il giorno mar 3 nov 2026 alle ore 10:12 Anna <anna@x.example> ha scritto:",
    "outlook it": "Da: Anna <anna@x.example>\nInviato: martedì 3 novembre 2026 10:12",
    "gmail es": "El mar, 3 nov 2026 a las 10:12, Anna (<anna@x.example>) escribió:",
    "outlook es": "De: Anna <anna@x.example>\nEnviado el: martes, 3 de noviembre de 2026 10:12",
    "gmail nl": "Op di 3 nov 2026 om 10:12 schreef Anna <anna@x.example>:",
    "apple nl": "Op 3 nov. 2026, om 10:12 heeft Anna <anna@x.example> het volgende geschreven:",
    "outlook nl": "Van: Anna <anna@x.example>\nVerzonden: dinsdag 3 november 2026 10:12",
    "gmail pl": "wt., 3 lis 2026 o 10:12 Anna <anna@x.example> napisał(a):",
    "apple pl": "Wiadomość napisana przez Anna <anna@x.example> w dniu 3 lis 2026, o godz. 10:12:",
    "outlook pl": "Od: Anna <anna@x.example>\nWysłano: wtorek, 3 listopada 2026 10:12",
    "gmail ja": "2026年11月3日(火) 10:12 アンナ <anna@x.example>:",
    "apple ja": "2026/11/03 10:12、アンナ <anna@x.example>のメール:",
    "outlook ja": "差出人: アンナ <anna@x.example>\n送信日時: 2026年11月3日 10:12",
}


def quoted(marketplaces, **mail):
    return {
        one.order.value: one.quoted for one in read(Facts(direction="inbound", **mail), marketplaces).orders
    }


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS.keys())
def test_what_stands_below_a_mark_is_quoted_and_what_stands_above_is_not(marketplaces, mark):
    text = f"About order 113-1234567-1234567.\n\n{mark}\nSubject: order {ID}\nIt was sent.\n"
    assert quoted(marketplaces, text=text) == {"113-1234567-1234567": False, ID: True}


@pytest.mark.parametrize("mark", [mark for mark in MARKS.values() if mark.endswith(":")])
def test_an_answer_between_marked_lines_is_the_senders_own(marketplaces, mark):
    text = f"{mark}\n> order {ID}\nNo, it is order 113-1234567-1234567.\n"
    assert quoted(marketplaces, text=text) == {ID: True, "113-1234567-1234567": False}


HTML = {
    "gmail": f'<div>x</div><div class="gmail_quote"><div class="gmail_attr">On a wrote:</div><blockquote>order {ID}</blockquote></div>',
    "outlook": f'<p>x</p><div id="divRplyFwdMsg">From: a</div><p>order {ID}</p>',
    "outlook on a desktop": f"<div style='x'>a</div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt\"><p>From: a</p></div>order {ID}",
    "apple": f'<p>x</p><blockquote type="cite"><div>order {ID}</div></blockquote>',
    "thunderbird": f'<p>x</p><div class="moz-cite-prefix">Am schrieb a:</div><blockquote>order {ID}</blockquote>',
    "nested": f"<blockquote>a<blockquote>b</blockquote>order {ID}</blockquote>",
    "never closed": f"<blockquote>a<p>order {ID}</p>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML.keys())
def test_what_html_quotes_is_quoted(marketplaces, html):
    assert quoted(marketplaces, html=html) == {ID: True}


def test_what_follows_a_blockquote_is_the_senders_own(marketplaces):
    html = f"<blockquote>order {ID}</blockquote><p>No, it is order 113-1234567-1234567</p>"
    assert quoted(marketplaces, html=html) == {ID: True, "113-1234567-1234567": False}


FORWARDS = {
    "outlook de": ("WG: Ihre Bestellung", "Von: Shop <a@x.example>\nGesendet: Samstag, 24. Oktober 2026 18:03\nBetreff: Ihre Bestellung"),
    "outlook old": ("Fw: Customer question", "-----Original Message-----\nFrom: Shop <a@x.example>\nSent: Monday, November 9, 2026"),
    "apple it": ("", "Inizio messaggio inoltrato:\n\nDa: Shop <a@x.example>\nOggetto: Ordine"),
    "gmail fr": ("", "---------- Forwarded message ---------\nDe : Shop <a@x.example>\nDate: mar. 3 nov. 2026"),
    "japanese": ("転送: ご注文", "差出人: Shop <a@x.example>\n送信日時: 2026年11月3日 10:12"),
}  # fmt: skip


@pytest.mark.parametrize("subject, head", FORWARDS.values(), ids=FORWARDS.keys())
def test_what_is_sent_on_is_no_quote_but_what_that_mail_quotes_is(marketplaces, subject, head):
    text = f"Please look.\n\n{head}\n\norder {ID}\n{'It was sent. ' * 40}\n-----Original Message-----\norder 113-1234567-1234567\n"
    assert quoted(marketplaces, subject=subject, text=text) == {ID: False, "113-1234567-1234567": True}


def test_what_is_sent_on_in_html_is_no_quote(marketplaces):
    html = HTML["outlook"]
    assert quoted(marketplaces, subject="Fwd: order", html=html) == {ID: False}
    assert quoted(marketplaces, subject="Re: order", html=html) == {ID: True}
