"""More of the same kind of data.

Along a dose each fact is seen equally often, and the number of distinct facts grows.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-dose").sel(group=["infused", "background"])
curves = curves.isel(run=curves.seed.values < 2)  # two seeds of three, for speed
fit = bk.fit(curves, "common")
figure = bk.plot_curves(fit)
