"""A forecast, and what was measured afterwards.

Six sizes are fitted. The seventh, more than twice as large as any of them, is predicted and then measured.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
smaller = curves.isel(run=curves.params.values < 100_000)
fit = bk.fit(smaller)
target = 221_184
ahead = bk.predict(fit, target)
measured = bk.verify(ahead, curves)
figure = bk.plot_collapse(fit, ahead, measured)
