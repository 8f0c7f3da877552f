"""A straight line, and the sizes that bend away from it.

The plain power law on the same six sizes: one exponent at all sizes fits neither end well.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller, "power", rivals=[])
figure = bk.plot_collapse(fit, target=10_000_000)
