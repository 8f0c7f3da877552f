"""What planning saves.

A finished sweep, replayed under the planner, three baselines and the grid.
"""

import pandas as pd

import bayeskisl as bk
from bayeskisl.shipped import shipped_folder

steps = pd.read_csv(shipped_folder("data") / "replays" / "desk-amount" / "replay.csv")
figure = bk.plot_replay(steps)
