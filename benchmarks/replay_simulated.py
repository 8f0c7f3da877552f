"""Replays of simulated sweeps: what planning saves where the truth is known.

    python benchmarks/replay_simulated.py --sweeps 10 --out runs/replay-simulated

Each sweep has seven sizes, ten levels and two seeds. Its truth is drawn around what desk-scale sweeps have shown, wider
than they vary, and not from the prior of the law that is fitted. Resumable; writes ``replay.csv`` and prints a table.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import bayeskisl as bk
from bayeskisl.workflow import replay

SIZES = [3_456, 6_144, 13_824, 24_576, 55_296, 98_304, 221_184]
LEVELS = [40, 70, 120, 200, 350, 600, 1_000, 1_800, 3_000, 5_000]
SHARES = (0.18, 0.27, 0.4)  # everyone starts with 14 %: three sizes at ten levels
PLANNERS = ("greedy", "v-optimal", "random")
# Device-seconds of the desk ladder on one core of a CPU, from the 168 timed runs of data/sweeps/desk-amount.
COSTS = bk.Costs(2.276e-06, 9.674e-11, "device-seconds", "desk-amount")


def simulated(number: int):
    """One sweep and its truth."""
    rng = np.random.default_rng([2026, number])
    truth = {
        "intercept": np.log(100) + 0.3 * rng.standard_normal(),
        "exponent": 0.6 + 0.12 * rng.standard_normal(),
        "curvature": 0.1 + 0.08 * rng.standard_normal(),
        "tau": float(np.exp(np.log(0.06) + 0.5 * rng.standard_normal())),
        "sigma_run": float(np.exp(np.log(0.08) + 0.3 * rng.standard_normal())),
        "concentration": 500.0,
        "steepness_intercept": np.log(7) + 0.2 * rng.standard_normal(),
        "steepness_exponent": 0.23 + 0.08 * rng.standard_normal(),
        "steepness_scatter": 0.08,
        "lapse_intercept": -6.0,
        "lapse_scatter": 0.3,
        "floor_excess": 0.001,
    }
    design = {"params": SIZES, "facts": LEVELS, "tokens": 614_400, "seeds": 2}
    return bk.simulate("collapse", design, truth, seed=number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--planners", default=",".join(PLANNERS))
    parser.add_argument("--out", type=Path, default=Path("runs/replay-simulated"))
    options = parser.parse_args()
    frames = []
    for number in range(options.first, options.first + options.sweeps):
        try:
            frame = replay(
                simulated(number),
                options.planners.split(","),
                shares=SHARES,
                repeats=1,
                costs=COSTS,
                seed=number,
                out=options.out / f"sweep-{number}",
            )
        except ValueError as problem:  # a posterior that ran away; told, never dropped in silence
            print(f"sweep {number} failed: {problem}", file=sys.stderr, flush=True)
            continue
        frames.append(frame.assign(sweep=number))
        pd.concat(frames).to_csv(options.out / f"replay-{options.first}.csv", index=False)
        print(f"sweep {number} done", file=sys.stderr, flush=True)
    table = pd.concat(frames).groupby(["planner", "share"])[["width", "interval_score", "covered", "error"]]
    print(table.agg({"width": "median", "interval_score": "mean", "covered": "mean", "error": "std"}).to_string())


if __name__ == "__main__":
    main()
