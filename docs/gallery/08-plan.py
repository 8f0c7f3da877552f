"""Which runs next.

Candidate runs by narrowing per cost, the plan for a budget, and its frontier.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller)
plan = bk.plan(fit, 221_184, budget="3e12flop")
figure = bk.plot_plan(plan)
