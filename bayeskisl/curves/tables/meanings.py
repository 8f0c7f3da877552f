"""Words in names of columns: quantities that a column may have although its name is not a usual one of theirs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bayeskisl import schema
from bayeskisl.curves.tables.names import bare, is_of_evaluation
from bayeskisl.curves.tables.quantities import header_unit, read_parts, read_quantity, read_times, texts_in

__all__ = ["columns_that_may_be", "is_token_budget"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOKEN = _words("token tokens tok toks")
_OF_TRAINING = _words("total overall all train training trained pretrain pretraining budget")
_NUMBER = _words("n num nb number count of")
_FACT = _words("fact facts triple triples bio bios biography biographies")
_DOCUMENT = _FACT | _words("doc docs document documents statement statements sentence sentences passage passages")
_SHARE = _words("ratio share fraction frac proportion mix mixture percent percentage pct")
_EXPOSURE = _words("exposure exposures repeat repeats repetitions copies duplicates")
# What another quantity than those below has in its name
_MEASURED = _words(
    "acc accuracy recall recalled correct hit hits em match score loss nll ppl perplexity entropy bits probe probed "
    "asked test tested eval evaluation val valid validation heldout held std sd stderr se error id ids idx index seed "
    "name type version"
)
_RESOURCE = _words(
    "second seconds sec secs s ms minute minutes hour hours day days time speed throughput flop flops compute gpu gpus "
    "cpu memory mem mfu cost price usd dollar dollars eur euro euros epoch epochs batch microbatch step steps "
    "iteration iterations worker workers"
)
_PART = _words(
    "infused infusion injected inserted domain synthetic background general replay unique distinct seen processed "
    "before earlier previous prior"
)
_TEXT = _words(
    "per max min length len size context ctx seq sequence prompt output generated generation new input completion "
    "thinking reasoning vocab vocabulary special pad padding eos bos unk mask masked rate param params parameter "
    "parameters byte bytes question questions answer answers"
)
_TRAINER = _words(
    "warmup dropout drop clip clipping lr learning mlp ffn hidden head heads attn attention kv rope expansion aspect "
    "compression split mask masking noise label success win skip skipped pad padding util utilisation utilization "
    "cache grad gradient update weight weights decay sparsity sparse active ema beta momentum progress complete "
    "completed finished parse parsed invalid wrong retained kept word words char chars improvement scaling scale"
)


def _words_of(name: str) -> frozenset[str]:
    """Words of a name without its unit, and without what a tracker writes in front; of an evaluation, ``eval`` too."""
    plain = header_unit(name)[0]
    return frozenset([*bare(plain).split("_"), *(["eval"] if is_of_evaluation(plain) else [])])


@dataclass(frozen=True)
class _Meaning:
    """Names and numbers that a quantity may have."""

    words: frozenset[str]  # one of them is in its name
    others: frozenset[str]  # none of them is
    fits: Callable[[float], bool]  # whether a number may be one of it
    beside: frozenset[str] = frozenset()  # one of them is in its name, too
    reads: Callable[[str], float | None] = read_quantity

    def may_have(self, name: str, cells: Sequence[object]) -> bool:
        """Whether a column may have the quantity, by its name and its cells."""
        told = _words_of(name)
        if not told & self.words or told & self.others or (self.beside and not told & self.beside):
            return False
        numbers = [_number(text, self.reads) for text in dict.fromkeys(texts_in(cells))]
        return bool(numbers) and all(number is not None and self.fits(number) for number in numbers)


def _number(text: str, reads: Callable[[str], float | None]) -> float | None:
    """The number of a cell with either decimal mark, or as a field writes it besides."""
    return next(
        (each for each in (read_quantity(text), read_quantity(text, ","), reads(text)) if each is not None), None
    )


def _is_count(number: float) -> bool:
    return number >= 1 and number.is_integer()


_MEANINGS = {
    schema.TOKENS: _Meaning(
        words=_TOKEN | {"budget"},
        others=_MEASURED | _RESOURCE | _PART | _TEXT | _TRAINER | _SHARE | _DOCUMENT | _words("in out"),
        fits=lambda number: number >= 1,
    ),
    schema.RATIO: _Meaning(
        words=_SHARE,
        others=_MEASURED
        | _RESOURCE
        | _TRAINER
        | _TEXT
        | _words("background general replay unique seen train lora width emb done"),
        fits=lambda number: 0 < number <= 100,  # as percent
        reads=read_parts,
    ),
    schema.FACTS: _Meaning(
        words=_FACT,
        others=_MEASURED | _RESOURCE | _TEXT | _SHARE | _EXPOSURE | _TOKEN | _words("background seen learned known"),
        fits=_is_count,
    ),
    schema.EXPOSURES: _Meaning(
        words=_EXPOSURE,
        others=_MEASURED
        | _RESOURCE
        | _TRAINER
        | _words("penalty total background general ngram max min most least fewest"),
        fits=lambda number: number > 0,
        reads=read_times,
    ),
    schema.TOKENS_PER_FACT: _Meaning(
        words=_TOKEN | _words("length len"),
        others=_MEASURED | _RESOURCE | _PART | _words("total max min all question answer"),
        fits=lambda number: number >= 1,
        beside=_DOCUMENT,
    ),
    schema.GUESSING: _Meaning(
        words=_words("guess guesses guessing chance"),
        others=_words("above over below minus corrected adjusted normalised normalized"),
        fits=lambda number: 0 <= number < 100,  # as percent
    ),
}


def is_token_budget(name: str) -> bool:
    """Whether a name, with or without a unit, consists of words of a budget of tokens: ``total_train_tokens``."""
    told = _words_of(name)
    return bool(told & _TOKEN and told & _OF_TRAINING) and told <= _TOKEN | _OF_TRAINING | _NUMBER


def columns_that_may_be(columns: Mapping[str, Sequence[object]], names: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns among names that may have a quantity, by quantity, where there are any."""
    free = list(names)
    found = {field: [name for name in free if meaning.may_have(name, columns[name])]
             for field, meaning in _MEANINGS.items()}  # fmt: skip
    return {field: may_be for field, may_be in found.items() if may_be}
