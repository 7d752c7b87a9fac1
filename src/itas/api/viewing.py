"""`itas view`: the run folders as pages at loopback."""

import logging
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from itas.api.comparing import compare_runs
from itas.api.evaluation_folder import KIND as EVALUATION
from itas.api.holding import Holder, ask_to_stop, find_holder
from itas.api.reporting import is_trace
from itas.api.run_evaluations import EvaluationRun
from itas.api.run_reading import OtherRun, Reading, TraceFile, read_manifest
from itas.api.run_searches import SearchRun
from itas.api.search_outcome import KIND as SEARCH
from itas.errors import Error, SpecError
from itas.plugins import record_plugins
from itas.report import words
from itas.view.records import Compared, Detail, Run, Runs

EXTRAS = "serve,report"
LOG = "resume.log"
TRACE = "trace"
_READINGS = {SEARCH: SearchRun, EVALUATION: EvaluationRun, TRACE: TraceFile}
_log = logging.getLogger(__name__)
_END_S = 30.0
_DAMAGE = (Error, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a folder of somebody else may raise."""


class RunFolder(Runs):
    """All runs below one folder; see `view.records.Runs`.

    Args:
        folder: Its children with a manifest are the runs; links are left out.
        python: Interpreter that resumes a run.
        arguments: Of ``itas resume``, besides the run.
    """

    def __init__(self, folder: Path, *, python: str = sys.executable, arguments: Sequence[str] = ()) -> None:
        self._folder = folder
        self._python = python
        self.arguments = tuple(arguments)
        self._readings: dict[str, Reading] = {}
        self._asked: dict[str, Holder] = {}
        self._traces: dict[str, tuple[int, bool]] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = Lock()

    @property
    def folder(self) -> str:
        """See `view.records.Runs.folder`."""
        return str(self._folder)

    def list_runs(self) -> Sequence[Run]:
        """See `view.records.Runs.list_runs`."""
        with self._lock:
            found = [self._line(id) for id in self._ids()]
        return sorted(found, key=lambda run: (run.created, run.id), reverse=True)

    def find_run(self, id: str) -> Detail | None:
        """See `view.records.Runs.find_run`."""
        with self._lock:
            if id not in self._ids():
                return None
            run = self._line(id)
            try:
                return self._readings[id].describe(run)
            except _DAMAGE as error:
                broken = replace(run, state="broken", problem=_shown(error), can_resume=False)
                return OtherRun(self._path(id), {}).describe(broken)

    def render_report(self, id: str, name: str) -> str | None:
        """See `view.records.Runs.render_report`."""
        detail = self.find_run(id)
        if detail is None or name not in [report.name for report in detail.reports]:
            return None
        return self._readings[id].render(name)

    def compare(self, ids: Sequence[str]) -> Compared:
        """See `view.records.Runs.compare`."""
        runs = [run for run in self.list_runs() if run.id in ids]
        found = compare_runs(self._paths(ids))
        heads = ("Architecture", "Against", "Score", "Score of the other", "Difference", "95 % interval",
                 "Price", "Problems", "Verdict")  # fmt: skip
        rows = [
            (
                each.name_a,
                each.name_b,
                words.points(each.mean_a),
                words.points(each.mean_b),
                words.points(each.difference, signed=True),
                words.interval(each.low, each.high),
                words.NONE if each.price_ratio is None else words.times(each.price_ratio),
                str(each.n),
                each.verdict,
            )
            for each in found
        ]
        return Compared(
            tuple(each.sentence for each in found), heads, rows, any(run.is_simulated for run in runs)
        )

    def render_comparison(self, ids: Sequence[str]) -> str | None:
        """See `view.records.Runs.render_comparison`."""
        from itas.api.reporting import render_comparison

        return render_comparison(self._paths(ids))

    def stop(self, id: str) -> None:
        """See `view.records.Runs.stop`. Asked once only: a second signal would cut off the calls on their way."""
        with self._lock:
            path = self._path(id)
            holder = find_holder(path)
            if holder is not None and self._asked.get(id) == holder:
                return
            asked = ask_to_stop(path)
            if asked is None:
                raise SpecError(f"{id}: nobody works on it, so there is nothing to stop")
            self._asked[id] = asked

    def resume(self, id: str) -> None:
        """See `view.records.Runs.resume`."""
        with self._lock:
            path = self._path(id)
            run = self._line(id)
            if not run.can_resume:
                raise SpecError(f"{id}: {run.resuming or 'not resumed from here'}")
            command = [self._python, "-m", "itas", "resume", str(path), "--quiet", *self.arguments]
            with _open_log(path / LOG) as output:
                # A group of its own: Ctrl-C in the terminal of the view reaches the view only, which then asks once.
                self._children[id] = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
                )

    def close(self) -> None:
        """See `view.records.Runs.close`."""
        with self._lock:
            children = [child for child in self._children.values() if child.poll() is None]
            for child in children:
                child.send_signal(
                    signal.SIGINT
                )  # our own child and not yet waited for: its number is still its
            for child in children:
                try:
                    child.wait(_END_S)
                except subprocess.TimeoutExpired:
                    _log.warning(
                        "a resumed run (pid %s) still waits for its calls; it ends by itself", child.pid
                    )

    def _ids(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                return [entry.name for entry in entries if _is_run(entry) or self._is_trace(entry)]
        except OSError:
            return []

    def _is_trace(self, entry: "os.DirEntry[str]") -> bool:
        """A file that begins as a trace does; looked into once for each time it was written."""
        try:
            if not entry.name.endswith(".jsonl") or not entry.is_file(follow_symlinks=False):
                return False
            entry.name.encode("utf-8")
            stamp = entry.stat().st_mtime_ns
        except (OSError, ValueError):
            return False
        known = self._traces.get(entry.name)
        if known is None or known[0] != stamp:
            known = self._traces[entry.name] = (stamp, is_trace(Path(entry.path)))
        return known[1]

    def _paths(self, ids: Sequence[str]) -> list[Path]:
        known = set(self._ids())
        unknown = [id for id in ids if id not in known]
        if unknown:
            raise SpecError(f"there is no run {unknown[0][:80]}")
        return [self._path(id) for id in ids]

    def _path(self, id: str) -> Path:
        return self._folder / id

    def _line(self, id: str) -> Run:
        """A run as it is now, whatever stands in its folder."""
        path = self._path(id)
        holder = find_holder(path)
        try:
            manifest = {"kind": TRACE} if path.is_file() else read_manifest(path)
            kind = str(manifest.get("kind", ""))
            reading = self._readings.get(id)
            if reading is None or reading.manifest != manifest:
                make = _READINGS.get(kind, OtherRun)
                reading = self._readings[id] = make(path, manifest)
            run = reading.line(is_held=holder is not None)
        except _DAMAGE as error:
            self._readings[id] = OtherRun(path, {})
            return Run(id, "", id, "broken", problem=_shown(error))
        return self._with_process(run, holder)

    def _with_process(self, run: Run, holder: Holder | None) -> Run:
        child = self._children.get(run.id)
        if holder is None:
            self._asked.pop(run.id, None)
            if child is not None and child.poll() is None:
                return replace(run, state="running", can_stop=False, can_resume=False, resuming="starting")
            if child is not None and child.returncode not in (0, 3, 130):
                said = f"it was resumed from here and ended with exit code {child.returncode}; see {LOG}"
                return replace(run, problem=run.problem or said)
            return run
        if self._asked.get(run.id) == holder:
            return replace(run, state="stopping", can_stop=False)
        return replace(run, can_stop=holder.is_proven)


async def serve_view(
    folder: Path, *, host: str, port: int, settings: Path | None, ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        folder: Of the run folders.
        host: Address of loopback.
        port: 0 for any.
        settings: File for the runs that are resumed.
        ready: Told the address, with its key.

    Raises:
        SpecError: Something is missing, or the address is not one of loopback.
    """
    check_installed()
    from itas.view.app import View, make_app
    from itas.view.process import bind, run_server

    runs = open_folder(folder, settings)
    view = View(runs)
    listener = bind(host, port)
    number: int = listener.getsockname()[1]
    app = make_app(view, port=number)
    name = f"[{host}]" if ":" in host else host
    ready(f"http://{name}:{number}/?key={app.key}")
    await run_server(app, listener, view)


def open_folder(folder: Path, settings: Path | None = None) -> RunFolder:
    """The runs of a folder.

    Raises:
        SpecError: There is no such folder.
    """
    if not folder.is_dir():
        raise SpecError("a folder of run folders; there is no such folder", path=str(folder))
    arguments = [] if settings is None else ["--settings", str(settings.resolve())]
    for plugin in record_plugins():
        if "file" in plugin:
            arguments += ["--plugin", plugin["file"]]
    return RunFolder(folder.resolve(), arguments=arguments)


def check_installed() -> None:
    """Raise unless the packages of the extras are there.

    Raises:
        SpecError: With the cure.
    """
    from importlib.util import find_spec

    lacking = [name for name in ("fastapi", "uvicorn", "jinja2") if find_spec(name) is None]
    if lacking:
        raise SpecError(
            f"the view needs {', '.join(lacking)}: {sys.executable} -m pip install 'itas[{EXTRAS}]'"
        )


def _shown(error: BaseException) -> str:
    return words.shorten(str(error) or type(error).__name__, 400)


def _is_run(entry: "os.DirEntry[str]") -> bool:
    """A folder (no link to one) with a manifest and a name that fits into an address."""
    try:
        entry.name.encode("utf-8")
        if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
            return False
        return stat.S_ISREG((Path(entry.path) / "manifest.json").lstat().st_mode)
    except (OSError, ValueError):
        return False


def _open_log(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644), "ab")
    except OSError as error:
        raise SpecError(f"{path}: cannot be written ({error.strerror})") from None
