"""The same decision beside the runs of the target.

Runs of the target that were trained afterwards stand in the figure of the decision.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller)
decision = bk.decide(fit, 221_184, sensitivity=False)
measured = bk.verify(decision, curves)
figure = bk.plot_decision(decision, measured)
