"""Base class of trainers: the data format, the size of the model, the configuration and the commands of each."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bayeskisl.errors import InputError
from bayeskisl.sweeping.architectures import PLAIN
from bayeskisl.sweeping.ladder import ModelSize, Training
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.steps import warmup_steps

__all__ = ["Job", "LlamaTrainer", "Trainer", "convert"]

_SAVES = 4  # checkpoints a run: what a lost run repeats at most is a quarter


@dataclass(frozen=True)
class Job:
    """A run in the form that trainers need; paths are relative to the export's folder, where commands run.

    Attributes
    ----------
    run : RunSpec
    vocabulary : int
        Tokens that the model knows.
    end : int
        The token that ends a document.
    """

    run: RunSpec
    vocabulary: int
    end: int

    @property
    def folder(self) -> Path:
        return Path("runs") / self.run.name

    @property
    def model(self) -> Path:
        return Path("models") / self.run.name

    @property
    def size(self) -> ModelSize:
        return self.run.model

    @property
    def training(self) -> Training:
        return self.run.training

    @property
    def context(self) -> int:
        return self.run.mixture.context

    @property
    def decay_steps(self) -> int:
        """Steps of the linear fall of the learning rate, at the end."""
        fall = max(1, round((1 - self.training.flat_until) * self.run.steps))
        return max(1, min(fall, self.run.steps - self.warmup_steps))

    @property
    def warmup_steps(self) -> int:
        return warmup_steps(self.training, self.run.steps)

    @property
    def seed(self) -> int:
        """Seed of the start and of the order: every run has its own, as in the engine."""
        return int(self.run.identity[:8], 16) % 2**31

    @property
    def steps_between_saves(self) -> int:
        return max(1, -(-self.run.steps // _SAVES))

    @property
    def matrix_rate(self) -> float:
        """Peak learning rate of matrices, the head included, which falls as 1 / width where the recipe scales it."""
        training = self.training
        return training.learning_rate * (training.base_width / self.size.width if training.base_width else 1.0)


class Trainer(ABC):
    """One training stack.

    Attributes
    ----------
    name : str
    title : str
        As its authors call it.
    format : str
        The format of data that it reads.
    keeps_order : bool
        Whether it reads windows in the order in which they are written.
    architectures : tuple of str
        Architectures of ladders whose recipe its configuration can state.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    format: ClassVar[str]
    keeps_order: ClassVar[bool]
    architectures: ClassVar[tuple[str, ...]] = (PLAIN,)

    @abstractmethod
    def refuse(self, job: Job) -> None:
        """Refuse a run that the trainer cannot train.

        Raises
        ------
        InputError
        """

    @abstractmethod
    def params(self, job: Job) -> int:
        """Return the non-embedding parameters of its model; gains and rounded widths may add to the ladder's."""

    def total_params(self, job: Job) -> int:
        """Return all parameters, including embeddings and the untied head."""
        return self.params(job) + 2 * job.vocabulary * job.size.width

    @abstractmethod
    def files(self, job: Job) -> dict[str, str]:
        """Return the configuration files of a run by their names in its folder."""

    @abstractmethod
    def train(self) -> str:
        """Return shell lines that train run ``$RUN`` in the export's folder.

        They leave its model, as ``transformers`` reads it, in the folder ``$MODEL``, which appears as a whole.
        """

    def scripts(self) -> tuple[str, ...]:
        """Names of the scripts that its commands call."""
        return ()


def convert(checkpoints: str) -> str:
    """Return shell lines that make the model of checkpoints; the folder ``$MODEL`` exists only with a whole one."""
    return f"""\
rm -rf "$MODEL" "$MODEL.part"
${{CONVERT:?}} {checkpoints} "$MODEL.part"
mv "$MODEL.part" "$MODEL\""""


class LlamaTrainer(Trainer):
    """Base class of trainers of Llama: rotary positions, RMS norm and a gated feed-forward of 8/3 widths."""

    def refuse(self, job: Job) -> None:
        if job.size.width // job.size.heads % 2:
            raise InputError("an even width of each head", f"{job.size.width} in {job.size.heads} heads", "ladder",
                             "change the heads of the ladder's [model]")  # fmt: skip

    def params(self, job: Job) -> int:
        width, layers = job.size.width, job.size.layers
        return layers * (4 * width**2 + 3 * width * self.inner(width) + 2 * width) + width

    @staticmethod
    def inner(width: int) -> int:
        """Width of the feed-forward."""
        return round(8 * width / 3)
