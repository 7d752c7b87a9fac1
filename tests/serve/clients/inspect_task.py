"""inspect_ai: a small task with a scorer."""

import os
import sys
import tempfile

URL, KEY = sys.argv[1], sys.argv[2]
os.environ["TEAM_API_KEY"] = KEY
os.environ["TEAM_BASE_URL"] = f"{URL}/v1"

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

with tempfile.TemporaryDirectory() as folder:
    task = Task(
        dataset=[Sample(input="What is 6 x 7?", target="42") for _ in range(5)],
        solver=generate(),
        scorer=includes(),
    )
    (log,) = eval(
        task, model="openai-api/team/fused", log_dir=folder, display="none", temperature=0.2, max_tokens=100
    )
assert log.status == "success", log.error
assert log.results and log.results.scores[0].metrics["accuracy"].value == 1.0
assert log.stats.model_usage["openai-api/team/fused"].total_tokens > 0
print("fine")
