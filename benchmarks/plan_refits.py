"""Is the planner's estimate of a run's value right? Real refits, outcome by outcome, against re-weighted draws.

    python benchmarks/plan_refits.py [--outcomes 12] [--out FILE.json]

On small simulated sweeps, every candidate's outcomes are taken at equally probable quantiles of its predictive
distribution, the law is fitted again with each, and the variance of the target's mean over them is the gain by brute
force. The planner's choice must have at least 95 % of the best candidate's.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.design import Outlook, Run, believe
from bayeskisl.design.runs import Cell
from bayeskisl.inference import fit, simulate
from bayeskisl.inference.simulate import design_curves
from bayeskisl.target import Target

TARGET, TOKENS, SIZES = 98_304, 614_400, [6_144, 13_824, 24_576]
TRUTH = {
    "intercept": np.log(150),
    "exponent": 0.65,
    "curvature": 0.1,
    "tau": 0.06,
    "sigma_run": 0.08,
    "concentration": 500.0,
    "steepness_intercept": np.log(7),
    "steepness_exponent": 0.23,
    "steepness_scatter": 0.08,
    "lapse_intercept": -6.0,
    "lapse_scatter": 0.3,
    "floor_excess": 0.001,
}


def posterior(curves: xr.Dataset):
    return fit(curves, "collapse", rivals=(), throw=False)


def candidates(curves: xr.Dataset) -> list[Run]:
    """At the cliff and beside it, of sizes seen, between, below and above."""
    base = posterior(curves)
    sizes = [3_456, 9_600, 24_576, 38_400, 55_296]
    beliefs = believe(base, Target(TARGET), [(n, TOKENS) for n in sizes])
    half = {n: 0.5 * TOKENS / 6 / np.exp(np.median(beliefs.places[Cell(n, TOKENS)].log_threshold)) for n in sizes}
    levels = [(n, 1.0) for n in sizes] + [(24_576, 2.0), (55_296, 0.7), (55_296, 2.0)]
    return [Run(n, TOKENS, float(round(half[n] * factor))) for n, factor in levels]


def predictive_counts(outlook: Outlook, run: Run, outcomes: int) -> tuple[np.ndarray, int]:
    """Counts at equally probable quantiles."""
    beliefs, rng = outlook.beliefs, np.random.default_rng(0)
    place, typical = beliefs.places[run.cell], beliefs.typical
    probed = int(min(run.level, 500))
    ahead = np.log(0.5 * TOKENS / 6 / run.level) - place.log_threshold
    x = place.steepness * (ahead - beliefs.sigma_run * rng.standard_normal(len(ahead)))
    share = typical["floor"] + (typical["ceiling"] - typical["floor"]) / (1 + np.exp(-x))
    counts = np.sort(rng.binomial(probed, rng.beta(share * typical["concentration"],
                                                   (1 - share) * typical["concentration"])))  # fmt: skip
    return counts[((np.arange(outcomes) + 0.5) / outcomes * len(counts)).astype(int)], probed


def with_run(curves: xr.Dataset, run: Run, recalled: int) -> xr.Dataset:
    one = design_curves(params=[int(run.params)], facts=[int(run.level)], tokens=TOKENS, seeds=1)
    one = one.assign_coords(run=["bought"])
    one[schema.RECALLED][:] = recalled
    return xr.concat([curves.drop_attrs(), one.drop_attrs()], "run").assign_attrs(axis="amount")


def brute_force(curves: xr.Dataset, outlook: Outlook, run: Run, outcomes: int) -> float:
    """Variance over outcomes of the target's mean after a refit."""
    counts, _ = predictive_counts(outlook, run, outcomes)
    means = {}
    for count in np.unique(counts):
        again = believe(posterior(with_run(curves, run, int(count))), Target(TARGET), [])
        means[count] = again.target_mean.mean()
    return float(np.var([means[count] for count in counts]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outcomes", type=int, default=12)
    parser.add_argument("--sweeps", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report = []
    for seed in range(options.sweeps):
        design = {"params": SIZES, "facts": [60, 150, 300, 600, 1_200], "tokens": TOKENS, "seeds": 1}
        curves = simulate("collapse", design, TRUTH, seed=seed)
        runs = candidates(curves)
        outlook = Outlook.of(believe(posterior(curves), Target(TARGET), [run.cell for run in runs]), curves)
        rows = []
        for run in runs:
            ours, refits = outlook.gain(run), brute_force(curves, outlook, run, options.outcomes)
            rows.append({"params": run.params, "level": run.level, "reweighted": ours, "refits": refits})
            place = f"sweep {seed}: {run.params:>7,.0f} at {run.level:>5.0f} facts"
            print(f"{place}: re-weighted {ours:.5f}, refits {refits:.5f}", flush=True)
        chosen = max(rows, key=lambda row: row["reweighted"])
        best = max(row["refits"] for row in rows)
        share = chosen["refits"] / best
        print(f"sweep {seed}: reducible variance {outlook.reducible:.4f}; the choice has {share:.1%} of the best gain")
        report.append({"sweep": seed, "reducible": outlook.reducible, "share_of_best": share, "candidates": rows})
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
