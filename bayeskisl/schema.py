"""Names of dimensions, coordinates and variables, with their units; no other module spells them.

Terms and symbols are the field's; the one-line meanings below are the contract between the stages.
"""

from types import MappingProxyType

VERSION = 1

# Dimensions
RUN, GROUP, CELL, CHECKPOINT, COVARIATE = "run", "group", "cell", "checkpoint", "covariate"

# Probe groups
INFUSED, INFUSED_HELDOUT, INFUSED_CHOICE = "infused", "infused_heldout", "infused_choice"
BACKGROUND = "background"
GROUPS = (INFUSED, INFUSED_HELDOUT, INFUSED_CHOICE, BACKGROUND)
OF_INFUSED = (INFUSED, INFUSED_HELDOUT, INFUSED_CHOICE)  # ways of asking for the infused facts

# Coordinates of a run
PARAMS, TOTAL_PARAMS, TOKENS = "params", "total_params", "tokens"
FACTS, RATIO, EXPOSURES, TOKENS_PER_FACT = "facts", "ratio", "exposures", "tokens_per_fact"
BACKGROUND_FACTS, BACKGROUND_SHARE, SEED = "background_facts", "background_share", "seed"
BITS_PER_FACT = "bits_per_fact"  # optional: entropy of a fact's answer
TOKENS_BEFORE = "tokens_before"  # optional: read without infusion before the token budget begins
DEPTH = "depth"  # optional: layers of the model
DOMAIN = "domain"  # optional: the type of fact or the corpus that was infused
COVARIATES = "covariates"  # attribute: JSON names of the laws' covariates beside params and tokens

# What is measured
RECALLED, PROBED, GUESSING = "recalled", "probed", "guessing"
UNINFUSED = "uninfused"  # optional: share of the background recalled by the same model without infusion
ANSWER_NATS, GENERAL_LOSS, LEARNING_RATE = "answer_nats", "general_loss", "learning_rate"
BITS_PER_BYTE = "bits_per_byte"  # optional: the general loss in text, whatever its tokeniser
TOKENS_SEEN = "tokens_seen"

# What is inferred
CRITICAL_EXPOSURES, COLLAPSE, SHOULDER, ONSET = "critical_exposures", "collapse", "shoulder", "onset"
EXPONENT, CURVATURE, TAU, SIGMA_RUN = "exponent", "curvature", "tau", "sigma_run"
CHOICE, OPTIMUM = "choice", "optimum"
CELL_DOMAIN, DOMAIN_INTERCEPT, DOMAIN_EXPONENT = "cell_domain", "domain_intercept", "domain_exponent"

UNITS = MappingProxyType(
    {
        PARAMS: "non-embedding parameters",
        TOTAL_PARAMS: "parameters",
        TOKENS: "tokens",
        FACTS: "facts",
        RATIO: "infused tokens / tokens",
        EXPOSURES: "mean exposures of an infused fact",
        TOKENS_PER_FACT: "tokens / fact",
        BACKGROUND_FACTS: "facts",
        BACKGROUND_SHARE: "share of the general corpus",
        RECALLED: "probed facts",
        PROBED: "probed facts",
        GUESSING: "probability",
        UNINFUSED: "probability",
        ANSWER_NATS: "nats, summed over probed facts",
        GENERAL_LOSS: "nats / token",
        BITS_PER_BYTE: "bits / byte",
        CRITICAL_EXPOSURES: "exposures",
        LEARNING_RATE: "peak step of AdamW",
        BITS_PER_FACT: "bits",
        TOKENS_BEFORE: "tokens",
        DEPTH: "layers",
        TOKENS_SEEN: "tokens",
    }
)

# A run must have these coordinates and these variables; see `bayeskisl.curves.validate`.
RUN_COORDINATES = (
    PARAMS, TOTAL_PARAMS, TOKENS, FACTS, RATIO, EXPOSURES, TOKENS_PER_FACT, BACKGROUND_FACTS, BACKGROUND_SHARE, SEED,
)  # fmt: skip
COUNTS = (RECALLED, PROBED, GUESSING)
MOST_PROBED = 2**31 - 1  # of one run and group: the largest count that every back end holds
