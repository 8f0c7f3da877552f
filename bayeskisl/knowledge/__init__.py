"""Knowledge: facts, the general corpus, and their mixture into a training stream."""

from bayeskisl.knowledge.corpus import CorpusFormat, GeneralCorpus
from bayeskisl.knowledge.facts import FactFormat, Facts, answer_places, draw_facts, draw_templates, verbalise
from bayeskisl.knowledge.identity import background_exposures, infused_exposures
from bayeskisl.knowledge.mixture import Material, Mixture, draw_material, pack, plan_mixture
from bayeskisl.knowledge.templates import Templates

__all__ = [
    "CorpusFormat",
    "FactFormat",
    "Facts",
    "GeneralCorpus",
    "Material",
    "Mixture",
    "Templates",
    "answer_places",
    "background_exposures",
    "draw_facts",
    "draw_material",
    "draw_templates",
    "infused_exposures",
    "pack",
    "plan_mixture",
    "verbalise",
]
