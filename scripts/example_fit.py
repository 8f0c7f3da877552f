"""Write the fit that ships as an example, `data/examples/desk-four.nc`: the four smallest sizes of `desk-amount`.

Every eighth draw is kept, and the groups that no example needs are left out. Its gate is that of all 4,000 draws.
"""

from pathlib import Path

import bayeskisl as bk
from bayeskisl.netcdf import write_netcdf

OUT = Path(__file__).parents[1] / "data" / "examples" / "desk-four.nc"
THIN = 8
LEFT_OUT = ("log_likelihood", "posterior_predictive", "log_prior")


def main() -> None:
    """Fit, thin and write."""
    curves = bk.load_curves("desk-amount")
    fit = bk.fit(curves.isel(run=curves["params"].values <= 24_576), rivals=())
    tree = fit.tree.copy()
    for group in LEFT_OUT:
        del tree[group]
    for group in ("posterior", "prior", "sample_stats"):
        tree[group] = tree[group].to_dataset().isel(draw=slice(None, None, THIN))
    write_netcdf(tree, OUT)


if __name__ == "__main__":
    main()
