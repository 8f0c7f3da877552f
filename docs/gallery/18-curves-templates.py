"""Held-out phrasings.

Facts asked in templates in which they were never trained: known, or only repeated?
"""

import bayeskisl as bk

curves = bk.load_curves("desk-templates")
figure = bk.plot_curves(curves)
