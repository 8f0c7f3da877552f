"""Where the background collapses.

Along the ratio the background loses half of what it kept at a collapse point, which rises with the size of the model.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-ratio").sel(group=["infused", "background"])
curves = curves.isel(run=curves.seed.values < 2)  # two seeds of three, for speed
fit = bk.fit(curves)
figure = bk.plot_collapse(fit)
