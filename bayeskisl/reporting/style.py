"""Style of every figure: colours that survive greyscale, readable ticks, no change of global state."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from bayeskisl.arguments import in_words
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import Axis as Along
from bayeskisl.errors import InputError
from bayeskisl.quantities import short

__all__ = [
    "LINES",
    "MARKERS",
    "canvas",
    "draw_bands",
    "exposures_on_top",
    "figure_style",
    "infusion_axis",
    "ink",
    "ladder_colors",
    "law_colors",
    "log_axis",
    "new_figure",
]

# One marker and one line style per series, so that colour never carries a meaning alone.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
LINES: tuple[Any, ...] = (  # names and dashes of matplotlib, which types each in another way
    "-", "--", "-.", ":", (0, (7, 2)), (0, (4, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 3)), (0, (9, 2, 1, 2)),
    (0, (5, 4)), (0, (3, 1, 3, 1, 1, 1)), (0, (12, 3)), (0, (2, 2)),
)  # fmt: skip

# The first are of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/: distinct for all kinds of colour vision.
# Those behind are distinct by lightness and by their lines.
_LAWS = {
    False: ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8A6D00", "#56B4E9", "#5B5B5B", "#7A2E8E",
            "#004D40", "#B0203A", "#3D3A9E", "#7A5230"),
    True: ("#56B4E9", "#E69F00", "#2FBF8F", "#E6A0C8", "#F0E442", "#4C8DFF", "#B8B8B8", "#B58CFF",
           "#C5E384", "#FF8F8F", "#8FE3E3", "#D9B38C"),
}  # fmt: skip

_INK = {False: ("#1b1f24", "#6b7280", "#ffffff"), True: ("#e6e8eb", "#9aa3ad", "#16191d")}


@contextmanager
def figure_style(dark: bool = False) -> Iterator[None]:
    """Settings for one figure, restored afterwards."""
    if not isinstance(dark, bool):
        raise InputError("True or False", in_words(dark), "dark")
    ink, faint, paper = _INK[dark]
    settings: dict[Any, Any] = {
        "figure.facecolor": paper,
        "axes.facecolor": paper,
        "savefig.facecolor": paper,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.edgecolor": faint,
        "xtick.color": ink,
        "ytick.color": ink,
        "grid.color": faint,
        "grid.alpha": 0.25,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "font.size": 9.5,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "figure.constrained_layout.use": True,
        "figure.dpi": 110,
        "savefig.dpi": 160,
        "svg.hashsalt": "bayeskisl",
        "text.parse_math": False,  # a name may contain dollars
    }
    with mpl.rc_context(settings):
        yield


def new_figure(*rows_and_columns: int, **options: Any) -> tuple[Figure, Any]:
    """Return a figure and its axes; notebooks show it once, because pyplot creates and then releases it."""
    with plt.ioff():
        figure, axes = plt.subplots(*rows_and_columns, **options)
        plt.close(figure)
    return figure, axes


def canvas(ax: Axes | None, **options: Any) -> tuple[Figure, Axes]:
    """Return the given axes with their figure, or those of a new figure with `options`.

    Raises
    ------
    InputError
        If `ax` is something else.
    """
    if ax is None:
        return new_figure(**options)
    if not isinstance(ax, Axes):
        raise InputError("axes of matplotlib", in_words(ax), "ax", "make them with `matplotlib.pyplot.subplots`")
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax


def is_dark() -> bool:
    """Whether the style in force is the dark one."""
    return mpl.rcParams["figure.facecolor"] == _INK[True][2]


def ink() -> str:
    """Colour of text and of the most important marks."""
    return mpl.rcParams["text.color"]


def ladder_colors(count: int) -> list[str]:
    """Colours of model sizes, ordered by lightness from small to large."""
    span = np.linspace(0.25, 0.95, count) if is_dark() else np.linspace(0.82, 0.05, count)
    return [to_hex(color) for color in mpl.colormaps["viridis"](span)]


def law_colors(count: int) -> list[str]:
    """Colours of laws."""
    palette = _LAWS[is_dark()]
    return [palette[i % len(palette)] for i in range(count)]


def draw_bands(axes: Axes, at: FloatArray, draws: FloatArray, color: str, line: str | tuple[Any, ...] = "-") -> None:
    """Median, 50 and 90 % bands of draws, ``(draw, point)``."""
    low, lower, median, higher, high = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    axes.fill_between(at, low, high, color=color, alpha=0.16, lw=0)
    axes.fill_between(at, lower, higher, color=color, alpha=0.30, lw=0)
    axes.plot(at, median, color=color, lw=1.4, ls=line)


def log_axis(axes: Axes, which: str, low: float, high: float) -> None:
    """Make an axis logarithmic from `low` to `high`, with ticks such as 200, 1k and 50M."""
    getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(low, high)
    log_ticks(getattr(axes, f"{which}axis"), low, high)


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Label the ticks of a logarithmic axis: several per decade on a narrow one, powers of ten on a wide one."""
    decades = np.log10(high / low)
    steps = (1, 2, 3, 5, 7) if decades < 1.2 else (1, 2, 5) if decades < 2.5 else (1,)
    axis.set_major_locator(LogLocator(subs=steps, numticks=50))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_locator(LogLocator(subs=range(1, 10), numticks=50))
    axis.set_minor_formatter(NullFormatter())


_RATIO_TICKS = (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999)
_MANY_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99,
               0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999)  # fmt: skip
_FEWEST_TICKS = 4
_FEW_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


def infusion_axis(axes: Axes, which: str, infusion: FloatArray, along: Along, *, narrow: bool = False) -> None:
    """Make an axis logarithmic, or log odds for ratios, which resolves values near 0 and near 1 alike."""
    if not along.bounded:
        log_axis(axes, which, infusion.min() / 1.15, infusion.max() * 1.15)
        return
    low, high = expit(logit(infusion.min()) - 0.3), expit(logit(infusion.max()) + 0.3)
    getattr(axes, f"set_{which}scale")("logit")
    getattr(axes, f"set_{which}lim")(low, high)
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(FixedLocator(_ratio_ticks(low, high, narrow=narrow)))
    axis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axis.set_minor_locator(NullLocator())


def _ratio_ticks(low: float, high: float, *, narrow: bool) -> list[float]:
    """Ticks of a scale of log odds: more where a panel spans little."""
    few = [ratio for ratio in (_FEW_TICKS if narrow else _RATIO_TICKS) if low <= ratio <= high]
    return few if narrow or len(few) >= _FEWEST_TICKS else [ratio for ratio in _MANY_TICKS if low <= ratio <= high]


def exposures_on_top(axes: Axes, products: FloatArray) -> None:
    """Put mean exposures on an upper axis if infusion times exposures is constant."""
    product = float(np.mean(products))
    if np.ptp(products) > 1e-6 * product:
        return

    def there_and_back(value: ArrayLike) -> FloatArray:
        return product / np.maximum(value, 1e-30)  # matplotlib tries the ends of a linear axis first

    top = axes.secondary_xaxis("top", functions=(there_and_back, there_and_back))
    high, low = there_and_back(np.array(axes.get_xlim()))
    log_ticks(top.xaxis, low, high)
    top.set_xlabel("mean exposures of one fact")
