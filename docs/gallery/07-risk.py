"""The risk of too much.

Probability that a new run keeps less than 90 % of its ceiling, at every number of facts.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller)
decision = bk.decide(fit, 221_184, sensitivity=False)
figure = bk.plot_risk(decision)
