"""Laws: priors and shapes of retention, as files to copy and edit."""

from bayeskisl.laws.files import law_names, load_law
from bayeskisl.laws.law import Law
from bayeskisl.laws.law_of_size import LawOfSize
from bayeskisl.laws.limits import LIMITS, LimitsDesign, LimitsLaw
from bayeskisl.laws.size_law import SizeLaw
from bayeskisl.laws.two_rules import TwoRules, two_rules

__all__ = [
    "LIMITS", "Law", "LawOfSize", "LimitsDesign", "LimitsLaw", "SizeLaw", "TwoRules", "law_names", "load_law",
    "two_rules",
]  # fmt: skip
