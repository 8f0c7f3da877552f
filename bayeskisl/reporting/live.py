"""Interactive figures embedded in an HTML page: compressed, and inflated by the browser."""

import base64
import gzip
import json
from functools import cache

from matplotlib.figure import Figure

from bayeskisl.reporting.interactive import interactive

__all__ = ["packed_figures", "packed_library"]


def packed_figures(light: Figure, dark: Figure) -> str:
    """Return one figure for a light and for a dark page as plotly JSON, compressed with gzip, in base64."""
    return _packed(json.dumps([interactive(figure).to_json() for figure in (light, dark)]))


@cache
def packed_library() -> str:
    """Return plotly's own script, compressed with gzip, in base64."""
    from plotly.offline import get_plotlyjs

    return _packed(get_plotlyjs())


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
