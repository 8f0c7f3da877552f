"""Which runs next.

Candidate runs by narrowing per cost, the plan for a budget, and its frontier.
"""

import bayeskisl as bk

fit = bk.load_fit("desk-four")
plan = bk.plan(fit, 98_304, budget="6e11flop")
figure = bk.plot_plan(plan)
