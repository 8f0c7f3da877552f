"""How fast candidates are scored: 1,000 candidates x 4,000 draws, a batch of eight, and a whole call of `plan`.

    taskset -c 0 python benchmarks/plan.py [--candidates 1000] [--draws 4000] [--out FILE.json]

Tables of outcomes are forgotten before each whole call, as in a process that plans for the first time.

Beside it, the obvious way: the beta-binomial density of every count, averaged over run effects drawn per draw, in NumPy
(timed on a few candidates and multiplied).
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

import numpy as np
from scipy.stats import betabinom

import bayeskisl as bk
from bayeskisl.cores import one_blas_thread
from bayeskisl.design import Costs, Outlook, Problem, Run, believe, candidate_runs, outcomes
from bayeskisl.design.lookahead import greedy
from bayeskisl.inference import fit

TARGET, TOKENS = 98_304, 614_400
TRUTH = {"intercept": np.log(150), "exponent": 0.65, "curvature": 0.1, "tau": 0.06, "sigma_run": 0.08,
         "steepness_intercept": np.log(7), "lapse_intercept": -6.0}  # fmt: skip
_RUN_EFFECTS, _TIMED = 16, 3
_BUDGET = "5e13flop"  # more than any eight of these runs cost


def timed(function) -> tuple[float, float, object]:
    """Wall and processor seconds of a call, and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def obvious(outlook: Outlook, run: Run) -> float:
    """The same gain without tables: every count, and run effects by sampling."""
    beliefs, rng = outlook.beliefs, np.random.default_rng(0)
    place, typical, probed = beliefs.places[run.cell], beliefs.typical, int(min(run.level, 500))
    mean = beliefs.mean_knowing(place)
    mean = mean - mean.mean()
    likelihood = np.zeros((len(mean), probed + 1))
    for _ in range(_RUN_EFFECTS):
        ahead = np.log(0.5 * TOKENS / 6 / run.level) - place.log_threshold
        x = place.steepness * (ahead - beliefs.sigma_run * rng.standard_normal(len(ahead)))
        share = typical["floor"] + (typical["ceiling"] - typical["floor"]) / (1 + np.exp(-x))
        a, b = share * typical["concentration"], (1 - share) * typical["concentration"]
        likelihood += betabinom.pmf(np.arange(probed + 1), probed, a[:, None], b[:, None]) / _RUN_EFFECTS
    chance = likelihood.mean(axis=0)
    return float(np.sum((mean @ likelihood / len(mean)) ** 2 / np.maximum(chance, 1e-300)))


@one_blas_thread()  # as `bk.plan` does
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    curves = bk.simulate("collapse", {"params": [6_144, 13_824, 24_576, 38_400], "facts": [60, 150, 375, 940, 2_350],
                                      "tokens": TOKENS, "seeds": 2}, TRUTH, seed=1)  # fmt: skip
    posterior = fit(curves, "collapse", throw=False)
    sizes = np.geomspace(4_000, 60_000, 24).round()
    offered = candidate_runs(posterior, TARGET, sizes=sizes, largest=60_000, levels=options.candidates // 70)
    offered = offered[:: max(1, len(offered) // options.candidates)][: options.candidates]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = []
    for repeat in range(options.repeats):
        made = timed(lambda: believe(posterior, bk.Target(TARGET), [r.cell for r in offered], particles=options.draws))
        outlook = Outlook.of(made[2], posterior.curves)
        scored = timed(lambda view=outlook: view.gains(offered))
        problem = Problem(Outlook.of(made[2], posterior.curves), offered, Costs.of_flops(), 1e30, 8)
        batch = timed(lambda p=problem: greedy(p, np.random.default_rng(0)))
        outcomes._outcomes.cache_clear()
        whole = timed(lambda: bk.plan(posterior, TARGET, budget=_BUDGET, candidates=offered, particles=options.draws,
                                      throw=False))  # fmt: skip
        slow = timed(lambda view=outlook: [obvious(view, run) for run in offered[-_TIMED:]])
        scale = len(offered) / _TIMED
        rows += [
            {"what": "particles", "repeat": repeat, "wall": made[0], "cpu": made[1]},
            {"what": f"{len(offered)} candidates", "repeat": repeat, "wall": scored[0], "cpu": scored[1]},
            {"what": "batch of 8", "repeat": repeat, "wall": batch[0], "cpu": batch[1]},
            {"what": "a whole call of plan", "repeat": repeat, "wall": whole[0], "cpu": whole[1]},
            {"what": "the obvious way, multiplied", "repeat": repeat, "wall": slow[0] * scale, "cpu": slow[1] * scale},
        ]  # fmt: skip
        ours, theirs = scored[2][-_TIMED:], slow[2]
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{options.draws} draws, {os.cpu_count()} cores; least of {options.repeats} repeats")
    for what in dict.fromkeys(row["what"] for row in rows):
        of = [row for row in rows if row["what"] == what]
        print(f"{what:>32}: {min(r['wall'] for r in of):8.2f} s wall, {min(r['cpu'] for r in of):8.2f} s of processor")
    print(f"memory added: {memory:.0f} MiB; gains agree to {np.max(np.abs(np.divide(ours, theirs) - 1)):.1%}")
    if options.out:
        options.out.write_text(
            json.dumps({"rows": rows, "memory_mib": memory, "draws": options.draws}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
