"""The command that writes a sweep for another trainer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.display import duration
from bayeskisl.cli.options import grouped
from bayeskisl.quantities import read_number, short

__all__ = ["sweep_export"]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How training data are written."""

    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="jsonl, parquet, datasets, npy, memmap, bin or megatron, beside the one that the trainer reads. "
            "Repeatable.",
        ),
    ] = None
    shard_tokens: Annotated[str, typer.Option(help="Tokens of a shard, e.g. 100M.")] = "100M"
    spacing: Annotated[
        str | None,
        typer.Option(
            help="Tokens from one exposure of a fact to its next, e.g. 1M; by default the order is uniform.",
            show_default=False,
        ),
    ] = None
    repeat_matched: Annotated[
        str | None,
        typer.Option(
            help="The target's token budget: levels are meant there, and smaller budgets get fewer facts, so that each "
            "is seen as often.",
            show_default=False,
        ),
    ] = None

    @property
    def keywords(self) -> dict[str, Any]:
        """What `bayeskisl.export_sweep` takes."""
        return {
            "formats": tuple(self.formats or ()),
            "shard_tokens": int(read_number(self.shard_tokens, "--shard-tokens")),
            "spacing": int(read_number(self.spacing, "--spacing")) if self.spacing else 0,
            "repeat_matched": (
                int(read_number(self.repeat_matched, "--repeat-matched")) if self.repeat_matched else None
            ),
        }


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """The device, for the estimate of GPU-hours."""

    utilisation: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of --peak that training reaches.")] = 0.4
    peak: Annotated[float, typer.Option(min=0.0, help="FLOP/s of one device.")] = 9.89e14


@grouped
def sweep_export(
    spec: Annotated[
        str, typer.Argument(help="A sweep's TOML file in real text, a plan's, or the name of a shipped sweep.")
    ],
    data: DataOptions,
    device: DeviceOptions,
    out: Annotated[Path, typer.Option(help="Folder to write; an interrupted export goes on.")],
    trainer: Annotated[str, typer.Option("--for", help="hf, nanochat or megatron.")] = "hf",
) -> None:
    """Write data, probes, configurations and launch scripts of every run for your own trainer."""
    from rich.progress import Progress

    from bayeskisl.cli.display import console
    from bayeskisl.sweeping.export import export_sweep

    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("writing runs", total=None)
        exported = export_sweep(
            spec, out, trainer=trainer, **data.keywords, **vars(device),
            on_run=lambda done, runs: progress.update(bar, completed=done, total=runs),
        )  # fmt: skip
    ratios = [realised["ratio"] for realised in exported.realised.values()]
    hours, longest = sum(exported.gpu_hours.values()), max(exported.gpu_hours.values())
    typer.echo(
        f"{len(exported.runs)} runs of {short(exported.tokens)} tokens in all, infusion ratio {min(ratios):.4g} to "
        f"{max(ratios):.4g} as counted: {exported.folder}"
    )
    typer.echo(
        f"about {hours:.3g} GPU-hours at a utilisation of {device.utilisation:g} of {device.peak:.3g} FLOP/s, the "
        f"longest run {duration(3600 * longest)}"
    )
    typer.echo(f"train and evaluate: cd {exported.folder} && bash launch/node.sh (or sbatch launch/slurm.sh, or "
               "python launch/ray_runs.py)")  # fmt: skip
    typer.echo(f"bring home: bayeskisl curves import {exported.folder} --results {exported.folder / 'results'}")
