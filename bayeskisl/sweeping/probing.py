"""Asking a trained stack what it knows: exact match on the answer tokens, greedy."""

import numpy as np
import torch
from torch import Tensor

from bayeskisl.knowledge import Facts, pack
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.records import GroupProbe, RunProbe
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.training import Trained, shift

__all__ = ["probe_stack"]

_CHUNK = 256  # sequences a forward pass; bounds the memory of the logits


@torch.no_grad()
def probe_stack(runs: tuple[RunSpec, ...], trained: Trained) -> list[RunProbe]:
    """Probe every run of a stack.

    Facts are asked as they were trained, several to a sequence in an order of their own. An answer is right when
    every one of its tokens is the most probable one; since a wrong token ends the match, teacher forcing gives
    the same verdict as greedy decoding.
    """
    return [_probe_run(run, row, trained) for row, run in enumerate(runs)]


def _probe_run(run: RunSpec, row: int, trained: Trained) -> RunProbe:
    weights, material = trained.weights[row : row + 1], trained.materials[row]
    rng = np.random.default_rng([int(run.identity[:15], 16), 1])
    groups = {group: _probe_facts(run, facts, trained.decoder, weights, rng) for group, facts in material.facts.items()}
    nats, _ = _evaluate(trained.decoder, weights, material.heldout, run.facts.start)
    # The first token of a stretch has no context; the rate is that of the others.
    return RunProbe(groups, float(nats[:, 1:].mean()), trained.diverged_at[row])


def _probe_facts(run: RunSpec, facts: Facts, decoder: Decoder, weights: Tensor, rng: np.random.Generator) -> GroupProbe:
    form, context = run.facts, run.mixture.context
    asked = rng.permutation(len(facts))[: run.probes]
    per_sequence = context // form.tokens_per_fact
    filled = np.concatenate([asked, rng.integers(len(facts), size=-len(asked) % per_sequence)])
    nats, right = _evaluate(decoder, weights, pack(form, facts, context, filled), form.start)
    answers = slice(1 + form.subject_length, None)
    by_fact = (-1, form.tokens_per_fact)
    recalled = right.reshape(by_fact)[: len(asked), answers].all(axis=1)
    answer_nats = nats.reshape(by_fact)[: len(asked), answers].sum()
    return GroupProbe(int(recalled.sum()), len(asked), float(answer_nats))


def _evaluate(decoder: Decoder, weights: Tensor, sequences: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy in nats and whether the greedy token is right, both ``(sequence, context)``."""
    nats, right = [], []
    for first in range(0, len(sequences), _CHUNK):
        targets = torch.from_numpy(sequences[first : first + _CHUNK]).to(weights.device).long()[None]
        logits = decoder.logits(weights, shift(targets, start))[0]
        flat = targets.reshape(-1)
        nats.append(torch.nn.functional.cross_entropy(logits, flat, reduction="none").double())
        right.append(logits.argmax(dim=-1) == flat)
    shape = sequences.shape
    return torch.cat(nats).cpu().numpy().reshape(shape), torch.cat(right).cpu().numpy().reshape(shape)
