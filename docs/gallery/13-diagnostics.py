"""Did the sampler explore the posterior?

Ranks of the chains and effective draws of the quantities that matter.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
fit = bk.fit(curves)
figure = bk.plot_diagnostics(fit)
