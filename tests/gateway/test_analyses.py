from gateway.analyses import Analyses
from index.analyzer import analyze


def test_an_analysis_is_taken_once():
    analyses = Analyses()
    analyses.put(7, analyze("broken lamp"))
    analyses.put(7, analyze("broken lamps"))
    assert analyses.take(7) == analyze("broken lamps")
    assert analyses.take(7) is None


def test_the_oldest_give_way_and_their_room_is_given_back():
    one = analyze("broken lamp")
    analyses = Analyses(chars=2 * (2 * len(one.words) + len(one.stems)))
    for _ in range(3):
        for seq in range(4):
            analyses.put(seq, one)
        assert [analyses.take(seq) is not None for seq in range(4)] == [False, False, True, True]
    analyses.put(9, analyze("word " * 1000))
    assert analyses.take(9) is None
