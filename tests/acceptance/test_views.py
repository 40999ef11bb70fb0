"""Views over the whole path: what a buyer asks stands in the agents' folders, and goes when it was answered."""

import pytest
from imapclient import IMAPClient

from tests.acceptance.test_clocks import MUG, answers, asks, marketplace
from tests.installation import wait_for
from tests.mailboxes import PASSWORD, USER, mailbox_server

pytestmark = pytest.mark.needs("dovecot")

ACCOUNT = """host = "127.0.0.1"
port = {port}
user = "{user}"
tls = "none"
password_file = "{secret}"
"""


def folders(port):
    with IMAPClient("127.0.0.1", port, ssl=False) as client:
        client.login(USER, PASSWORD)
        found = {}
        for flags, _, name in client.list_folders(pattern="Docket*"):
            if b"\\Noselect" not in flags:
                found[name] = client.select_folder(name, readonly=True)[b"EXISTS"]
        client.select_folder("INBOX", readonly=True)
        flags = client.fetch(client.search("ALL") or [1], ["FLAGS"])
        return found, {flag.decode() for one in flags.values() for flag in one[b"FLAGS"]}


def test_what_a_buyer_asks_is_in_the_agents_folders_until_it_is_answered(new_installation, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    with mailbox_server(dovecot=True) as box:
        account = ACCOUNT.format(port=box.imap_port, user=USER, secret=secret)
        place = new_installation(deliver=f'kind = "imap"\n{account}')
        with marketplace(("127.0.0.1", place.ports["smtp"])) as market:
            settings = place.data / "config.toml"
            relay = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {market.address[1]}\ntls = "none"'
            before, found, after = settings.read_text().partition("[mailbox.relay]\n")
            views = f'\n[mailbox.imap]\n{account}[mailbox.views]\nkind = "copies"\nevery_s = 0.2\n'
            after = after.partition("\n")[2]
            quiet = after.replace("[listen]\n", "[listen]\nimap = []\nimaps = []\n")
            settings.write_text(f"{before}{found}{relay}\n{views}{quiet}")
            place.start()
            place.market = market
            asks(place, MUG, "Where is it?")
            shown = {"Docket/Needs reply": 1, "Docket/Overdue": 0, "Docket/Claims": 0}
            # Nobody vouches for the sender here: the order that the mail names gets its folder by a person's word.
            wait_for(lambda: folders(box.imap_port)[0] == shown, why=place.log)
            (question,) = place.json("search", "Where is it")
            place.json("link", question["seq"], MUG.value, "--marketplace", "amazon")
            order = f"Docket/Orders/{MUG.value}"
            wait_for(lambda: folders(box.imap_port)[0] == {**shown, order: 1}, why=place.log)
            wait_for(lambda: {"needs-reply", "amazon"} <= folders(box.imap_port)[1], why=place.log)
            answers(place, MUG, "on its way")
            wait_for(lambda: folders(box.imap_port)[0] == {**shown, "Docket/Needs reply": 0}, why=place.log)
            wait_for(lambda: "needs-reply" not in folders(box.imap_port)[1], why=place.log)
            assert place.stop() == 0, place.log()
