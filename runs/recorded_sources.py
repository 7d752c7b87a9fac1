"""The panels that are searched in `recorded_searches.py`, made of the files of recorded data."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from recorded_panels import Key, Panel, panel_of_texts, read_rows, said_text

EXAM_MODELS = ("gpt-4", "cohere-command-r-plus", "gemini-1.0-pro", "llama-2-70b-chat", "gpt-35-turbo")
TEMPERATURES = (0.0, 0.3, 0.7, 1.0)
CODE_SAMPLES = 10


def votes_space(
    kind: str,
    *,
    tops: Sequence[int],
    samples: Sequence[int] = (1,),
    temperatures: Sequence[float] = (),
    chance: float = 0.25,
) -> dict[str, Any]:
    """The K best models, N samples each, every answer counted once or by the skill of its model."""
    generator: dict[str, Any] = {
        "type": "generator",
        "models": {"top": hole("K", tops), "of": "generators"},
        "samples": hole("N", samples),
    }
    if temperatures:
        generator["temperature"] = hole("T", temperatures)
    return {"name": "votes", "max_candidates": 200, "layers": [generator, votes(kind, chance)]}


def subsets_space(kind: str, models: Sequence[str], *, chance: float) -> dict[str, Any]:
    """Every set of these models, voting with and without weights."""
    members = [
        {"choice": {"out": None, "in": {"type": "generator", "model": model}}, "name": model.split("/")[-1]}
        for model in models
    ]
    return {"name": "subsets", "max_candidates": 200, "layers": [members, votes(kind, chance)]}


def votes(kind: str, chance: float) -> dict[str, Any]:
    return {
        "choice": {
            "equal": {"type": "vote", "answer_kind": kind},
            "by skill": {
                "type": "vote",
                "answer_kind": kind,
                "weights": {"skill": "generators", "chance": chance},
            },
        },
        "name": "vote",
    }


def hole(name: str, options: Sequence[float]) -> Any:
    return {"choice": list(options), "name": name} if len(options) > 1 else options[0]


def five_models(data: Path) -> Panel:
    folder = data / "mcqa_temperature"
    rows = [row for row in exam_rows(folder) if row["exam"] == "comprehensive-100"]
    return exam(
        folder,
        rows,
        whole_texts(folder / "responses"),
        name="five-models",
        title="Five models, one mixed exam",
        about="Five models of 2023/24 on 43 multiple-choice questions (comprehensive-100), ten samples each at "
        "temperatures 0, 0.3, 0.7 and 1; whole texts of 20 questions a model at one temperature, letters of the "
        "rest. One call, and the ranking of models, are at temperature 0.7.",
        space=votes_space("choice", tops=(1, 2, 3, 4, 5), samples=(1, 3, 5, 10), temperatures=TEMPERATURES),
        dev=21,
    )


def one_model(data: Path) -> Panel:
    folder = data / "mcqa_temperature"
    rows = [row for row in exam_rows(folder) if row["model"] == "gpt-35-turbo"]
    complete = Counter(row["exam"] for row in rows)
    rows = [row for row in rows if complete[row["exam"]] == len(TEMPERATURES)]
    return exam(
        folder,
        rows,
        {},
        name="one-model",
        title="One model, many exams",
        about="gpt-35-turbo on 526 questions of 11 exams, ten samples each at four temperatures: how often to ask it, "
        "and how warm.",
        space=votes_space("choice", tops=(1,), samples=(1, 3, 5, 7, 10), temperatures=TEMPERATURES),
        dev=131,
    )


def gsm8k(data: Path) -> Panel:
    return zero_eval(
        data / "gsm8k",
        "gsm",
        name="gsm8k",
        title="Twenty models on GSM8K",
        about="One greedy answer of each model to 400 problems (ZeroEval); texts of nine models, of the others the "
        "answers that the data set's own reader found.",
        dev=120,
    )


def math_level_5(data: Path) -> Panel:
    return zero_eval(
        data / "math",
        "math-l5",
        name="math-l5",
        title="Sixteen models on MATH level 5",
        about="One greedy answer of each model to those of 362 problems whose answer is a number (ZeroEval).",
        dev=120,
    )


def mmlu_pro(data: Path, *, sets: bool = False) -> Panel:
    header, *rows = read_rows(data / "mmlu_pro" / "pred_matrix.jsonl.gz")
    ids = [str(id) for id in header["_question_id"]]
    gold = dict(zip(ids, header["_gold"], strict=True))
    said: dict[Key, list[list[str]]] = {
        (f"replay/{row['model']}", None): [[said_text(letter) for letter in row["pred"]]] for row in rows
    }
    best = [f"replay/{row['model']}" for row in sorted(rows, key=lambda row: -row["accuracy_on_all_items"])]
    if sets:
        kept = best[:9]
        said = {key: texts for key, texts in said.items() if key[0] in kept}
        space = subsets_space("choice", kept, chance=0.1)
        about: dict[str, Any] = {
            "name": "mmlu-pro-sets",
            "title": "MMLU-Pro, any set of nine models",
            "about": f"Every one of the sets of the nine best models, which of {len(ids):,} questions answer one each; "
            "which models are in is a choice of its own, so neighbours in the space may be far apart in quality.",
        }
    else:
        space = votes_space("choice", tops=(1, 2, 3, 4, 5, 6, 8, 10, 12, 15), chance=0.1)
        about = {
            "name": "mmlu-pro",
            "title": "Fifteen models on MMLU-Pro",
            "about": f"One answer of each model to {len(ids):,} questions with ten options, so what was not in the "
            "search is close to the truth.",
        }
    questions = {id: f"(The text of question {id} is not recorded.)" for id in ids}
    return panel_of_texts(
        said, questions, gold, "choice", space=space, dev=120, held_out=1000, baselines=("cheapest",), **about
    )


def dates(data: Path) -> Panel:
    files = {
        "GPT4_result/date_cot1.json": "replay/gpt-4",
        "GPT3_result/date_cot1_t=0.8.json": "replay/gpt-3.5-turbo",
        "llama2_13B_result/date_cot1.json": "replay/llama-2-13b",
    }
    gold: dict[str, str] = {}
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for row in read_rows(data / "multi_sample_answers" / "mot_cascade_answers.jsonl.gz"):
        if row["file"] in files:
            id = str(row["item_index"])
            gold[id] = str(row["gold"]).strip().lower()
            found[files[row["file"]]][id] = [str(each).strip().lower() for each in row["sample_answers"]]
    draws = {"replay/gpt-4": 3, "replay/gpt-3.5-turbo": 20, "replay/llama-2-13b": 20}
    texts: dict[Key, list[list[str]]] = {
        (model, None): [[said_text(found[model][id][draw]) for id in gold] for draw in range(count)]
        for model, count in draws.items()
    }
    asked = [
        {
            "choice": [
                None,
                *(
                    {"type": "generator", "model": model, "samples": n}
                    for n in (1, 3, 10, 20)
                    if n <= draws[model]
                ),
            ],
            "name": model.split("/")[-1],
        }
        for model in draws
    ]
    return panel_of_texts(
        texts,
        {id: f"(The text of problem {id} about dates is not recorded.)" for id in gold},
        gold,
        "text",
        name="dates",
        title="Three models on dates, each asked as often as is best",
        about="GPT-4 (three samples), GPT-3.5 and Llama-2-13b (twenty each) on 178 problems about dates: how often "
        "each is asked is a choice of its own.",
        space={"name": "asked", "max_candidates": 200, "layers": [asked, votes("text", 0.1)]},
        dev=60,
        baselines=("cheapest",),
    )


def live_code(data: Path) -> Panel:
    header, *rows = read_rows(data / "livecodebench" / "generation_counts.jsonl.gz")
    ids = [str(id) for id in header["_question_id"]]
    rows = [row for row in rows if row["n_samples"] == CODE_SAMPLES]
    common = [
        place for place in range(len(ids)) if all(row["correct_of_n"][place] is not None for row in rows)
    ]
    worth = {
        (f"replay/{row['model']}", None): np.array(
            [[float(draw < row["correct_of_n"][place]) for place in common] for draw in range(CODE_SAMPLES)]
        )
        for row in rows
    }
    tests = "replay/tests"
    return Panel(
        name="live-code",
        title="LiveCodeBench, ten samples and tests that are never wrong",
        about=f"Of {len(rows)} models it is known how many of ten samples passed on {len(common)} problems, not which: "
        "a seed decides their order. At most ten samples, spread over the best models, of which the first that passes "
        "is kept. With tests that are never wrong that is pass@k, an upper bound of what real tests reach, and more "
        "samples are never worse; the question is whose.",
        kind=None,
        problems=tuple(ids[place] for place in common),
        said={key: values.astype(np.int64) for key, values in worth.items()},
        worth=worth,
        space={
            "name": "pass at k",
            "max_samples": CODE_SAMPLES + 1,
            "layers": [
                {
                    "type": "generator",
                    "models": {"top": hole("K", (1, 2, 3, 4, 5, 10)), "of": "generators"},
                    "samples": hole("N", (1, 2, 3, 4, 5, 7, 10)),
                },
                {
                    "choice": {
                        "none": None,
                        "tests": {
                            "layers": [
                                {"type": "unit_test_generator", "model": tests, "execute": True},
                                {"type": "unit_test_evaluator", "execute": True, "top_k": 1},
                            ]
                        },
                    },
                    "name": "check",
                },
            ],
        },
        dev=80,
        baselines=("cheapest",),
    )


def preferences(data: Path) -> Panel:
    _, *rows = read_rows(data / "alpaca_eval" / "preference_matrix.jsonl.gz")
    worth = {
        (f"replay/{row['model']}", None): np.array(
            [[np.nan if each is None else each - 1.0 for each in row["preference"]]]
        )
        for row in rows
    }
    count = len(rows[0]["preference"])
    return Panel(
        name="preferences",
        title="AlpacaEval, one of twenty-six models",
        about=f"Preference over gpt4_1106_preview by the recorded judge for {len(rows)} models on {count} "
        "instructions. Nothing can be combined, so the space is one call of one model: what is shown is whether noise "
        "makes the search claim something that is not there.",
        kind=None,
        problems=tuple(str(number) for number in range(count)),
        said={key: np.zeros(values.shape, dtype=np.int64) for key, values in worth.items()},
        worth=worth,
        space={
            "name": "one call",
            "layers": [{"type": "generator", "model": {"pool": [key[0] for key in worth], "name": "model"}}],
        },
        dev=100,
        baselines=(),
    )


SOURCES: dict[str, Callable[[Path], Panel]] = {
    "five-models": five_models,
    "one-model": one_model,
    "gsm8k": gsm8k,
    "math-l5": math_level_5,
    "mmlu-pro": mmlu_pro,
    "mmlu-pro-sets": lambda data: mmlu_pro(data, sets=True),
    "dates": dates,
    "live-code": live_code,
    "preferences": preferences,
}


# --- files ----------------------------------------------------------------------------------------------------


def exam_rows(folder: Path) -> list[dict[str, Any]]:
    return [
        row
        for row in read_rows(folder / "answers.jsonl.gz")
        if row["prompting"] == "chain_of_thought"
        and row["model"] in EXAM_MODELS
        and row["temperature"] in TEMPERATURES
    ]


def exam(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    whole: dict[tuple[str, float, int], list[str]],
    **about: Any,
) -> Panel:
    """Letters of ten samples a question, whole texts where there are ten of them."""
    exams = {row["exam"] for row in rows}
    items = {
        (item["exam"], item["problem_id"]): item
        for item in read_rows(folder / "items.jsonl.gz")
        if item["exam"] in exams and item["correct_answer"].isalpha()  # one of 527 has a digit for a letter
    }
    places = {place: number for number, place in enumerate(items)}
    texts: dict[Key, list[list[str]]] = {}
    for row in rows:
        key = (f"replay/{row['model']}", float(row["temperature"]))
        draws = texts.setdefault(key, [[said_text(None)] * len(items) for _ in range(10)])
        for number, letters in zip(row["problem_id"], row["answers10"], strict=True):
            if (place := places.get((row["exam"], number))) is not None:
                known = whole.get((row["model"], row["temperature"], number))
                for draw in range(10):
                    draws[draw][place] = known[draw] if known else said_text(letters[draw])
    ids = [f"{exam}-{number}" for exam, number in items]
    questions = {
        id: item["problem"] or f"(The text of {id} is not recorded.)"
        for id, item in zip(ids, items.values(), strict=True)
    }
    gold = {id: item["correct_answer"] for id, item in zip(ids, items.values(), strict=True)}
    return panel_of_texts(texts, questions, gold, "choice", **about)


def whole_texts(folder: Path) -> dict[tuple[str, float, int], list[str]]:
    """Whole replies, where there are ten of a question; the others are known by their letter only."""
    found: dict[tuple[str, float, int], list[str]] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        model, _, temperature = path.name.removesuffix(".jsonl.gz").split("__")
        for row in read_rows(path):
            key = (model, float(temperature.removeprefix("temp")), row["problem_id"])
            found.setdefault(key, []).append(row["text"])
    return {key: texts[:10] for key, texts in found.items() if len(texts) >= 10}


def zero_eval(folder: Path, task: str, *, dev: int, **about: Any) -> Panel:
    """One greedy answer of each model, whatever temperature is asked for."""
    header, *models = read_rows(folder / f"zeroeval_{task}_matrix.jsonl.gz")
    whole: dict[str, dict[str, str]] = {}
    questions: dict[str, str] = {}
    for path in sorted((folder / "zeroeval_outputs").glob("*.jsonl.gz")):
        for row in read_rows(path):
            whole.setdefault(row["generator"], {})[row["id"]] = row["output"]
            questions[row["id"]] = row["question"]
    gold = {
        id: answer
        for id, answer in zip(header["_item_id"], header["_gold"], strict=True)
        if id in questions and is_number(answer)
    }
    place = {id: index for index, id in enumerate(header["_item_id"])}
    texts: dict[Key, list[list[str]]] = {}
    for row in models:
        known = whole.get(row["model"], {})
        texts[f"replay/{row['model']}", None] = [
            [known.get(id) or said_text(row["answer"][place[id]]) for id in gold]
        ]
    tops = [count for count in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20) if count <= len(models)]
    return panel_of_texts(
        texts,
        {id: questions[id] for id in gold},
        gold,
        "number",
        space=votes_space("number", tops=tops),
        dev=dev,
        baselines=("cheapest",),
        **about,
    )


def is_number(text: str) -> bool:
    try:
        json.loads(text.replace(",", ""))
    except ValueError:
        return False
    return not text.startswith(('"', "[", "{"))
