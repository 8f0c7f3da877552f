"""The command that writes a sweep for another trainer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.display import echo, print_json
from bayeskisl.cli.files import a_folder
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, Peak, Utilisation
from bayeskisl.cli.progress import Progress
from bayeskisl.quantities import duration, read_number, short

__all__ = ["export"]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Options of the form of the training data."""

    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="A further format: jsonl, parquet, datasets, npy, memmap, bin or megatron. Repeatable.",
        ),
    ] = None
    shard_tokens: Annotated[str, rare(metavar="N", help="Tokens in a shard.")] = "100M"
    spacing: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            show_default=False,
            help="Tokens between two exposures of a fact, such as 1M; by default the order is uniform.",
        ),
    ] = None
    repeat_matched: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            show_default=False,
            help="The target's token budget; smaller budgets get fewer facts with the same exposures.",
        ),
    ] = None

    @property
    def keywords(self) -> dict[str, Any]:
        """Keywords of `bayeskisl.export_sweep`."""
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
    """Options of the device, for the estimate of GPU-hours."""

    utilisation: Utilisation = 0.4
    peak: Peak = 9.89e14


def export(
    spec: Annotated[
        str, typer.Argument(metavar="SWEEP", help="A sweep in real text or a plan, TOML; or a shipped sweep's name.")
    ],
    data: DataOptions,
    device: DeviceOptions,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder to write; the same command continues an export.", callback=a_folder),
    ],
    trainer: Annotated[
        str, typer.Option("--for", metavar="TRAINER", help="hf, nanochat, megatron, olmo or torchtitan.")
    ] = "hf",
    as_json: AsJson = False,
) -> None:
    """Write data, probes, configurations and launch scripts of every run for your own trainer."""
    from bayeskisl.sweeping.export import export_sweep

    with Progress("writing runs") as progress:
        exported = export_sweep(
            spec, out, trainer=trainer, **data.keywords, **vars(device),
            on_run=lambda done, runs: progress.share(done / runs, f"{done} of {runs} runs"),
        )  # fmt: skip
    if as_json:
        print_json(
            {"folder": exported.folder, "runs": len(exported.runs), "tokens": exported.tokens,
             "realised": exported.realised, "gpu_hours": exported.gpu_hours}
        )  # fmt: skip
        return
    ratios = [realised["ratio"] for realised in exported.realised.values()]
    hours, longest = sum(exported.gpu_hours.values()), max(exported.gpu_hours.values())
    echo(
        f"{len(exported.runs)} runs of {short(exported.tokens)} tokens in all, infusion ratio {min(ratios):.4g} to "
        f"{max(ratios):.4g} as counted: {exported.folder}"
    )
    echo(
        f"about {hours:.3g} GPU-hours at a utilisation of {device.utilisation:g} of {device.peak:.3g} FLOP/s, the "
        f"longest run {duration(3600 * longest)}"
    )
    typer.echo(f"train and evaluate: cd {exported.folder} && bash launch/node.sh (or sbatch launch/slurm.sh, or "
               "python launch/ray_runs.py)")  # fmt: skip
    typer.echo(f"import the results: bayeskisl curves import {exported.folder} --results {exported.folder / 'results'}")
