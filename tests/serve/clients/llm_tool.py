"""llm with a model of its own: whole and streamed, from the command line."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

URL, KEY = sys.argv[1], sys.argv[2]
LLM = str(Path(sys.executable).with_name("llm"))

with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "extra-openai-models.yaml").write_text(
        f"- model_id: team\n  model_name: fused\n  api_base: {URL}/v1\n  api_key_name: team\n"
    )
    (Path(folder) / "keys.json").write_text(f'{{"team": "{KEY}"}}')
    for more in ([], ["--no-stream"]):
        done = subprocess.run(
            [LLM, "-m", "team", "What is 6 x 7?", "--no-log", *more],
            env={**os.environ, "LLM_USER_PATH": folder}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "42" in done.stdout
print("fine")
