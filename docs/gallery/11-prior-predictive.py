"""What a law expects before it sees a count.

Retention of one size under the prior, and its measured runs. A prior that excludes them is wrong.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
figure = bk.plot_prior_predictive("limits", curves)
