"""`itas show`, `models`, `benchmarks`, `convert`, `schema`, `doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itas.cli.options import AsJson, Quiet, SettingsFile
from itas.cli.running import run_async

if TYPE_CHECKING:
    from itas.core.architecture import Architecture


def show(
    what: Annotated[str, typer.Argument(help="Architecture file, model id, or run folder.")],
    *,
    front: Annotated[
        bool, typer.Option("--front", help="Of a search: only quality against cost, from cheap to dear.")
    ] = False,
    point: Annotated[
        int | None,
        typer.Option("--point", help="Of a search: the architecture file of this point of the front."),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            help="Of a search on several benchmarks: the gap to this search on one of them; several times.",
        ),
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="The architecture as a picture, SVG on stdout.")] = False,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="The architecture as a mermaid flowchart.")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="The architecture as a drawing in plain text.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show an architecture, or what came of a run."""
    from itas.api.answering import find_architecture, is_file
    from itas.api.models import check_providers
    from itas.api.settings import load_settings
    from itas.cli.runs import show_run
    from itas.errors import SpecError

    drawing = _drawing(svg=svg, mermaid=mermaid, text=text)
    if _is_folder(what) and not drawing:
        return show_run(Path(what), as_json=as_json, front=front, point=point, against=against or ())
    if front or point is not None or against:
        raise SpecError("--front, --point and --against need the run folder of a search", path=what)
    architecture = find_architecture(str(_winner(what)) if _is_folder(what) else what)
    if not is_file(Path(what)) and not _is_folder(what):
        check_providers(architecture, load_settings())
    if drawing:
        _draw(architecture, drawing)
        return 0
    _show_architecture(architecture, as_json=as_json)
    return 0


def models(
    provider: Annotated[
        str | None, typer.Argument(help="List this provider's models with their prices.")
    ] = None,
    *,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List providers and whether they are ready; simulated models; prices."""
    from dataclasses import asdict

    from itas.api.models import list_priced, list_providers, list_simulated
    from itas.api.settings import load_settings
    from itas.cli.tables import print_json, print_table

    if provider is not None:
        lines = list_simulated() if provider == "simulated" else list_priced(provider)
        if as_json:
            print_json([asdict(line) for line in lines])
            return
        title = "prices in dollars per million tokens" + (" (simulated)" if provider == "simulated" else "")
        rows = [[line.id, f"{line.usd_in:g}", f"{line.usd_out:g}"] for line in lines]
        print_table(["model", "in", "out"], rows, numbers=(1, 2), title=title)
        return
    providers = list_providers(load_settings(settings))
    if as_json:
        print_json([asdict(line) for line in providers])
        return
    print_table(
        ["provider", "ready", "key", "address"],
        [[line.name, "yes" if line.is_ready else "no", line.key, line.address] for line in providers],
        wide=(3,),
    )


def benchmarks(
    *,
    fetch: Annotated[
        str | None, typer.Option("--fetch", help="Fetch the public data of this benchmark, then leave.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List benchmarks: size, metric, licence, whether the data is here."""
    if fetch is not None:
        _fetch(fetch, quiet=quiet or as_json)
        return
    from itas.benchmarks.registry import list_benchmarks
    from itas.cli.tables import print_json, print_table

    infos = list_benchmarks()
    if as_json:
        print_json([info.model_dump(mode="json") for info in infos])
        return
    print_table(
        ["benchmark", "problems", "metric", "licence", "here", "about"],
        [
            [
                info.name,
                "" if info.size is None else f"{info.size:,}",
                info.metric,
                info.licence,
                "yes" if info.is_here else "no",
                f"{info.description} {info.link}".strip(),
            ]
            for info in infos
        ],
        numbers=(1,),
        wide=(5,),
    )


def _fetch(name: str, *, quiet: bool) -> None:
    from itas.api.fetching import fetch_benchmark
    from itas.cli.progress import ProgressLine
    from itas.cli.terminal import clean, out

    line = ProgressLine(quiet=quiet)

    def show(file: str, done: int, total: int | None) -> None:
        share = "" if not total else f" of {total / 1e6:,.1f} MB, {100 * done / total:.0f} %"
        line.show(
            f"{file}: {done / 1e6:,.1f} MB{share}  {line.time_left(done, total or 0)}", is_last=done == total
        )

    found = fetch_benchmark(name, progress=show)
    for file in found:
        out().print(clean(f"{file.path} (SHA-256 {file.sha256})"))
    if any(file.is_first for file in found):
        out().print(
            "no published hash to check against: what came was recorded, and must be the same from now on"
        )


def spaces(
    name: Annotated[
        str | None, typer.Argument(help="Print the file of this space, to be copied and changed.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the spaces that come with the program, or print one."""
    from itas.api.search_spec import describe_shipped
    from itas.cli.tables import print_json, print_table
    from itas.search import load_space, read_shipped_space

    if name is not None:
        load_space(name)  # an unknown name is refused with the nearest
        typer.echo(read_shipped_space(name), nl=False)
        return
    lines = describe_shipped()
    if as_json:
        print_json(
            [{"name": each.name, "raw": each.raw_count, "description": each.description} for each in lines]
        )
        return
    print_table(
        ["space", "fillings", "about"],
        [[each.name, f"{each.raw_count:,}", each.description] for each in lines],
        numbers=(1,),
        wide=(2,),
        title="how many of the fillings are valid depends on the models: itas search NAME --describe",
    )


def convert(
    old: Annotated[Path, typer.Argument(help="Architecture file of the paper's authors (JSON).")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of stdout.")
    ] = None,
) -> None:
    """Convert an architecture of the paper's authors into our YAML."""
    from itas.api.runs import write_text
    from itas.cli.terminal import clean, progress
    from itas.specs import dump_architecture, load_conversion

    conversion = load_conversion(old)
    for warning in conversion.warnings:
        progress().print(f"warning: {clean(warning)}", style="yellow")
    text = dump_architecture(conversion.architecture)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)


def schema() -> None:
    """Print the JSON Schema of architecture files, for editors."""
    from itas.cli.tables import print_json
    from itas.specs import architecture_schema

    print_json(architecture_schema())


def doctor(*, settings: SettingsFile = None, as_json: AsJson = False) -> int:
    """Look at what is installed, set and writable; sends nothing."""
    from dataclasses import asdict

    from itas.api.doctor import examine
    from itas.api.settings import load_settings
    from itas.cli.tables import print_json, print_table

    findings = run_async(examine(load_settings(settings)))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [[finding.state, finding.what, finding.detail] for finding in findings]
        print_table(["", "what", "found"], rows, wide=(2,))
    return 1 if any(finding.state == "missing" for finding in findings) else 0


def _drawing(*, svg: bool, mermaid: bool, text: bool) -> str:
    from itas.errors import SpecError

    chosen = [name for name, is_chosen in (("svg", svg), ("mermaid", mermaid), ("text", text)) if is_chosen]
    if len(chosen) > 1:
        raise SpecError("give one of --svg, --mermaid and --text", path=f"--{chosen[1]}")
    return chosen[0] if chosen else ""


def _winner(what: str) -> Path:
    """The architecture that a finished search recommends."""
    from itas.api.runs import find_run
    from itas.api.search_outcome import KIND, WINNER, load_outcome

    folder, _ = find_run(Path(what), kind=KIND)
    load_outcome(folder)  # one that has not finished says how to go on
    return folder / WINNER


def _draw(architecture: "Architecture", drawing: str) -> None:
    from itas.cli.terminal import clean
    from itas.report.picture import draw_mermaid, draw_svg, draw_text

    draw = {"svg": draw_svg, "mermaid": draw_mermaid, "text": draw_text}[drawing]
    typer.echo(clean(draw(architecture)).rstrip("\n"))


def _is_folder(what: str) -> bool:
    try:
        return Path(what).is_dir()
    except (OSError, ValueError):
        return False


def _show_architecture(architecture: "Architecture", *, as_json: bool) -> None:
    from itas.api.show import describe_layers
    from itas.cli.tables import print_json, print_table
    from itas.cli.terminal import clean, out

    if as_json:
        print_json(
            {
                "fingerprint": architecture.fingerprint,
                "planned_samples": architecture.planned_samples(),
                "max_samples": architecture.max_samples(),
                "architecture": architecture.model_dump(mode="json"),
            }
        )
        return
    rows = [
        [
            str(line.number),
            line.type,
            "\n".join(line.models),
            line.settings,
            str(line.samples),
            str(line.candidates),
        ]
        for line in describe_layers(architecture)
    ]
    print_table(
        ["", "layer", "models", "settings", "samples", "candidates after"],
        rows,
        numbers=(4, 5),
        wide=(2, 3),
        title=architecture.name,
    )
    if architecture.description:
        out().print(clean(architecture.description))
    out().print(
        f"{architecture.planned_samples()} samples a question as planned, {architecture.max_samples()} at most; "
        f"fingerprint {architecture.fingerprint[:12]}"
    )
