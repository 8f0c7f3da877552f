"""Retention curves along the number of facts.

Each point is a training run with the 90 % interval of its counts; each colour is a model size. Every size has a cliff.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
figure = bk.plot_curves(curves)
