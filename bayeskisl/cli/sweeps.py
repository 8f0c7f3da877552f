"""Commands that train sweeps and collect their records."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayeskisl.cli.display import echo, print_json, show, slim_table
from bayeskisl.cli.files import a_folder, ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, Device, Peak, Utilisation, Workers
from bayeskisl.cli.progress import Progress
from bayeskisl.quantities import duration, short, size

if TYPE_CHECKING:
    from bayeskisl.sweeping import SweepEstimate, SweepStatus

__all__ = ["build", "estimate", "run", "status"]

Spec = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep's TOML file, or the name of a shipped sweep.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder given to `sweep run --out`.")]


def run(
    spec: Spec,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the records.", callback=a_folder)],
    device: Device = "cpu",
    workers: Workers = None,
    as_json: AsJson = False,
    executor: Annotated[
        str, rare(metavar="NAME", help="local: processes on this machine; ray: a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, rare(metavar="ADDR", help="Address of a Ray cluster; by default one is started here.")
    ] = None,
    save_every: Annotated[float, rare(min=0.0, metavar="S", help="Checkpoint interval, in seconds.")] = 60.0,
) -> None:
    """Train every run of a sweep that has no complete record yet.

    Stop it at any time; the same command continues from the last checkpoint."""
    with Progress("loading the sweep"):
        from bayeskisl.cli.training import SweepDisplay
        from bayeskisl.sweeping import load_sweep, run_sweep

        loaded = load_sweep(spec)
    with SweepDisplay() as display:
        result = run_sweep(
            loaded, out, device=device, workers=workers, executor=executor, address=address, save_every=save_every,
            events=display,
        )  # fmt: skip
    if as_json:
        print_json(asdict(result))
        return
    diverged = f", {result.diverged} of them diverged" if result.diverged else ""
    echo(f"{result.trained} runs trained, {result.reused} reused{diverged}: {result.folder}")


def estimate(
    spec: Spec,
    device: Device = "cpu",
    workers: Workers = None,
    tokens_per_second: Annotated[
        float, typer.Option(min=0.0, metavar="X", help="Speed of a device elsewhere, in tokens per second.")
    ] = 0.0,
    utilisation: Utilisation = 0.0,
    peak: Peak = 0.0,
    price: Annotated[
        float | None, typer.Option(min=0.0, metavar="X", help="Price of a device-hour, in any currency.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate runs, tokens, FLOPs, memory, time and cost before training.

    By default sizes are timed on this device, for eight seconds in all; larger ones are extrapolated."""
    named = tokens_per_second or utilisation or peak
    with Progress("estimating" if named else "timing each size on this device"):
        from bayeskisl.sweeping import NamedDevice, estimate_sweep

        where = NamedDevice(tokens_per_second, utilisation, peak) if named else device
        found = estimate_sweep(spec, device=where, workers=workers)
    if as_json:
        cost = {} if price is None else {"cost": found.cost(price)}
        print_json({**asdict(found), "seconds": found.seconds, **cost})
        return
    _show_estimate(found, bool(named))
    if price is not None:
        echo(f"about {found.cost(price):.3g} at {price:g} per device-hour")


def _show_estimate(found: "SweepEstimate", is_stated: bool) -> None:
    from bayeskisl.sweeping.memory import gibibytes

    columns = ("width", "layers", "params", "runs", "stacks", "tokens", "FLOPs", "tokens/s", "h:mm:ss", "stack memory")
    table = slim_table(*columns)
    table.padding = 0  # ten columns
    for s in found.sizes:
        parts = f" in {s.parts} parts" if s.parts > 1 else "" if s.parts else ", does not fit"
        about = "" if s.timed == "steps" or is_stated else "~"
        table.add_row(
            str(s.width), str(s.layers), size(s.params), str(s.runs), str(s.stacks), short(s.tokens), f"{s.flops:.2g}",
            about + short(s.tokens_per_second), f"{about}{timedelta(seconds=round(s.seconds))}",
            gibibytes(s.memory) + parts,
        )  # fmt: skip
    show(table)
    if not is_stated and any(s.timed != "steps" for s in found.sizes):
        echo("~ rests on a part of a step, or on the speed of a smaller size: timing is limited to eight seconds")
    echo(f"about {duration(found.seconds)} with {found.workers} worker(s), refinement and tuning counted in full")


def status(folder: Folder, as_json: AsJson = False) -> None:
    """Show the progress of each sweep in a folder, and the records that cannot be used."""
    from bayeskisl.sweeping import sweep_status

    found = sweep_status(folder)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        _show_status(each)


def _show_status(status: "SweepStatus") -> None:
    planned = "" if status.planned is None else f" of at most {status.planned}"
    echo(
        f"{status.name} ({status.axis}): {status.finished}{planned} runs finished in {duration(status.seconds)} "
        f"of device time: {status.path}"
    )
    for name, reason in status.broken.items():
        echo(f"  {name}: {reason}; `bayeskisl sweep run` trains it again")
    for name, reason in status.misplaced.items():
        echo(f"  {name}: {reason}; move it away")


def build(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.", callback=ends_in(".nc"))] = Path("curves.nc"),
    as_json: AsJson = False,
) -> None:
    """Build retention curves from the records of finished runs."""
    with Progress("reading the records"):
        from bayeskisl.curves import build_curves, save_curves

        curves = build_curves(folder)
        save_curves(curves, out)
    groups = [str(name) for name in curves["group"].values]
    if as_json:
        print_json({"file": out, "runs": curves.sizes["run"], "groups": groups, "axis": curves.attrs["axis"]})
        return
    echo(f"{curves.sizes['run']} runs, groups {', '.join(groups)}: {out}")
