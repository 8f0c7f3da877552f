"""The data, before any law.

Each curve and the rows that stand out; `bk.check` says in words which levels are uninformative.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
figure = bk.plot_check(curves)
