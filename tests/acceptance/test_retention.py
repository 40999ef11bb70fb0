"""Holds and retention with the real command: what its class lets go goes, and nothing that is held."""

from tests.small_house import mail

ORDER = "302-4937261-8841957"
SETTINGS = """
[retention]
default = "chatter"
[[retention.period]]
name = "chatter"
days = 1
[[retention.period]]
name = "letters"
years = 6
end_of_year = true
"""
RULE = (
    '[[rule]]\nname = "letters"\nwhen = { text = "invoice" }\nthen = [{ do = "retain", class = "letters" }]\n'
)


def test_what_is_due_goes_and_what_is_held_stays(new_installation, tmp_path):
    place = new_installation(more=SETTINGS)
    (place.data / "rules.toml").write_text(RULE)
    folder = tmp_path / "mail"
    folder.mkdir()
    texts = {"chat": "hello", "letter": "your invoice", "claim": "my claim", "mine": "the same order"}
    for name, text in texts.items():
        (folder / f"{name}.eml").write_bytes(mail(name, text, message_id=name))
    place.json("import", folder)
    seqs = {name: place.json("search", f"subject:{name}")[0]["seq"] for name in texts}
    place.json("tag", seqs["chat"], "--add", "retention:letters")  # said too late: the class is fixed
    for name in ("claim", "mine"):
        place.json("link", seqs[name], ORDER, "--marketplace", "amazon")
    place.json("hold", ORDER, "--marketplace", "amazon", "--reason", "chargeback", "--review", "2027-02-28")
    place.run("rebuild")
    (held,) = place.json("holds")
    assert (held["reason"], held["review"], held["owner"]) == ("chargeback", "2027-02-28", held["owner"])

    told = place.json("retention", "preview", "--until", "2027-01-31")
    assert {one["messages"][0]: bool(one["stays"]) for one in told} == {
        seqs["chat"]: False,
        min(seqs["claim"], seqs["mine"]): True,
    }
    (far,) = [
        one
        for one in place.json("retention", "preview", "--until", "2033-06-01")
        if one["classes"] == ["letters"]
    ]
    assert far["due_at"] == "2033-01-01T00:00:00Z"
    (done,) = place.json("retention", "run")
    assert place.run("show", seqs["chat"]).returncode == 1
    for name in ("letter", "claim", "mine"):
        assert place.run("show", seqs[name], "--raw").returncode == 0
    (report,) = place.json("verify")
    assert (report["ok"], report["erased"]) == (True, done["entries"])

    place.json("hold", ORDER, "--release", "--reason", "decided for us")
    assert place.json("holds") == []
    place.json("retention", "run")
    assert place.run("show", seqs["claim"]).returncode == 1
    assert place.run("show", seqs["letter"], "--raw").returncode == 0
