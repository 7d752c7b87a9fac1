"""The policy under which a page of the reports is shown."""

import html
import re

_META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"<>]*)">')
_SEALED = "default-src 'none'"
_ALONE = "sandbox allow-scripts; frame-ancestors 'none'"


def policy_of(page: str) -> str:
    """The policy that a page states in its head, as a header, and an origin of its own that can reach nothing.

    A page without one gets no script and no style at all.
    """
    found = _META.search(page, 0, 20_000)
    policy = html.unescape(found[1]).strip().rstrip(";") if found else _SEALED
    return f"{policy}; {_ALONE}"
