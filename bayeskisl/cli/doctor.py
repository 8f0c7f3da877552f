"""The command that examines this machine: what is installed, what is missing, and whether it works."""

import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli import EXTRAS
from bayeskisl.cli.display import print_json
from bayeskisl.cli.help import rows
from bayeskisl.cli.options import AsJson
from bayeskisl.cli.progress import Progress

__all__ = ["doctor"]

_SPECIFICATION = 'axis = "amount"\nladder = "smoke"\nwidths = [8]\ntokens = 7680\nlevels = [4, 8]\n'


def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the self-test.")] = False, as_json: AsJson = False
) -> None:
    """Show what is installed, the compiler, cores, GPU and caches; then train, fit and draw a small example.

    The self-test takes about 20 s. The exit code is 1 if a part of it fails."""
    with Progress("examining the machine"):
        found: dict[str, Any] = {"machine": _machine(), "installed": _installed(), "caches": _caches()}
    if not as_json:
        _show(found)
    if not quick:
        found["self-test"] = _tested(as_json)
    if as_json:
        print_json(found)
    if any(not result["passed"] for result in found.get("self-test", [])):
        raise typer.Exit(1)


def _machine() -> dict[str, str]:
    from bayeskisl import __version__
    from bayeskisl.cores import available_cores
    from bayeskisl.machine_code import C, processor_name
    from bayeskisl.sweeping.native import CPP

    compilers = {language.name: language.compiler() for language in (C, CPP)}
    missing = "none: training and sampling work without one, several times slower"
    return {
        "bayeskisl": __version__,
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": str(available_cores()),
        "GPU": _gpu(),
        **{f"{name} compiler": " ".join(command) if command else missing for name, command in compilers.items()},
    }


def _gpu() -> str:
    if _version("torch") is None:
        return "unknown: torch is not installed"
    import torch

    if not torch.cuda.is_available():
        return "none; sweeps train on the CPU"
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return ", ".join(names)


def _installed() -> dict[str, dict[str, str | None]]:
    return {extra: {name: _version(name) for name in names} for extra, names in EXTRAS.items()}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _caches() -> dict[str, str]:
    from bayeskisl.machine_code import cache_folder

    folder = cache_folder()
    if folder is None:
        return {"compiled code": "not kept: BAYESKISL_CACHE is off, or its folder cannot be used"}
    files = [file for file in folder.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 2**20
    free = shutil.disk_usage(folder).free / 2**30
    return {"compiled code": f"{folder} ({len(files)} files, {size:.1f} MiB; {free:.0f} GiB free)"}


def _show(found: dict[str, Any]) -> None:
    for line in rows(list((found["machine"] | found["caches"]).items()), 16):
        typer.echo(line)
    typer.echo()
    for extra, packages in found["installed"].items():
        present = ", ".join(f"{name} {number}" for name, number in packages.items() if number)
        absent = ", ".join(name for name, number in packages.items() if not number)
        remedy = f"missing: {absent} (pip install 'bayeskisl[{extra}]')" if absent else ""
        for line in rows([(extra, "; ".join(part for part in (present, remedy) if part))], 16):
            typer.echo(line)
    if any(None in packages.values() for packages in found["installed"].values()):
        typer.echo("\nBefore the first release, extras come from a copy of the repository: pip install '.[EXTRA]'")


def _tested(as_json: bool) -> list[dict[str, Any]]:
    results = []
    with tempfile.TemporaryDirectory() as folder, Progress() as progress:
        for name, test in _TESTS.items():
            progress(f"self-test: {name}")
            results.append(_result(name, test, Path(folder)))
            if not as_json:
                outcome = "works" if results[-1]["passed"] else f"FAILED: {results[-1]['reason']}"
                progress.print(f"  {name:<16}{outcome} ({results[-1]['seconds']:.1f} s)")
    return results


def _result(name: str, test: Callable[[Path], None], folder: Path) -> dict[str, Any]:
    begun = time.monotonic()
    try:
        test(folder)
        reason = ""
    except Exception as problem:  # whatever it is, the next test still runs
        reason = f"{type(problem).__name__}: {problem}"
    return {"name": name, "passed": not reason, "reason": reason, "seconds": time.monotonic() - begun}


def _train(folder: Path) -> None:
    from bayeskisl.sweeping import load_sweep, run_sweep

    (folder / "smoke.toml").write_text(_SPECIFICATION)
    run_sweep(load_sweep(folder / "smoke.toml"), folder / "records", workers=1)


def _fit(folder: Path) -> None:
    from bayeskisl.inference import fit, simulate

    design = {"params": [10**6, 10**7, 10**8], "facts": [100, 1000, 10_000], "seeds": 1}
    fit(simulate("power", design), "power", method="preview").save(folder / "fit.nc")


def _draw(folder: Path) -> None:
    from bayeskisl.inference import load_fit
    from bayeskisl.reporting import plot_collapse
    from bayeskisl.reporting.images import write_figure

    write_figure(plot_collapse(load_fit(folder / "fit.nc")), folder / "collapse.png")


_TESTS: dict[str, Callable[[Path], None]] = {"train": _train, "fit": _fit, "draw": _draw}
