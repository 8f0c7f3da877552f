"""Laws that agree on the data and part beyond them.

A straight power law and one with a minimum of exposures, fitted to the same six sizes.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller, "power", rivals=["saturating"])
figure = bk.plot_collapse(fit, target=10_000_000)
