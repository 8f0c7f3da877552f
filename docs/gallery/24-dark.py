"""For a dark page.

Every figure takes `dark=True`.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-ratio")
figure = bk.plot_curves(curves, dark=True)
