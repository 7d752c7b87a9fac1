"""Stop texts, in one piece and in many."""

from hypothesis import given
from hypothesis import strategies as st

from itas.serve.stopping import Stopper, find_stop

TEXT = st.text("abc", max_size=30)


@given(st.lists(TEXT, max_size=8), st.lists(st.text("abc", min_size=1, max_size=4), max_size=3))
def test_pieces_end_where_the_whole_text_would(pieces: list[str], stops: list[str]):
    stopper = Stopper(stops)
    shown = "".join([*map(stopper.feed, pieces), stopper.rest()])
    text = "".join(pieces)
    end = find_stop(text, stops) if stops else None
    first = text if end is None else text[:end]
    # Of two stop texts that end at different places, the one that is complete first ends the stream.
    assert shown == first or (len(stops) > 1 and stopper.has_stopped and text.startswith(shown))
