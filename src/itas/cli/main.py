"""The command `itas`. Each command translates its arguments, calls one public function and prints.

Exit codes: 0 done, 1 failed, 2 wrong input, 3 a cap was reached (what is there is usable), 130 interrupted.
"""

import os
import sys

from itas.errors import Error

# The matrices of a search are small: threads of the linear algebra only wait for each other, and on busy
# machines that makes a search up to twenty times slower. Read when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and give its exit code."""
    from itas.cli.application import run
    from itas.cli.terminal import allow_any_text, clean, progress

    allow_any_text()
    try:
        return run(sys.argv[1:] if arguments is None else arguments)
    except Error as error:
        from itas.models.keys import redact

        progress().print(f"error: {clean(redact(str(error)))}", style="red")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        print(f"error: the output cannot be written ({error.strerror})", file=sys.stderr)
        return 1
