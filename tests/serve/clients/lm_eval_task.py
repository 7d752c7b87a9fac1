"""lm-evaluation-harness: a small task of its own, through local-chat-completions."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

URL, KEY = sys.argv[1], sys.argv[2]
TASK = """\
task: times
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n\\n"], max_gen_toks: 64, temperature: 0.0}}
filter_list: [{{name: number, filter: [{{function: regex, regex_pattern: "([0-9]+)[.]"}}, {{function: take_first}}]}}]
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""

with tempfile.TemporaryDirectory() as place:
    folder = Path(place)
    rows = [{"question": "What is 6 x 7?", "answer": "42"}] * 4
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "times.yaml").write_text(TASK.format(data=folder / "data.jsonl"))
    args = f"model=fused,base_url={URL}/v1/chat/completions,num_concurrent=2,max_retries=1,tokenized_requests=False"
    done = subprocess.run(
        [sys.executable, "-m", "lm_eval", "--model", "local-chat-completions", "--model_args", args, "--tasks", "times",
         "--include_path", str(folder), "--apply_chat_template", "--output_path", str(folder / "out")],
        env={**os.environ, "OPENAI_API_KEY": KEY, "HF_HOME": place, "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    (found,) = (folder / "out").rglob("results_*.json")
    assert json.loads(found.read_text())["results"]["times"]["exact_match,number"] == 1.0
print("fine")
