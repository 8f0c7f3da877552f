"""A decision on the ratio.

Risk, facts kept and regret against the infused share of all tokens.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-ratio").sel(group=["infused", "background"])
curves = curves.isel(run=curves.seed.values < 2)  # two seeds of three, for speed
fit = bk.fit(curves)
decision = bk.decide(fit, 200_000, sensitivity=False)
figure = bk.plot_decision(decision)
