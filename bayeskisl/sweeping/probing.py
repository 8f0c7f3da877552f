"""Asking a trained stack what it knows: exact match on the answer tokens, greedy."""

import numpy as np

from bayeskisl.knowledge import Facts, pack
from bayeskisl.sweeping.records import GroupProbe, RunProbe
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.training import Trained, behind_start

__all__ = ["probe_stack"]


def probe_stack(runs: tuple[RunSpec, ...], trained: Trained) -> list[RunProbe]:
    """Probe every run of a stack.

    Facts are asked as they were trained, several to a sequence in an order of their own. An answer is right when
    every one of its tokens is the most probable one; since a wrong token ends the match, teacher forcing gives
    the same verdict as greedy decoding.
    """
    return [_probe_run(run, row, trained) for row, run in enumerate(runs)]


def _probe_run(run: RunSpec, row: int, trained: Trained) -> RunProbe:
    material = trained.materials[row]
    rng = np.random.default_rng([int(run.identity[:15], 16), 1])
    groups = {group: _probe_facts(run, row, facts, trained, rng) for group, facts in material.facts.items()}
    nats, _ = _evaluate(trained, row, material.heldout, run.facts.start)
    # The first token of a stretch has no context; the rate is that of the others.
    return RunProbe(groups, float(nats[:, 1:].mean()), trained.diverged_at[row])


def _probe_facts(run: RunSpec, row: int, facts: Facts, trained: Trained, rng: np.random.Generator) -> GroupProbe:
    form, context = run.facts, run.mixture.context
    asked = rng.permutation(len(facts))[: run.probes]
    per_sequence = context // form.tokens_per_fact
    filled = np.concatenate([asked, rng.integers(len(facts), size=-len(asked) % per_sequence)])
    nats, right = _evaluate(trained, row, pack(form, facts, context, filled), form.start)
    answers = slice(1 + form.subject_length, None)
    by_fact = (-1, form.tokens_per_fact)
    recalled = right.reshape(by_fact)[: len(asked), answers].all(axis=1)
    answer_nats = nats.reshape(by_fact)[: len(asked), answers].sum()
    return GroupProbe(int(recalled.sum()), len(asked), float(answer_nats))


def _evaluate(trained: Trained, row: int, sequences: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy in nats and whether the greedy token is right, both ``(sequence, context)``."""
    nats, right = trained.steps.evaluate(row, behind_start(sequences, start))
    return nats.astype(np.float64), right
