"""Trainers for which runs are exported: a new one is one small file and its line here."""

from types import MappingProxyType

from bayeskisl.arguments import require_one_of
from bayeskisl.sweeping.export.trainers.base import Job, Trainer
from bayeskisl.sweeping.export.trainers.hf import HuggingFace
from bayeskisl.sweeping.export.trainers.megatron import MegatronLM
from bayeskisl.sweeping.export.trainers.nanochat import Nanochat
from bayeskisl.sweeping.export.trainers.olmo import OLMoCore
from bayeskisl.sweeping.export.trainers.titan import TorchTitan

__all__ = ["TRAINERS", "Job", "Trainer", "trainer_named"]

TRAINERS: MappingProxyType[str, Trainer] = MappingProxyType(
    {trainer.name: trainer for trainer in (HuggingFace(), Nanochat(), MegatronLM(), OLMoCore(), TorchTitan())}
)


def trainer_named(name: str) -> Trainer:
    """Return the trainer of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    require_one_of(name, TRAINERS, "trainer", "a trainer among")
    return TRAINERS[name]
