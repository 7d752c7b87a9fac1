"""The fast search for marks finds exactly what the pattern finds when it is tried everywhere."""

import gzip

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from itas.core import marks

PIECES = [
    "answer", "Answer", "ANSWER:", "final answer", "Final_Answer", "Final Answer is:", '"', '\\"', "'", "<", ">",
    "<answer>", "</answer>", "\\boxed{", "\\fbox{", "\\box {", "####", "#", "##", "#####", " ", "\n", "\t", "the ",
    "my ", "so, ", "correct ", "solution", "result", "option", "choice", " is", " would be ", ":", "=", "- ",
    "(", "A", "B)", "12", "3.", "1. ", "not ", "{", "}", "*", "_", "`", "of the ", "x" * 70, "\u017f", "\u0131",
    "Therefore ", "\u0130", "an\u017fwer", "solut\u0131on", "opt\u0130on", "\u00e9", "\u201c", "\uff11", "</think>",
]  # fmt: skip


def spans(found):
    return [(each.span(), each.lastgroup) for each in found]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example('"answer":\n  the answer: 5')
@example("#####5 #### 6")
@example("> " * 12 + "answer: 3")
@example("an\u017fwer is 5; answer is 6")
def test_the_fast_search_finds_what_the_pattern_finds(text):
    assert spans(marks._find_starts(text)) == spans(marks._START.finditer(text))


def test_nothing_is_lost_on_recorded_texts(shared_data):
    files = sorted((shared_data / "gsm8k" / "zeroeval_outputs").glob("*.jsonl.gz"))[:4]
    files += sorted((shared_data / "mcqa_temperature" / "responses").glob("*.jsonl.gz"))[:2]
    files += sorted((shared_data / "math" / "zeroeval_outputs").glob("*.jsonl.gz"))[:2]
    found = 0
    for path in files:
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            for text in (line, line.replace("\\n", "\n").replace('\\"', '"')):
                assert spans(marks._find_starts(text)) == spans(marks._START.finditer(text))
                found += 1
    assert found > 1_000


@pytest.mark.parametrize("piece", ["answer", "#", "\\boxed{", "option is ", '"answer": ', "solution\n"])
def test_a_hostile_text_is_searched_in_time_in_proportion_to_its_length(piece):
    import time

    def seconds(count):
        text = piece * count
        began = time.process_time()
        marks.find_marks(text)
        return time.process_time() - began

    seconds(1_000)
    assert seconds(40_000) < 20 * max(seconds(8_000), 0.01)
