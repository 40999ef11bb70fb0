"""What a hostile message may cost: each is read in a child process that may use so much memory and processor time."""

import json
import resource
import subprocess
import sys

import pytest

MIB = 1024 * 1024
HEADER = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: s\r\n"
MULTIPART = HEADER + b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n'
BASE64_LINE = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n"


def field(name, value):
    return b"%s: %s\r\n" % (name, value) + HEADER + b"\r\nthe words\r\n"


def every_field(value):
    names = (b"Subject", b"To", b"Date", b"References", b"Received", b"Content-Type", b"Content-Disposition")
    return b"".join(b"%s: %s\r\n" % (name, value) for name in names) + HEADER + b"\r\nthe words\r\n"


def body(kind, content):
    return HEADER + b"Content-Type: " + kind + b"\r\n\r\n" + content


def deep(levels, *, inner=b"the words\r\n"):
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels)
    )
    return HEADER + opened + b"Content-Type: text/plain\r\n\r\n" + inner


def messages_in_messages(levels, *, inner=b"the words\r\n"):
    return HEADER + b"Content-Type: message/rfc822\r\n\r\n" * levels + b"Subject: i\r\n\r\n" + inner


MESSAGES = {
    "fifty megabytes of text": lambda: body(b"text/plain", b"the words of a line that is long enough\r\n" * (50 * MIB // 41)),
    "fifty megabytes of text in two parts": lambda: (
        MULTIPART + b"--B\r\n\r\nthe words\r\n--B\r\n\r\n" + b"other words: of a line\r\n" * (50 * MIB // 24)
    ),
    "fifty megabytes of attachment": lambda: (
        MULTIPART
        + b"--B\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--B\r\nContent-Type: application/pdf\r\n"
        + b"Content-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + BASE64_LINE * (50 * MIB // len(BASE64_LINE))
        + b"--B--\r\n"
    ),
    "fifty megabytes attached as a message": lambda: (
        MULTIPART + b"--B\r\n\r\nthe words\r\n--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\r\n\r\n"
        + b"a line of the inner message\r\n" * (50 * MIB // 29) + b"--B--\r\n"
    ),
    "a hundred thousand fields": lambda: (
        HEADER + b"".join(b"X-F-%d: value\r\n" % n for n in range(100_000)) + b"\r\nthe words\r\n"
    ),
    "ten thousand recipients": lambda: field(
        b"To", b",\r\n ".join(b'"Name %d" <name%d@example.com>' % (n, n) for n in range(10_000))
    ),
    "five thousand levels": lambda: deep(5000),
    "four hundred levels": lambda: deep(400),
    "four hundred levels above a megabyte": lambda: deep(400, inner=b"the words\r\n" * 100_000),
    "forty levels above ten megabytes": lambda: deep(40, inner=b"the words\r\n\r\nx: y\r\n" * 500_000),
    "three hundred messages one in another": lambda: messages_in_messages(300, inner=b"the words\r\n" * 500_000),
    "five thousand messages one in another": lambda: messages_in_messages(5000),
    "a hundred thousand parts": lambda: MULTIPART + b"--B\r\n\r\nthe words\r\n" * 100_000 + b"--B--\r\n",
    "one line of twenty megabytes": lambda: body(b"text/plain", b"the words " * 2_000_000),
    "one field of twenty megabytes": lambda: field(b"X-Long", b"x" * 20 * MIB),
    "a megabyte of nested tags": lambda: body(b"text/html", b"<div>" * 200_000 + b"the words"),
    "a megabyte of nested tables": lambda: body(b"text/html", b"<table><tr><td>" * 70_000 + b"the words"),
    "a megabyte of hidden elements": lambda: body(
        b"text/html", b"<i style='display:none'>" * 45_000 + b"</i>" * 45_000 + b"the words"
    ),
    "bold tags that each paragraph opens anew": lambda: body(
        b"text/html", b"".join(b"<b a=%d>" % n for n in range(2000)) + b"<p>x</p>" * 50_000 + b"the words"
    ),
    "tags that close what was never open": lambda: body(b"text/html", b"<div></x>" * 100_000 + b"the words"),
    "a megabyte of tags opened and closed": lambda: body(
        b"text/html", b"<div>" * 90_000 + b"the words" + b"</div>" * 90_000
    ),
    "a megabyte of breaks": lambda: body(b"text/html", b"<br>" * 250_000 + b"the words"),
    "a megabyte of open attributes": lambda: body(b"text/html", b"<a b=" * 200_000 + b">the words"),
    "a megabyte of open meta tags": lambda: body(b"text/html", b"<meta " * 170_000 + b">the words"),
    "blank lines alone": lambda: body(b"text/plain", b"the words" + b"\r\n" * 10 * MIB),
    "dashed lines alone": lambda: body(b"text/plain", b"the words\n" + b"--\n" * 10 * MIB),
    "lines like fields": lambda: body(b"text/plain", b"the words\n" + b"x:\n\n" * 5 * MIB),
    "boundaries declared without end": lambda: body(b"text/plain", b"the words\n" + b"boundary=x%\n" * MIB),
    "flowed lines": lambda: body(b"text/plain; format=flowed", b"the words \r\n" * 500_000),
    "base64 with padding in each line": lambda: body(
        b"text/plain\r\nContent-Transfer-Encoding: base64", b"dGhlIHdvcmRz\r\n" + b"QQ==\r\n" * MIB
    ),
    "uuencode that never ends": lambda: body(
        b"text/plain", b"the words\r\n" + b"begin 644 x\r\n" * 500_000
    ),
    **{
        f"a quarter of a megabyte of {name} in each field": (lambda piece=piece: every_field(piece * (MIB // 4 // len(piece))))
        for name, piece in {
            "open comments": b"(",
            "closed comments": b"()",
            "open angles": b"<",
            "open quotes": b'a"',
            "backslashes": b"\\",
            "commas": b",",
            "colons": b"a@b:",
            "at signs": b"@",
            "blanks": b" ",
            "half encoded words": b"=?utf-8?q?",
            "whole encoded words": b"=?utf-8?q?a?= ",
            "encoded words of many charsets": b"=?x?b?YQ?= =?y?q?b?=",
            "parameters": b"; a*1*=b",
            "open parameters": b';a="',
            "equal signs": b"= ;",
            "addresses without a comma": b"a@b.example ",
        }.items()
    },
}  # fmt: skip

CHILD = """
import json, resource, sys
from gateway.mail.parse import parse
parse(b"")
peak = lambda: next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
raw = sys.stdin.buffer.read()
started = resource.getrusage(resource.RUSAGE_SELF).ru_utime
mail = parse(raw)
spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - started
print(json.dumps({"found": "the words" in mail.text, "defects": mail.defects[:3], "seconds": spent,
                  "megabytes": (peak() - before) / 1024, "to": len(mail.to)}))
"""


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (1536 * MIB, 1536 * MIB))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


def read_in_a_child(raw):
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=raw, capture_output=True, preexec_fn=limited, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()[-600:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_that_is_too_much_costs_no_more_than_a_child_may_use(name):
    raw = MESSAGES[name]()
    told = read_in_a_child(raw)
    assert told["found"], told
    assert told["megabytes"] < 100 + 6 * len(raw) / MIB, told  # the message itself is in it


def test_ten_thousand_folded_recipients_are_all_read():
    assert read_in_a_child(MESSAGES["ten thousand recipients"]())["to"] == 10_000
