from gateway.lanes import Lanes


def test_a_smart_host_counts_all_domains_together_and_each_domains_own_server_alone():
    lanes = Lanes(2, {"mx@shop.example"})
    host = "out shop@shop.example/"
    assert lanes.take(host + "a.example/")
    assert lanes.take(host + "b.example/")
    assert not lanes.take(host + "c.example/")
    assert lanes.take("in shop@shop.example//")
    own = "out mx@shop.example/"
    assert [lanes.take(own + "a.example/") for _ in range(3)] == [True, True, False]
    assert lanes.take(own + "b.example/")
    assert sorted(lanes.full()) == [own + "a.example/", host]
    lanes.leave(host + "b.example/")
    assert lanes.full() == (own + "a.example/",)
    assert lanes.take(host + "c.example/")


def test_a_place_given_back_twice_makes_no_more_places():
    lanes = Lanes(1)
    lanes.leave("in x//")
    assert [lanes.take("in x//"), lanes.take("in x//")] == [True, False]
