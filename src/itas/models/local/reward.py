"""Reward models with one number per text: sequence classification with a single output.

The form of, for instance, OpenAssistant/reward-model-deberta-v3-large-v2 and of the models of RewardBench. Where the
tokenizer has a chat template, question and answer are two turns of it; else they are a pair of texts.
"""

from collections.abc import Sequence
from typing import Any

from itas.models.local.contract import Libraries, Rate

BATCH = 8


def load_reward(name: str, about: Any, libraries: Libraries, *, source: dict[str, Any], device: str) -> Rate:
    """A function from question and texts to ratings.

    Raises:
        ValueError: The model has no single output.
        OSError: It cannot be found.
    """
    if getattr(about, "num_labels", None) != 1:
        raise ValueError(
            f"a reward model has one output, this one has {getattr(about, 'num_labels', 'none')}"
        )
    tokenizer = libraries.transformers.AutoTokenizer.from_pretrained(name, **source)
    kind = libraries.transformers.AutoModelForSequenceClassification
    model = kind.from_pretrained(name, use_safetensors=True, **source).to(device).eval()
    size = 1 if tokenizer.pad_token is None or about.pad_token_id is None else BATCH
    longest = longest_input(tokenizer, about)

    def rate(question: str, texts: Sequence[str]) -> list[float]:
        ratings: list[float] = []
        for start in range(0, len(texts), size):
            batch = encode(tokenizer, question, texts[start : start + size], longest).to(device)
            with libraries.torch.inference_mode():
                ratings += model(**batch).logits[:, 0].float().cpu().tolist()
        return ratings

    return rate


def encode(tokenizer: Any, question: str, texts: Sequence[str], longest: int) -> Any:
    """Question and answers as tokens; what is too long is cut."""
    options: dict[str, Any] = {
        "padding": len(texts) > 1,
        "truncation": True,
        "max_length": longest,
        "return_tensors": "pt",
    }
    if getattr(tokenizer, "chat_template", None):
        turns = [
            [{"role": "user", "content": question}, {"role": "assistant", "content": text}] for text in texts
        ]
        written = [tokenizer.apply_chat_template(turn, tokenize=False) for turn in turns]
        return tokenizer(written, add_special_tokens=False, **options)
    return tokenizer([question] * len(texts), list(texts), **options)


def longest_input(tokenizer: Any, about: Any) -> int:
    """How many tokens the model reads; tokenizers that do not know say a very large number."""
    known = int(getattr(about, "max_position_embeddings", 0) or 512)
    return min(int(tokenizer.model_max_length), known)
