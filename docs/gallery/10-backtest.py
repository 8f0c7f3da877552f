"""Would the law have predicted my larger sizes?

Each larger size is forecast from the smaller ones, beside two rules of thumb.
"""

import bayeskisl as bk

curves = bk.load_curves("desk-amount")
result = bk.backtest(curves, first=5)
figure = bk.plot_backtest(result)
