"""Small worlds for the tests of judged benchmarks: judges from functions, and judgments made by hand."""

from itas.core.judging import Judgment, Place
from itas.core.request import Completion


class ScriptedJudge:
    """A `core.judging.Ask` that answers with what a function makes of the request and its number."""

    def __init__(self, reply):
        self.requests = []
        self._reply = reply

    async def __call__(self, request):
        number = sum(each == request for each in self.requests)
        self.requests.append(request)
        reply = self._reply(request, number)
        return reply if isinstance(reply, Completion) else Completion(text=reply)


def judgment(value, *, turn=1, place: Place = "alone", verdict="v", attempts=1):
    return Judgment(
        judge="fake/judge",
        prompt="p",
        turn=turn,
        place=place,
        asked="?",
        text="!",
        verdict=None if value is None else verdict,
        value=value,
        attempts=attempts,
    )
