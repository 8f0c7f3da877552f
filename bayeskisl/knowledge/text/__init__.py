"""Real text and real knowledge: a tokenised general corpus, and triples verbalised in words.

Needs the extra ``text`` (tokenizers, and datasets or pyarrow for what they read); training itself does not.
"""

from bayeskisl.knowledge.text.corpus import TextCorpus, hash_documents, keep_texts, tokenise
from bayeskisl.knowledge.text.documents import DatasetSource, FileSource
from bayeskisl.knowledge.text.facts import Options, TextFacts, fill, guessing_rate, templates_of, verbalise_triples
from bayeskisl.knowledge.text.invented import INVENTED, TEMPLATES, invent_triples
from bayeskisl.knowledge.text.mixture import (
    TextMaterial,
    TextMixture,
    draw_text_material,
    plan_text_mixture,
    refuse_crowded_facts,
)
from bayeskisl.knowledge.text.stream import GENERAL, Begun, Realised, Stream, Window, drawn_facts
from bayeskisl.knowledge.text.tokeniser import Tokeniser, load_tokeniser, trained_tokeniser
from bayeskisl.knowledge.text.triples import Triple, read_triples

__all__ = [
    "GENERAL",
    "INVENTED",
    "TEMPLATES",
    "Begun",
    "DatasetSource",
    "FileSource",
    "Options",
    "Realised",
    "Stream",
    "TextCorpus",
    "TextFacts",
    "TextMaterial",
    "TextMixture",
    "Tokeniser",
    "Triple",
    "Window",
    "draw_text_material",
    "drawn_facts",
    "fill",
    "guessing_rate",
    "hash_documents",
    "invent_triples",
    "keep_texts",
    "load_tokeniser",
    "plan_text_mixture",
    "read_triples",
    "refuse_crowded_facts",
    "templates_of",
    "tokenise",
    "trained_tokeniser",
    "verbalise_triples",
]
