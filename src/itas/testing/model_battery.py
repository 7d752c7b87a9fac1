"""What any model must do that stands behind `core.model.Model`, whatever answers.

    async def test_it_passes_the_battery():
        await check_model(lambda: make("name"), id="mine/name")

The checks ask questions of a few words, about 30 draws in all: with a model that costs money they cost money.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from itas.core.messages import Message
from itas.core.model import Model
from itas.core.request import Completion, Request
from itas.models.prices import Price
from itas.testing.requiring import require

MakeModel = Callable[[], Model]

CONVERSATIONS = (
    (Message(role="user", content="What is 6 times 7? End with a line 'Answer: ...'."),),
    (
        Message(role="system", content="Reply in one word, {as JSON}."),
        Message(role="user", content="Name a colour."),
        Message(role="assistant", content='{"colour": "red"}'),
        Message(role="user", content="Another one?"),
    ),
)


async def check_model(make: MakeModel, *, id: str = "test/model", is_deterministic: bool = False) -> None:
    """Every check of this file.

    Args:
        make: Makes a fresh model.
        id: Its id, as it stands in requests.
        is_deterministic: The draw of a number is the same whenever it is drawn, as in stores, recordings and
            models made of a function; not so behind a provider.
    """
    await check_draws(make, id)
    await check_side_by_side(make, id)
    await check_cancelling(make, id)
    await check_listening(make, id)
    check_tags(make)
    if is_deterministic:
        await check_numbers(make, id)


async def check_draws(make: MakeModel, id: str) -> None:
    """Exactly as many completions as asked for, each a text with tokens, price and time that can be."""
    for conversation in CONVERSATIONS:
        for n, first in ((1, 0), (3, 0), (2, 5)):
            request = Request(model=id, messages=conversation)
            before = request.model_dump()
            drawn: Any = await make().sample(request, n=n, first=first)
            require(isinstance(drawn, tuple), f"it gives {type(drawn).__name__}, not a tuple of completions")
            require(len(drawn) == n, f"it gives {len(drawn)} of {n} samples")
            for completion in drawn:
                _check_completion(completion)
            require(request.model_dump() == before, "it changes the request")


async def check_side_by_side(make: MakeModel, id: str) -> None:
    """Questions that are asked at the same time are answered each for itself, by one and the same model."""
    model = make()
    requests = [Request(model=id, messages=each) for each in CONVERSATIONS for _ in range(4)]
    drawn = await asyncio.gather(*(model.sample(request) for request in requests))
    require(
        [len(each) for each in drawn] == [1] * len(requests), "calls at the same time get in each other's way"
    )


async def check_cancelling(make: MakeModel, id: str) -> None:
    """A call that is cancelled ends at once, and the model can still be asked."""
    model = make()
    request = Request(model=id, messages=CONVERSATIONS[0])
    work = asyncio.ensure_future(model.sample(request, n=2))
    await asyncio.sleep(0)
    work.cancel()
    done, _ = await asyncio.wait([work], timeout=5)
    require(bool(done), "a cancelled call goes on for more than 5 seconds")
    require(len(await model.sample(request)) == 1, "after a cancelled call it cannot be asked any more")


async def check_listening(make: MakeModel, id: str) -> None:
    """Whoever listens hears exactly the text of the completion. A model without `listen` need not have it."""
    model = make()
    if "listen" not in inspect.signature(model.sample).parameters:
        return
    heard: list[str] = []
    (said,) = await model.sample(Request(model=id, messages=CONVERSATIONS[0]), listen=heard.append)
    require("".join(heard) == said.text, "what is heard is not the text of the completion")
    require(all(heard), "an empty piece is heard")


async def check_numbers(make: MakeModel, id: str) -> None:
    """The same number is the same draw, alone or among others, in this model or in one made anew."""
    request = Request(model=id, messages=CONVERSATIONS[0])
    together = [each.text for each in await make().sample(request, n=4)]
    alone = [(await make().sample(request, first=number))[0].text for number in range(4)]
    require(together == alone, f"draws 0 to 3 are {together} together and {alone} one by one")


def check_tags(make: MakeModel) -> None:
    """Its `price` and `edition`, if it has them, are what the pool reads."""
    model = make()
    price, edition = getattr(model, "price", None), getattr(model, "edition", "")
    require(price is None or isinstance(price, Price), f"its price is {price!r}, not a Price")
    require(isinstance(edition, str), f"its edition is {edition!r}, not a text")


def _check_completion(completion: object) -> None:
    if not isinstance(completion, Completion):
        raise AssertionError(f"it gives {type(completion).__name__}, not a Completion")
    again = Completion.model_validate_json(completion.model_dump_json())
    require(again == completion, "a completion is not the same after being written and read")
    require(not completion.is_stored, "a fresh draw says that it was stored")
