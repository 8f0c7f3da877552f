"""The other experiment: the infusion ratio.

Infused facts rise with the ratio and background facts fall.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-ratio").sel(group=["infused", "background"])
curves = curves.isel(run=curves.seed.values < 2)  # two seeds of three, for speed
fit = bk.fit(curves)
figure = bk.plot_curves(fit)
