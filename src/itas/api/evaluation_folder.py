"""What stands where in the run folder of an evaluation."""

KIND = "evaluation"
ARCHITECTURE = "architecture.json"
SAMPLES = "samples.jsonl"
"""Answers that are programs, for evalplus and human-eval."""
