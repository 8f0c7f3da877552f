"""A decision: how many facts, and at what risk.

Risk, facts kept and regret against the number of infused facts.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller)
decision = bk.decide(fit, 221_184, sensitivity=False)
figure = bk.plot_decision(decision)
