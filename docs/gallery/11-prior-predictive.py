"""What a law expects before it sees a count.

Retention under the prior, and the measured runs. A prior that excludes them is wrong.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
figure = bk.plot_prior_predictive("limits", curves)
