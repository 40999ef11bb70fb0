import pytest

from gateway.relay.reply import Reply, enhanced_status, is_ours, own_words, queue_id, readable

QUEUE_IDS = [
    ("250 2.0.0 Ok: queued as 4Rb1x23Kz9z1c", "4Rb1x23Kz9z1c"),
    ("250 OK id=1rABCD-0001Ab-2C", "1rABCD-0001Ab-2C"),
    ("250 Ok 0100018c2f1e5a3b-7d9c1f22-1a2b-4c3d-9e8f-0a1b2c3d4e5f-000000", "0100018c2f1e5a3b-7d9c1f22-1a2b-4c3d-9e8f-0a1b2c3d4e5f-000000"),
    ("250 OK 5sq2q8b7f3m1k0c9v6x4z2a1s8d7f6g5h4j3k2l1", "5sq2q8b7f3m1k0c9v6x4z2a1s8d7f6g5h4j3k2l1"),
    ("250 2.0.0 OK  1700000000 x1-20020a05600c1d9100b0040b2a si123.45 - gsmtp", "si123.45"),
    ("250 2.0.0 3AB5CD12 Message accepted for delivery", "3AB5CD12"),
    ("250 2.6.0 <a@b> [InternalId=12345, Hostname=X] 1 bytes in 0.1, Queued mail for delivery", "12345"),
    ("250 2.0.0 Archived 17", "17"),
    ("250 2.0.0 <support@brand.example> aGVsbG8 Saved", "aGVsbG8"),
    ("250 ok 1700000000 qp 12345", "12345"),
    ("250 OK", ""),
    ("250 2.0.0 thanks", ""),
]  # fmt: skip


@pytest.mark.parametrize("line, expected", QUEUE_IDS)
def test_queue_ids_are_found_where_servers_put_them(line, expected):
    assert queue_id(line) == expected


@pytest.mark.parametrize(
    "reply, status",
    [
        ("550 5.1.1 nobody", "5.1.1"),
        ("550 nobody", "5.0.0"),
        ("421 busy", "4.0.0"),
        ("nonsense", "4.0.0"),
        ("", "4.0.0"),
    ],
)
def test_a_reply_has_an_enhanced_status_even_where_none_was_written(reply, status):
    assert enhanced_status(reply) == status


def test_a_long_answer_becomes_one_line_with_the_code_once():
    reply = Reply(
        550, ("550-5.7.26 This mail is unauthenticated,", "550-5.7.26 which is bad.", "550 5.7.26 See help")
    )
    assert reply.whole == "550 5.7.26 This mail is unauthenticated, 5.7.26 which is bad. 5.7.26 See help"
    assert reply.final == "550 5.7.26 See help"


def test_what_servers_write_is_harmless_to_show():
    assert readable(b"250 \x1b[31mred\r\xff\x00") == "250 \\x1b[31mred\\r\\xff\\x00"


def test_our_own_words_can_be_told_from_a_servers():
    assert is_ours(own_words("4.4.1", "no connection"))
    assert not is_ours("451 4.4.1 no connection")
