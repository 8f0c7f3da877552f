"""Collapse point against model size.

The law's funnel widens beyond the sizes that were trained.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
fit = bk.fit(curves)
figure = bk.plot_collapse(fit, target=1_000_000)
