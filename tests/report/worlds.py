"""Small finished studies, run for real on models that are only a chance, and texts that try to be more than text."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Score, Unscored
from itas.core.seeds import random_for
from itas.errors import ModelError
from itas.report import About, NextStep
from itas.search import SEARCHERS, Budget, Space, Study, StudyResult, StudySpec, read_journal
from itas.search.journal import Event

MODELS = ("fake/alpha", "fake/beta", "fake/gamma")
BROKEN = "fake/broken"

SPACE: dict[str, Any] = {
    "name": "tests",
    "layers": [
        {
            "type": "generator",
            "models": {"top": {"choice": [1, 2], "name": "K"}, "of": "generators"},
            "samples": {"choice": [1, 2, 4], "name": "N"},
        },
        {
            "name": "ending",
            "choice": {
                "vote": {"type": "vote"},
                "fuse": {"type": "fuser", "model": {"best": "fusers"}},
            },
        },
    ],
}


WIDE: dict[str, Any] = {
    "name": "wide",
    "layers": [
        {
            "type": "generator",
            "models": {"top": {"choice": [1, 2, 3, 4], "name": "K"}, "of": "generators"},
            "samples": {"choice": list(range(1, 11)), "name": "N"},
            "temperature": {"choice": [0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3], "name": "T"},
        },
        {
            "name": "ending",
            "choice": {
                "vote": {"type": "vote"},
                "fuse": {"type": "fuser", "model": {"best": "fusers"}},
                "rank": {"type": "ranker", "model": {"best": "fusers"}, "top_k": 1},
            },
        },
    ],
}
"""Some six hundred architectures."""


@dataclass(frozen=True)
class Run:
    result: StudyResult
    journal: Sequence[Event]


def run_study(
    folder: Path,
    *,
    models: Sequence[str] = MODELS,
    broken: str = BROKEN,
    said: str = "out of order",
    name: str = "tests",
    price: int | None = 100,
    budget: Budget | None = None,
    space: dict[str, Any] = SPACE,
    searcher: str = "racing",
    batch: int = 4,
) -> Run:
    """A study of a dozen trials in which one model fails and some problems have no score.

    Args:
        said: By whatever fails.
        name: Of the study and the space.
        price: Of a sample, in micro-dollars.
    """
    order = (*models, broken)

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        if broken in architecture.models:
            raise ModelError(said, provider="fake")
        place = min(order.index(model) for model in architecture.models)
        samples = architecture.planned_samples()
        fuses = any(layer.type == "fuser" for layer in architecture.layers)
        chance = 0.55 - 0.1 * place + 0.04 * min(samples, 5) * fuses
        return [
            _answer(problem, architecture.fingerprint, chance, samples, said=said, price=price)
            for problem in problems
        ]

    spec = StudySpec(
        name=name,
        space=Space.parse({**space, "name": name}),
        searcher=SEARCHERS[searcher](),
        models=order,
        dev=24,
        min_evaluations=3.0,
        finalists=3,
        batch=batch,
        seed=3,
    )
    journal = folder / "journal.jsonl"
    problems = [f"problem {number}" for number in range(90)]
    study = Study(spec, problems, evaluate, budget or Budget(max_trials=12), journal=journal)
    return Run(asyncio.run(study.run()), read_journal(journal))


def _answer(
    problem: str, fingerprint: str, chance: float, samples: int, *, said: str, price: int | None
) -> Observation:
    draw = random_for("coin", fingerprint, problem).random()
    outcome = (
        Unscored(reason="scorer_error", detail=said)
        if draw > 0.985
        else Score(value=float(draw < chance), answer=said[:50])
    )
    cost = None if price is None else price * samples
    return Observation(
        problem_id=problem,
        outcome=outcome,
        samples_used=samples,
        samples_paid=max(samples - 1, 0),
        cost_micro_usd=cost,
        paid_micro_usd=cost or 0,
        latency_s=1.5,
    )


HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "</SCRIPT ><img src=x onerror=window.pwned=1>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</svg><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</pre></textarea><script>alert(1)</script>",
    "</table></section></main><h1>You have been pwned</h1>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<iframe src=https://evil.example></iframe>",
    "<object data=https://evil.example></object>",
    "<embed src=https://evil.example>",
    "<form action=https://evil.example><input name=a autofocus onfocus=alert(1)></form>",
    "<a href=javascript:alert(1)>here</a>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--<script>alert(1)</script>-->",
    "<!-- ",
    "--><script>alert(1)</script>",
    "--!><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "]]><script>alert(1)</script>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<!DOCTYPE html><html><body onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '" autofocus onfocus=alert(1) x="',
    "` onmouseover=`alert(1)",
    "x onmouseover=alert(1)",
    '" style="position:fixed;inset:0',
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&quot; onmouseover=alert(1) &quot;",
    "&amp;lt;script&amp;gt;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\\x3cscript\\x3ealert(1)",
    '\\"); alert(1); //',
    "'); alert(1); //",
    '"; alert(1); var x="',
    "${alert(1)}",
    "`${alert(1)}`",
    "{{ 7 * 7 }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for x in range(9) %}pwned{% endfor %}",
    "{# comment #}",
    "{%- raw -%}",
    "%s %(a)s {0} {} %n",
    "datum.x; alert(1)",
    "datum['x'] || alert(1)",
    "'+alert(1)+'",
    "[0][0]['constructor']['constructor']('alert(1)')()",
    "constructor.constructor('alert(1)')()",
    "__proto__",
    "a.b[c]['d']",
    "a\\.b\\[0\\]",
    "$schema",
    "expr: alert(1)",
    '=HYPERLINK("https://evil.example")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)*cmd",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\x1b[2J\x1b[H",
    "bell \x07 and nul \x00 and back\x08space",
    "carriage\rreturn",
    "tab\tbed",
    "\u202eevil\u202c",
    "\u2066<script>\u2069",
    "\u200b\u200dzero\ufeffwidth",
    "line\u2028separator\u2029end",
    "full \uff1cscript\uff1ealert(1)",
    "\u00ad\u061c\u180e hidden",
    "\U000e0041\U000e0042 tags",
    "Z\u0351\u034e\u0349a\u0346l\u0362g\u0315o",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\ufffe\uffff",
    "\x85\x9b31m",
    "a" * 5000,
    "<" * 3000,
    '"' * 2000,
    "&" * 2000,
    "\\" * 2000,
    "#123;&#quot;",
    'graph TD; A-->B; click A href "https://evil.example"',
    "http://evil.example/x.png",
    "//evil.example/x.js",
)


def one_line(text: str) -> str:
    """A model's id is one line."""
    return "".join(text.splitlines()) or "empty"


def poison(result: StudyResult, texts: list[str]) -> StudyResult:
    """Texts where a study itself would not put them."""
    first, *others = result.contestants
    failed = first.model_copy(
        update={
            "architecture": first.architecture.model_copy(update={"name": texts[0], "description": texts[1]}),
            "reason": texts[2],
        }
    )
    trials = [
        trial.model_copy(update={"reason": text, "state": "failed"})
        for trial, text in zip(result.trials, [*texts, *texts], strict=False)
    ]
    space = result.space.model_copy(
        update={"holes": {text: (text, text) for text in texts}, "removed": dict.fromkeys(texts, 1)}
    )
    return result.model_copy(
        update={
            "contestants": (failed, *others),
            "trials": tuple(trials),
            "space": space,
            "ended_reason": texts[3],
            "skipped": dict(zip(texts[4:8], texts[8:12], strict=True)),
        }
    )


def hostile_about(texts: list[str]) -> About:
    return About(
        title=texts[0],
        created=texts[1],
        command=texts[2],
        benchmark=texts[3],
        metric=texts[4],
        n_problems=90,
        versions=dict(zip(texts[5:10], texts[10:15], strict=True)),
        fingerprints=dict(zip(texts[15:20], texts[20:25], strict=True)),
        next_steps=(NextStep(purpose=texts[5], command=texts[6]),),
    )
