"""Every exception of the project, as one tree.

A message says where, the law, what was found and, if possible, what to do. `exit_code` is what the
command line returns when the error reaches it.
"""

from typing import ClassVar


class Error(Exception):
    """Root of everything raised on purpose."""

    exit_code: ClassVar[int] = 1


class SpecError(Error):
    """A description is wrong; raised before anything is paid for.

    Args:
        message: The law that is broken, what was found, and the cure.
        path: Where in the description, for instance ``layers[1][0].top_k``; empty for the whole.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, path: str = "") -> None:
        self.path = path
        super().__init__(f"{path}: {message}" if path else message)


class DataError(Error):
    """A data set, recording or study folder is not what it should be."""

    exit_code: ClassVar[int] = 2


class ModelError(Error):
    """A provider did not answer.

    Args:
        message: What happened, without any secret.
        provider: Name of the provider, for instance ``openai``.
        status: HTTP status, where there was one.
        request_id: The provider's own id of the request, for its support.
        can_retry: Whether the same request may succeed later.
        retry_after_s: Seconds the provider asked to wait, where it did.
        may_be_billed: Whether the provider may charge for the request although no answer came: it was
            sent, and nothing proves that it was refused.
        is_cut: A part of the text had been heard when the answer broke off, so nobody can begin again.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        status: int | None = None,
        request_id: str | None = None,
        can_retry: bool = False,
        retry_after_s: float | None = None,
        may_be_billed: bool = False,
        is_cut: bool = False,
    ) -> None:
        self.provider = provider
        self.status = status
        self.request_id = request_id
        self.can_retry = can_retry
        self.retry_after_s = retry_after_s
        self.may_be_billed = may_be_billed
        self.is_cut = is_cut
        suffix = f" (request {request_id})" if request_id else ""
        super().__init__(f"{provider}: {message}{suffix}")


class MissingKey(ModelError):
    """A provider needs a key and none is set; found before anything is sent."""

    exit_code: ClassVar[int] = 2


class NotRecorded(ModelError):
    """A replayed model was asked something that is not in its recording."""


class ParseError(Error):
    """A model answered, unreadably. Carries the whole text for the trace, a short piece in the message."""

    def __init__(self, message: str, text: str) -> None:
        self.text = text
        shown = text if len(text) <= 120 else f"{text[:117]}..."
        super().__init__(f"{message}; the reply was {shown!r}")


class EmptyAnswer(ParseError):
    """A model answered with nothing, in every draw of a component that writes answers. No provider failed,
    so an evaluation scores it as a wrong answer."""


class BudgetExceeded(Error):
    """The next call would pass a cap that the user set; it was not made."""

    exit_code: ClassVar[int] = 3


class DeadlineExceeded(BudgetExceeded):
    """The time that a caller gave was over before there was any answer."""


class SandboxError(Error):
    """Generated code could not be run safely, so it was not run."""

    exit_code: ClassVar[int] = 3


class StoreError(Error):
    """The call store cannot be used: not ours, newer than this program, or the disk refuses."""


class ContractError(Error):
    """A component returned what its family forbids: a bug in the component, not in its input."""
