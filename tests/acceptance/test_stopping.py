"""The service stops within seconds whatever its remotes do, loses nothing by it, and never runs twice on one folder."""

import os
import signal
import smtplib
import time

from tests.acceptance.test_serve import archived, send
from tests.installation import Installation, wait_for
from tests.scripted import HANG, scripted


def test_a_stuck_remote_does_not_hold_up_the_end_and_its_message_arrives_after_it(new_installation):
    with scripted(script={"dot": [HANG, "250 2.0.0 Ok: queued as SECOND"]}) as remote:
        place = new_installation(
            deliver=f'kind = "smtp"\nhost = "127.0.0.1"\nport = {remote.port}\ntls = "none"'
        )
        place.start()
        with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
            client.ehlo("client.example")
            code, reply = send(client, b"Subject: slow\r\n\r\nslowremote\r\n")
            assert code == 250, reply
            seq = archived(reply)
        wait_for(lambda: remote.bodies, why=place.log)  # all of it is sent; the answer does not come
        began = time.monotonic()
        assert place.stop() == 0
        assert time.monotonic() - began < 12
        assert "Traceback" not in place.log()

        place.start()
        wait_for(lambda: len(remote.bodies) > 1, why=place.log)
        assert place.settled()["queue"] == {
            "ready": 0,
            "leased": 0,
            "held": 0,
            "done": 1,
            "dead": 0,
            "dropped": 0,
        }
        assert b"slowremote" in remote.bodies[1]
        assert place.raw(seq) == b"Subject: slow\r\n\r\nslowremote\r\n"
        assert place.stop() == 0


def test_a_client_in_the_middle_of_a_message_does_not_hold_up_the_end(new_installation):
    place = new_installation()
    place.start()
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        client.mail("b@shop.example")
        client.rcpt("support@brand.example")
        assert client.docmd("DATA")[0] == 354
        client.sock.sendall(b"Subject: half\r\n\r\nhalf a message\r\n")
        began = time.monotonic()
        assert place.stop() == 0
        assert time.monotonic() - began < 12
        client.close()
    (status,) = place.json("status")
    assert status["store"]["undecided"] == 0
    assert place.json("search", "half") == []


def test_a_second_service_on_the_same_data_is_told_so_in_one_line(new_installation):
    place = new_installation()
    place.start()
    again = Installation(place.data)  # its own ports would be free: the data is what is taken
    done = again.run("serve")
    assert done.returncode == 2
    assert "docket serve runs already" in done.stderr
    assert str(place.data) in done.stderr
    assert done.stderr.count("\n") == 1
    assert place.stop() == 0
    place.start()  # and the lock went with its holder
    place.kill()
    place.start()
    assert place.stop() == 0


def test_a_worker_that_dies_is_replaced_and_the_work_goes_on(new_installation):
    place = new_installation()
    place.start()
    _, worker, *_ = wait_for(lambda: len(place.processes()) > 1 and place.processes())
    os.kill(worker, signal.SIGKILL)
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        assert send(client, b"Subject: after\r\n\r\nafterdeath\r\n")[0] == 250
    wait_for(lambda: place.json("search", "afterdeath"), seconds=60, why=place.log)
    assert worker not in place.processes()
    assert place.stop() == 0
