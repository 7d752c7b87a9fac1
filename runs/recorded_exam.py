"""Search over ensembles, samples and votes on recorded answers of real models, and on simulated ones.

    runs/recorded_exam.sh [DATA] [FOLDER]

DATA is the folder of recorded real data (``mcqa_temperature``, ``gsm8k``), FOLDER is where recordings, run
folders and pages go. The figures are written to ``docs/results/recorded-exam.md``. Nothing is downloaded and no
model is called: what is not recorded is an error. Seeds 0 .. 19; seed 0 is the run shown in full.
"""

import argparse
import asyncio
import gzip
import json
import logging
import platform
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from itas.api.searching import Finished, SearchSpec, make_search, run_search
from itas.api.settings import Settings
from itas.benchmarks.registry import open_benchmark
from itas.evaluation.statistics import MeanEstimate
from itas.search import Contestant, Margin, Progress, StudyEstimate

SEEDS = 20
MODELS_OF_EXAM = ("gpt-4", "cohere-command-r-plus", "gemini-1.0-pro", "llama-2-70b-chat", "gpt-35-turbo")
TEMPERATURES = (0.0, 0.3, 0.7, 1.0)
MAX_TOKENS = 2048
"""What a generator asks for unless told otherwise; the recording is of that request."""

VOTES: dict[str, Any] = {
    "choice": {
        "equal": {"type": "vote", "answer_kind": "KIND"},
        "by skill": {"type": "vote", "answer_kind": "KIND", "weights": {"skill": "generators"}},
    },
    "name": "vote",
}


class Silent:
    """Watches a search and says nothing."""

    def confirm(self, estimate: StudyEstimate, search: object, *, unpriced: Sequence[str]) -> bool:
        return True

    def begin(self, folder: Path) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def say(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Exam:
    """One study on recorded answers: its data file, its recording and what is searched."""

    name: str
    title: str
    about: str
    data: Path
    recording: Path
    scorer: str
    models: tuple[str, ...]
    space: dict[str, Any]
    dev: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/results/recorded-exam.md"))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    given.out.mkdir(parents=True, exist_ok=True)
    exams = [
        five_models(given.data, given.out),
        one_model_many_exams(given.data, given.out),
        gsm8k(given.data, given.out),
    ]
    sections = [asyncio.run(study(exam, given.out, seeds=given.seeds)) for exam in exams]
    simulated = asyncio.run(simulated_counterpart(given.out, seeds=given.seeds))
    given.page.write_text(page(sections, simulated, seeds=given.seeds), "utf-8")
    print(f"written: {given.page}")


# --- the recordings -----------------------------------------------------------------------------------------


def five_models(data: Path, out: Path) -> Exam:
    """Five models on the mixed exam: ten samples a question at each of four temperatures."""
    rows = [
        row
        for row in read_jsonl(data / "mcqa_temperature" / "answers.jsonl.gz")
        if row["exam"] == "comprehensive-100"
        and row["prompting"] == "chain_of_thought"
        and row["model"] in MODELS_OF_EXAM
        and row["temperature"] in TEMPERATURES
    ]
    items = {
        (item["exam"], item["problem_id"]): item
        for item in read_jsonl(data / "mcqa_temperature" / "items.jsonl.gz")
        if item["exam"] == "comprehensive-100"
    }
    texts = recorded_texts(data / "mcqa_temperature" / "responses")
    path, recording = write_exam("five-models", items, rows, texts, out)
    return Exam(
        "five-models",
        "Five models, one mixed exam",
        "Five real models of 2023/24 on 43 multiple-choice questions (comprehensive-100), ten samples each at "
        "temperatures 0, 0.3, 0.7 and 1; whole texts of 20 questions a model at one temperature, letters of the rest. "
        "One call, and the ranking of models, run at temperature 0.7.",
        path,
        recording,
        "choice",
        tuple(f"replay/{model}" for model in MODELS_OF_EXAM),
        votes_space("choice", tops=(1, 2, 3, 4, 5), samples=(1, 3, 5, 10), temperatures=TEMPERATURES),
        dev=21,
    )


def one_model_many_exams(data: Path, out: Path) -> Exam:
    """One model on every exam: what repeated sampling and temperature are worth with many problems."""
    rows = [
        row
        for row in read_jsonl(data / "mcqa_temperature" / "answers.jsonl.gz")
        if row["model"] == "gpt-35-turbo"
        and row["prompting"] == "chain_of_thought"
        and row["temperature"] in TEMPERATURES
    ]
    complete = Counter((row["exam"]) for row in rows)
    exams = {exam for exam, count in complete.items() if count == len(TEMPERATURES)}
    items = {
        (item["exam"], item["problem_id"]): item
        for item in read_jsonl(data / "mcqa_temperature" / "items.jsonl.gz")
        if item["exam"] in exams and item["correct_answer"].isalpha()  # one of 527 has a digit for a letter
    }
    rows = [row for row in rows if row["exam"] in exams]
    path, recording = write_exam("one-model", items, rows, {}, out)
    return Exam(
        "one-model",
        "One model, many exams",
        f"gpt-35-turbo on {len(items)} questions of {len(exams)} exams, ten samples each at four temperatures.",
        path,
        recording,
        "choice",
        ("replay/gpt-35-turbo",),
        votes_space("choice", tops=(1,), samples=(1, 3, 5, 7, 10), temperatures=TEMPERATURES),
        dev=max(40, len(items) // 4),
    )


def gsm8k(data: Path, out: Path) -> Exam:
    """Twenty models on 400 problems of GSM8K, one answer each: which ensemble, and whose vote counts how much."""
    folder = data / "gsm8k"
    header, *models = read_jsonl(folder / "zeroeval_gsm_matrix.jsonl.gz")
    texts: dict[str, dict[str, str]] = {}
    questions: dict[str, str] = {}
    for path in sorted((folder / "zeroeval_outputs").glob("*.jsonl.gz")):
        for row in read_jsonl(path):
            texts.setdefault(row["generator"], {})[row["id"]] = row["output"]
            questions[row["id"]] = row["question"]
    ids = [id for id in header["_item_id"] if id in questions]
    gold = dict(zip(header["_item_id"], header["_gold"], strict=True))
    place = {id: index for index, id in enumerate(header["_item_id"])}
    path = out / "gsm8k.jsonl"
    rows = [{"id": id, "input": questions[id], "target": gold[id]} for id in ids]
    write_jsonl(path, [{"scorer": "number"}, *rows])
    asked = {problem.id: problem for problem in open_benchmark(str(path)).problems}
    lines: list[dict[str, Any]] = []
    for model in models:
        for id in ids:
            text = texts.get(model["model"], {}).get(id) or letter_text(model["answer"][place[id]])
            # One greedy answer, given whatever temperature is asked for.
            lines.append({**question_line(model["model"], asked[id], 0.0, [text]), "any_parameters": True})
    recording = out / "gsm8k.recording.jsonl"
    write_recording(recording, lines, "GSM8K, 20 models, one greedy answer each (ZeroEval)")
    names = tuple(f"replay/{model['model']}" for model in models)
    return Exam(
        "gsm8k",
        "Twenty models on GSM8K",
        f"{len(names)} real models of 2024 on {len(ids)} problems, one greedy answer each; texts of "
        f"{len(texts)} models, read by our reader; of the others, the answers that the data set's own reader found. "
        "With one draw a question nothing can be sampled twice, so the baseline 'sampled and voted' does not exist.",
        path,
        recording,
        "number",
        names,
        votes_space("number", tops=(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20), samples=(1,), temperatures=()),
        dev=120,
    )


def votes_space(
    kind: str, *, tops: Sequence[int], samples: Sequence[int], temperatures: Sequence[float]
) -> dict[str, Any]:
    """The K best models, N samples each, every answer counted once or by the skill of its model."""
    generator: dict[str, Any] = {
        "type": "generator",
        "models": {"top": hole("K", tops), "of": "generators"},
        "samples": hole("N", samples),
    }
    if temperatures:
        generator["temperature"] = hole("T", temperatures)
    vote = json.loads(json.dumps(VOTES).replace("KIND", kind))
    return {"name": "votes", "max_candidates": 24, "layers": [generator, vote]}


def hole(name: str, options: Sequence[float]) -> Any:
    return {"choice": list(options), "name": name} if len(options) > 1 else options[0]


def write_exam(
    name: str,
    items: dict[tuple[str, int], dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    texts: dict[tuple[str, float, int], list[str]],
    out: Path,
) -> tuple[Path, Path]:
    """Write the questions as a data file and the answers as a recording."""
    path = out / f"{name}.jsonl"
    lines = [
        {"id": f"{exam}-{number}", "input": question_of(item), "target": item["correct_answer"]}
        for (exam, number), item in items.items()
    ]
    write_jsonl(path, [{"scorer": "choice"}, *lines])
    asked = {problem.id: problem for problem in open_benchmark(str(path)).problems}
    recorded: list[dict[str, Any]] = []
    for row in rows:
        for number, letters in zip(row["problem_id"], row["answers10"], strict=True):
            if (row["exam"], number) not in items:
                continue
            draws = texts.get((row["model"], row["temperature"], number)) or [
                letter_text(each) for each in letters
            ]
            problem = asked[f"{row['exam']}-{number}"]
            recorded.append(question_line(row["model"], problem, row["temperature"], draws))
    recording = out / f"{name}.recording.jsonl"
    write_recording(recording, recorded, f"{name}: recorded answers, ten samples a question")
    return path, recording


def question_of(item: dict[str, Any]) -> str:
    text = item["problem"]
    return (
        text or f"(The text of problem {item['problem_id']} of {item['exam']} is not part of the recording.)"
    )


def recorded_texts(folder: Path) -> dict[tuple[str, float, int], list[str]]:
    """Whole replies, where there are ten of a question; the others are known by their letter only."""
    found: dict[tuple[str, float, int], list[str]] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        model, _, temperature = path.name.removesuffix(".jsonl.gz").split("__")
        for row in read_jsonl(path):
            key = (model, float(temperature.removeprefix("temp")), row["problem_id"])
            found.setdefault(key, []).append(row["text"])
    return {key: texts[:10] for key, texts in found.items() if len(texts) >= 10}


def letter_text(answer: str | None) -> str:
    return f"Answer: {answer}" if answer and answer != "-" else "(no answer was recorded)"


def question_line(model: str, problem: Any, temperature: float, draws: Sequence[str]) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [message.model_dump() for message in problem.conversation],
        "temperature": temperature,
        "max_tokens": MAX_TOKENS,
        "draws": [{"text": text} for text in draws],
    }


def write_recording(path: Path, lines: Sequence[dict[str, Any]], about: str) -> None:
    write_jsonl(path, [{"format": "itas-recording", "version": 1, "about": about}, *lines])


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


# --- the studies --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """What came of one exam: the run of seed 0, and the margins over the best single model of all seeds."""

    exam: Exam
    shown: Finished
    margins: tuple[Margin, ...]
    ties: int
    """Seeds in which the winner was one call of the best single model itself."""


async def study(exam: Exam, out: Path, *, seeds: int) -> Section:
    """Search once per seed; a seed decides the split too."""
    runs = [await search_once(exam, out, seed=seed) for seed in range(seeds)]
    margins: list[Margin] = []
    ties = 0
    for run in runs:
        single = run.outcome.result.contestant("best single model")
        if single is run.outcome.result.winner:
            ties += 1
        elif single is not None and single.against_winner is not None:
            margins.append(single.against_winner)
    return Section(exam, runs[0], tuple(margins), ties)


async def search_once(exam: Exam, out: Path, *, seed: int) -> Finished:
    spec = make_search(
        {
            "name": f"{exam.name}-{seed}",
            "space": exam.space,
            "on": str(exam.data),
            "scorer": exam.scorer,
            "models": exam.models,
            "recording": str(exam.recording),
            "dev": exam.dev,
            "seed": seed,
            "max_trials": 80,
            "baselines": ("sampled and voted", "cheapest"),
        }
    )
    return await searched(spec, out)


async def searched(spec: SearchSpec, out: Path) -> Finished:
    settings = Settings(store="memory")
    return await run_search(spec, settings=settings, output=out / "runs", watch=Silent(), with_report=False)


async def simulated_counterpart(out: Path, *, seeds: int) -> list[Finished]:
    """The same kind of space with simulated models, where the truth can be measured."""
    space = votes_space("auto", tops=(1, 2, 3, 4, 5), samples=(1, 3, 5, 10), temperatures=TEMPERATURES)
    found: list[Finished] = []
    for seed in range(min(seeds, 5)):
        spec = make_search(
            {
                "name": f"simulated-votes-{seed}",
                "space": space,
                "on": "itas/word-problems",
                "limit": 500,
                "models": (
                    "simulated/euler-large",
                    "simulated/atlas-large",
                    "simulated/turing-large",
                    "simulated/euler-small",
                    "simulated/atlas-small",
                ),
                "seed": seed,
                "max_trials": 80,
                "baselines": ("sampled and voted", "cheapest"),
                "truth_problems": 3000,
            }
        )
        found.append(await searched(spec, out))
    return found


# --- the page -----------------------------------------------------------------------------------------------


def page(sections: Sequence[Section], simulated: Sequence[Finished], *, seeds: int) -> str:
    parts = [
        "# Searches on recorded answers of real models",
        "",
        "Written by `runs/recorded_exam.sh`; nothing here was typed by hand. Real models, real answers, replayed: "
        "what was not recorded is an error. Each search ranks the models on development problems, searches how "
        "many of them to ask, how often, at which temperature, and whether their votes count by skill, and is "
        "judged once on held-out problems against one call of the best single model (named on development "
        "problems).",
        "",
        f"itas {version('itas')}, numpy {version('numpy')}, Python {platform.python_version()}; "
        f"seeds 0 to {seeds - 1}; the default searcher (racing), 80 trials.",
        "",
    ]
    for section in sections:
        parts += section_lines(section)
    parts += simulated_lines(simulated)
    return "\n".join(parts) + "\n"


def section_lines(section: Section) -> list[str]:
    result = section.shown.outcome.result
    from itas.report.verdict import describe_verdict

    search, fresh, held_out = result.split
    lines = [
        f"## {section.exam.title}",
        "",
        section.exam.about,
        f"{search + fresh} problems for development, {held_out} held out; "
        f"{result.space.points} architectures in the space.",
        "",
        f"**Seed 0:** {describe_verdict(result)}",
        "",
        *contestant_table(section.shown),
        "",
        *[
            f"- {each.sentence}"
            for each in section.shown.outcome.comparisons
            if "winner" in each.name_a.lower()
        ],
        "",
        *seeds_lines(section),
        "",
    ]
    return lines


def contestant_table(finished: Finished) -> list[str]:
    from itas.report.verdict import name_contestant
    from itas.report.words import describe_architecture

    outcome = finished.outcome
    lines = [
        "| on held-out problems | architecture | samples | score | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    for entry in outcome.result.contestants:
        quality = outcome.quality.get(entry.architecture.fingerprint)
        if quality is None:
            reason = entry.reason or "not recorded that often"
            lines.append(
                f"| {name_contestant(entry)} | {describe_architecture(entry.architecture)} | "
                f"{entry.planned_samples} | none | {reason[:60]} |"
            )
            continue
        lines.append(
            f"| {name_contestant(entry)} | {describe_architecture(entry.architecture)} | {entry.planned_samples} | "
            f"{100 * quality.mean:.1f} | {100 * quality.low:.1f} to {100 * quality.high:.1f} |"
        )
    best = outcome.result.finalists[0]
    believed = f"{100 * best.mean:.1f} +- {100 * best.sd:.1f}"
    chosen = ", ".join(f"{name} = {value}" for name, value in best.choices.items())
    lines += ["", f"The search believed {believed} of its winner ({chosen})."]
    return lines


def seeds_lines(section: Section) -> list[str]:
    total = len(section.margins) + section.ties
    differences = [100 * margin.difference for margin in section.margins] + [0.0] * section.ties
    better = sum(margin.verdict == "better" for margin in section.margins)
    worse = sum(margin.verdict == "worse" for margin in section.margins)
    spread = statistics.stdev(differences) if len(differences) > 1 else 0.0
    return [
        f"**Over {total} random splits:** winner minus one call of the model ranked first, on held-out problems: mean "
        f"{statistics.fmean(differences):+.1f} points, standard deviation {spread:.1f}, median "
        f"{statistics.median(differences):+.1f}, lowest {min(differences):+.1f}, highest {max(differences):+.1f}. "
        f"Verdict `better` in {better}, `tied` in {total - better - worse} (in {section.ties} of them the winner "
        f"*is* one call of the best model), `worse` in {worse}. The splits share their problems, so these are "
        "not independent runs.",
    ]


def truth_of(entry: Contestant | None, truth: dict[str, MeanEstimate]) -> str:
    found = None if entry is None else truth.get(entry.architecture.fingerprint)
    return "none" if found is None else f"{100 * found.mean:.1f} +- {100 * (found.se or 0.0):.1f}"


def simulated_lines(simulated: Sequence[Finished]) -> list[str]:
    lines = [
        "## The same space with simulated models",
        "",
        "Simulated models on generated word problems: no figure here says anything about real models. What it "
        "shows is whether the search believes the truth: the true quality is measured on other problems of the "
        "same generator.",
        "",
        "| seed | winner | samples | believed | held-out | simulated truth | one call of the best model, truth |",
        "|---|---|---|---|---|---|---|",
    ]
    from itas.report.words import describe_architecture

    for seed, finished in enumerate(simulated):
        outcome = finished.outcome
        winner = outcome.result.winner
        best = outcome.result.finalists[0]
        single = outcome.result.contestant("best single model")
        truth = {} if outcome.truth is None else outcome.truth.quality
        cells = [
            str(seed),
            describe_architecture(winner.architecture),
            str(winner.planned_samples),
            f"{100 * best.mean:.1f} +- {100 * best.sd:.1f}",
            "none" if winner.mean is None else f"{100 * winner.mean:.1f}",
            *[truth_of(entry, truth) for entry in (winner, single)],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
