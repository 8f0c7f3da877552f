"""Laws: what is believed about retention before any curve is seen, as files to copy and edit."""

from bayeskisl.laws.files import law_names, load_law
from bayeskisl.laws.law import Law
from bayeskisl.laws.shapes import SHAPES, Shape
from bayeskisl.laws.size_law import SizeLaw

__all__ = ["SHAPES", "Law", "Shape", "SizeLaw", "law_names", "load_law"]
