"""The data, before any law.

Each curve with the levels that say nothing and the rows that stand out; `bk.check` says the same in words.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
figure = bk.plot_check(curves)
