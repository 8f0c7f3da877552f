"""Where the background collapses.

Along the ratio two groups have half-points: an onset of the infused facts and a collapse of the background.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-ratio").sel(group=["infused", "background"])
curves = curves.isel(run=curves.seed.values < 2)  # two seeds of three, for speed
fit = bk.fit(curves)
figure = bk.plot_collapse(fit)
