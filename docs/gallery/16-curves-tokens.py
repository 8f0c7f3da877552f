"""Two token budgets.

Four times the tokens at the same ratio: the cliff moves to more facts.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-tokens")
figure = bk.plot_curves(curves)
