"""The same curves with the fitted law.

Bands are 50 % and 90 % posterior intervals of each size's curve.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
fit = bk.fit(curves)
figure = bk.plot_curves(fit)
