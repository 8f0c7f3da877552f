"""The dose at which most is kept.

Infused and background facts together have an optimum inside the range.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-dose").sel(group=["infused", "background"])
curves = curves.isel(run=curves.seed.values < 2)  # two seeds of three, for speed
fit = bk.fit(curves, "common")
decision = bk.decide(fit, 200_000, sensitivity=False)
figure = bk.plot_decision(decision)
