"""What the curves added to the prior.

Prior and posterior of the law's quantities.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
fit = bk.fit(curves)
figure = bk.plot_prior_vs_posterior(fit)
