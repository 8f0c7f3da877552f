"""Speed of inference: fits in a first, a second and the same process, against other samplers, in fleets, and growth.

python benchmarks/inference.py [--parts fit real samplers fleet growth] [--repeats 3] [--draws 1000] [--curves ...]

Every measurement is a process of its own. Seconds are given of the wall and of the cores (all threads and children):
on a machine that others use, only the latter compare. The samplers' warm-up counts, except NumPyro's, which cannot be
told apart from its compilation.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from machine import describe, show, summarise, write

DESIGN = {
    "params": [6144, 9600, 13824, 24576, 55296],
    "facts": [31, 62, 125, 250, 500, 1000, 2000, 4000],
    "seeds": 2,
}  # 80 runs of an amount sweep
TRUTH = {
    "intercept": 5.2,
    "exponent": 0.8,
    "curvature": 0.05,
    "tau": 0.06,
    "sigma_run": 0.08,
    "concentration": 500.0,
    "steepness_intercept": 1.8,
    "steepness_exponent": 0.3,
    "steepness_scatter": 0.05,
    "lapse_intercept": -5.5,
    "lapse_scatter": 0.2,
    "floor_excess": 0.002,
}
SAMPLERS = ("bayeskisl", "nutpie with Numba", "PyMC", "NumPyro")

# Samplers are compared on a simulated sweep under a linear law, and on trained ones under the default law.
SIMULATED = "simulated"
COMPARED = (SIMULATED, "desk-amount", "memory-amount")


@contextmanager
def timed(into: dict, name: str):
    """Adds seconds of the wall and of the cores to `into`."""
    wall, cores = time.perf_counter(), _core_seconds()
    yield
    into[name] = {"wall": time.perf_counter() - wall, "cores": _core_seconds() - cores}


def _core_seconds() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _sweep(seed: int, design: dict = DESIGN):
    import bayeskisl as bk

    return bk.simulate("collapse", design, TRUTH, seed=seed)


def fits(rivals: str) -> dict:
    """One process: imports, a fit, and a fit of another sweep of the same size."""
    found: dict = {}
    with timed(found, "imports"):
        import nutpie  # noqa: F401
        import pymc  # noqa: F401

        import bayeskisl as bk
        from bayeskisl.inference import fit

        sweeps = [_sweep(1), _sweep(4)]
    others = None if rivals == "with rival" else []
    for name, sweep in zip(("fit", "later fit"), sweeps, strict=True):
        with timed(found, name):
            fitted = fit(sweep, rivals=others, throw=False)
        found[f"{name} gate"] = fitted.gate.passed
    with timed(found, "preview"):
        bk.fit(sweeps[1], method="preview")
    return found


def real(curves: str) -> dict:
    """A fit of trained curves at its defaults, its code already compiled, and a preview."""
    from bayeskisl.curves import load_curves
    from bayeskisl.inference import fit

    sweep, found = load_curves(curves), {}
    fit(sweep, draws=10, tune=10, retry=False, throw=False)
    with timed(found, "fit"):
        fitted = fit(sweep, throw=False)
    with timed(found, "preview"):
        fit(sweep, method="preview")
    steps = float(fitted.tree["sample_stats"]["n_steps"].mean())
    return {**found, "runs": sweep.sizes["run"], "gate": fitted.gate.outcome, "steps": steps}


def _model_of(curves: str):
    from bayeskisl.curves import load_curves
    from bayeskisl.inference.data import prepare, suited
    from bayeskisl.inference.model import Model
    from bayeskisl.inference.sampling import well_placed
    from bayeskisl.inference.settings import Settings
    from bayeskisl.laws import load_law

    sweep = _sweep(4) if curves == SIMULATED else load_curves(curves)
    law = suited(load_law("collapse" if curves == SIMULATED else "limits"), sweep)
    return well_placed(Model(prepare(sweep, law), law), Settings())


def sampler(name: str, draws: int, curves: str) -> dict:
    """One sampler on one sweep: smallest effective number of the thresholds' draws per second."""
    from arviz_stats.base import array_stats

    found: dict = {}
    places = {
        "bayeskisl": _by_us,
        "nutpie with Numba": _by_numba,
        "PyMC": _by_pymc,
        "NumPyro": _by_numpyro,
    }[name](_model_of(curves), draws, found)
    ess = [float(array_stats.ess(places[..., cell, 0])) for cell in range(places.shape[2])]
    return {**found, "smallest ess": min(ess)}


def _by_us(model, draws, found):
    from bayeskisl.inference.sampler import Sampler
    from bayeskisl.inference.sampling import sample_model
    from bayeskisl.inference.settings import Settings

    sample_model(model, Settings(Sampler(10, 10, cores=1)))
    with timed(found, "sampling"):
        found = sample_model(model, Settings(Sampler(draws, cores=1), seed=1))
    return found.draws["threshold_place"]


def _by_numba(model, draws, found):
    import nutpie

    with timed(found, "compilation"):
        compiled = nutpie.compile_pymc_model(model.in_pymc())
    options = {"adaptation": "low_rank", "target_accept": 0.95, "progress_bar": False, "cores": 2, "chains": 4}
    with timed(found, "sampling"):
        tree = nutpie.sample(compiled, draws=draws, tune=600, seed=1, **options)
    return tree["posterior"]["threshold_place"].values


def _by_pymc(model, draws, found):
    import pymc as pm

    with model.in_pymc():
        options = {"chains": 4, "cores": 2, "progressbar": False, "compute_convergence_checks": False}
        options["nuts_sampler"] = "pymc"  # its default is nutpie where that is installed
        with timed(found, "compilation"):
            pm.sample(draws=2, tune=2, random_seed=1, **options)
        with timed(found, "sampling"):
            tree = pm.sample(draws=draws, tune=600, random_seed=1, **options)
    return tree["posterior"]["threshold_place"].values


def _by_numpyro(model, draws, found):
    import jax
    from numpyro.infer import MCMC, NUTS

    from bayeskisl.inference.with_numpyro import double_precision, numpyro_model

    with double_precision():
        inputs = model.given
        options = {"num_chains": 4, "chain_method": "vectorized", "progress_bar": False}
        chains = MCMC(NUTS(numpyro_model(model.law)), num_warmup=600, num_samples=draws, **options)
        with timed(found, "compilation and warm-up"):
            chains.warmup(jax.random.PRNGKey(0), inputs, collect_warmup=False)
        with timed(found, "sampling"):
            chains.run(jax.random.PRNGKey(1), inputs)
            places = chains.get_samples(group_by_chain=True)["threshold_place"]
            places.block_until_ready()
    return jax.device_get(places)


def fleet(draws: int, tune: int, count: int = 8) -> dict:
    """Posteriors of several sweeps."""
    import bayeskisl as bk

    sweeps, found = [_sweep(seed) for seed in range(count)], {}
    bk.fit_many(sweeps[:1], draws=50, tune=50)
    with timed(found, "fleet"):
        many = bk.fit_many(sweeps, draws=draws, tune=tune)
    return {**found, "posteriors": count, "passed": sum(one.gate.passed for one in many)}


def fleet_by_numpyro(draws: int, tune: int, count: int = 8) -> dict:
    """The same sweeps by NumPyro's NUTS, mapped over sweeps and chains as one program."""
    import jax
    import numpy as np
    from arviz_stats.base import array_stats
    from numpyro.infer import MCMC, NUTS

    from bayeskisl.inference.data import prepare
    from bayeskisl.inference.model import Model
    from bayeskisl.inference.with_numpyro import double_precision, numpyro_model
    from bayeskisl.laws import load_law

    law, found = load_law("collapse"), {}
    inputs = [Model(prepare(_sweep(seed), law), law).given for seed in range(count)]
    stacked = jax.tree.map(lambda *each: np.stack(each), *inputs)

    def chain(key, given):
        one = MCMC(NUTS(numpyro_model(law)), num_warmup=tune, num_samples=draws, progress_bar=False)
        one.run(key, given)
        return one.get_samples()["threshold_place"]

    with double_precision():
        keys = jax.random.split(jax.random.PRNGKey(0), (count, 4))
        everything = jax.jit(jax.vmap(jax.vmap(chain, (0, None)), (0, 0)))
        with timed(found, "compilation"):
            compiled = everything.lower(keys, stacked).compile()
        with timed(found, "fleet"):
            places = jax.device_get(compiled(keys, stacked))  # (sweep, chain, draw, cell, group)
    smallest = [min(float(array_stats.ess(one[..., cell, 0])) for cell in range(one.shape[-2])) for one in places]
    return {**found, "posteriors": count, "passed": sum(ess >= 400 for ess in smallest)}


def growth(runs: int, draws: int) -> dict:
    """Compilation, one gradient and, where `draws` is not 0, a fit of some run-groups, and the most memory used."""
    import numpy as np

    from bayeskisl.inference import fit
    from bayeskisl.inference.compiled import compiled_density
    from bayeskisl.inference.data import prepare
    from bayeskisl.inference.model import Model
    from bayeskisl.laws import load_law

    facts = np.geomspace(31, 4000, runs // 5).round(3).tolist()
    sweep, law, found = _sweep(1, {**DESIGN, "facts": facts, "seeds": 1}), load_law("collapse"), {}
    with timed(found, "compilation"):
        density = compiled_density(Model(prepare(sweep, law), law), lambda _: None)
    point, times = density.start(), max(2_000_000 // runs // 10, 20)
    with timed(found, "gradients"):
        for _ in range(times):
            density.value_and_gradient(point)
    found["gradient"] = found.pop("gradients")["cores"] / times
    if draws:
        with timed(found, "fit"):
            fitted = fit(sweep, rivals=[], draws=draws, throw=False)
        found["gate"] = fitted.gate.passed
    return {**found, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


TASKS: dict[str, Callable] = {
    "fits": fits, "real": real, "sampler": sampler, "fleet": fleet, "fleet by NumPyro": fleet_by_numpyro,
    "growth": growth,
}  # fmt: skip


def in_process(task: str, *arguments, cache: str | None = None) -> dict:
    """A task in a process of its own; `cache` is where it finds and leaves compiled code."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if cache:
        threads |= {"BAYESKISL_CACHE": cache, "PYTENSOR_FLAGS": f"base_compiledir={cache}/pytensor"}
    command = [sys.executable, __file__, "--task", json.dumps([task, *arguments])]
    done = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def seconds(repeats: list[dict], name: str) -> str:
    """Medians of the wall and of the cores, as text."""
    wall, cores = ([one[name][clock] for one in repeats] for clock in ("wall", "cores"))
    return f"{summarise(wall)['median']:.1f} / {summarise(cores)['median']:.1f}"


def measure_fits(repeats: int) -> dict:
    found = {}
    for rivals in ("with rival", "alone"):
        first, second = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as cache:
                first.append(in_process("fits", rivals, cache=cache))
                second.append(in_process("fits", rivals, cache=cache))
        found[rivals] = {"first": first, "second": second}
        rows = [
            ("imports", seconds(second, "imports")),
            ("fit, nothing compiled yet", seconds(first, "fit")),
            ("fit in a new process", seconds(second, "fit")),
            ("fit of another sweep in one process", seconds([*first, *second], "later fit")),
            ("preview", seconds([*first, *second], "preview")),
        ]
        show(f"Fit of 80 runs, the law {rivals}: seconds of the wall / of the cores", ("", "seconds"), rows)
    return found


def measure_real(curves: list[str]) -> dict:
    found = {name: in_process("real", name) for name in curves}
    rows = [
        (
            Path(name).stem,
            f"{one['runs']:,}",
            seconds([one], "fit"),
            f"{one['steps']:.0f}",
            one["gate"],
            seconds([one], "preview"),
        )
        for name, one in found.items()
    ]
    head = ("curves", "runs", "fit, wall / cores", "steps a draw", "gate", "preview, wall / cores")
    show("Fits of trained curves at their defaults, code already compiled: seconds", head, rows)
    return found


def measure_samplers(repeats: int, draws: int) -> dict:
    return {curves: _measure_samplers_on(curves, repeats, draws) for curves in COMPARED}


def _measure_samplers_on(curves: str, repeats: int, draws: int) -> dict:
    found = {name: [] for name in SAMPLERS}
    for _ in range(repeats):
        for name in SAMPLERS:
            found[name].append(in_process("sampler", name, draws, curves))
    rates = {name: [one["smallest ess"] / one["sampling"]["cores"] for one in each] for name, each in found.items()}
    ours = summarise(rates["bayeskisl"])["median"]
    rows = [
        (
            name,
            seconds(each, "sampling"),
            f"{summarise([one['smallest ess'] for one in each])['median']:.0f}",
            f"{summarise(rates[name])['median']:.0f}",
            f"{ours / summarise(rates[name])['median']:.1f}",
        )
        for name, each in found.items()
    ]
    head = (
        "sampler",
        "seconds, wall / cores",
        "smallest ESS of a threshold",
        "per second of a core",
        "ours is faster by",
    )
    show(f"{curves}: 4 chains of {draws} draws after 600 of warm-up, one model", head, rows)
    return found


def measure_fleet(repeats: int) -> dict:
    kinds = {"4 x 1,000 after 600": (1000, 600), "4 x 600 after 400": (600, 400)}
    found = {name: [in_process("fleet", *kind) for _ in range(repeats)] for name, kind in kinds.items()}
    rows = []
    for name, each in found.items():
        wall, cores = (
            summarise([one["posteriors"] / one["fleet"][clock] for one in each])["median"]
            for clock in ("wall", "cores")
        )
        rows.append((name, f"{each[0]['passed']} of {each[0]['posteriors']}", f"{wall:.2f} / {cores:.2f}"))
    mapped = in_process("fleet by NumPyro", 600, 400)
    wall, cores = (mapped["posteriors"] / mapped["fleet"][clock] for clock in ("wall", "cores"))
    label = f"4 x 600 after 400, NumPyro under vmap, compilation {mapped['compilation']['wall']:.0f} s apart"
    passed = f"ESS of 400 in {mapped['passed']} of {mapped['posteriors']}"
    rows.append((label, passed, f"{wall:.3f} / {cores:.3f}"))
    show("Fleets: two workers", ("draws", "passed their gate", "posteriors per second, wall / of one core"), rows)
    return {**found, "NumPyro under vmap": mapped}


def measure_growth(largest: int) -> dict:
    import numpy as np

    sizes = [size for size in (100, 1_000, 10_000, 100_000) if size <= largest]
    found = {size: in_process("growth", size, 500 if size <= 1000 else 0, cache=None) for size in sizes}
    rows = [
        (
            f"{size:,}",
            f"{one['compilation']['cores']:.1f}",
            f"{1e6 * one['gradient']:,.0f}",
            f"{one['fit']['wall']:.1f} / {one['fit']['cores']:.1f}" if "fit" in one else "",
            f"{one['memory']:.2f}",
        )
        for size, one in found.items()
    ]
    head = ("run-groups", "compilation, core seconds", "a gradient, microseconds", "fit, wall / cores", "memory, GiB")
    show("Growth; fits of 4 x 500 draws", head, rows)
    if len(sizes) > 2:
        slope = np.polyfit(np.log(sizes[1:]), np.log([found[size]["gradient"] for size in sizes[1:]]), 1)[0]
        print(f"\na gradient grows with run-groups to the power {slope:.2f} from {sizes[1]:,} on")
    return found


def shipped() -> list[str]:
    from bayeskisl.shipped import shipped_folder

    return sorted(path.parent.name for path in (shipped_folder("data") / "sweeps").glob("*/curves.nc"))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--parts", nargs="+", default=["fit", "real", "samplers", "fleet", "growth"])
    ask.add_argument("--repeats", type=int, default=3)
    ask.add_argument("--draws", type=int, default=1000)
    ask.add_argument("--largest", type=int, default=100_000)
    ask.add_argument("--curves", nargs="+", help="names or files for 'real'; by default every shipped sweep")
    ask.add_argument("--task", type=json.loads, help=argparse.SUPPRESS)
    asked = ask.parse_args()
    if asked.task:
        name, *arguments = asked.task
        print(json.dumps(TASKS[name](*arguments)))
        return
    parts = {
        "fit": lambda: measure_fits(asked.repeats),
        "real": lambda: measure_real(asked.curves or shipped()),
        "samplers": lambda: measure_samplers(asked.repeats, asked.draws),
        "fleet": lambda: measure_fleet(asked.repeats),
        "growth": lambda: measure_growth(asked.largest),
    }
    kept = Path(__file__).parent / "results" / "inference.json"
    content = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in asked.parts:
        content[name] = {"machine": describe("cpu"), "found": parts[name]()}
        write("inference", content)


if __name__ == "__main__":
    main()
