"""Budgets in proportion to size.

Every size reads 44 tokens per parameter.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-proportional")
figure = bk.plot_curves(curves)
