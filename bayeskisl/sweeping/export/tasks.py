"""Probes of a run as tasks of lm-evaluation-harness: a YAML file and JSON lines for each, read offline.

Two kinds of probe ask every group. ``recall`` is the exact one, as ours: every token of the object and the one after it
is the most probable one (``loglikelihood``, whose ``acc`` says so). ``choice`` compares the object with those of
other facts of the run and relation, all choices distinct and the right one anywhere. Facts are drawn together, see
`Sentences.drawn_together` of `bayeskisl.knowledge.text.facts`, so that guessing is right once in their number.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.files import replace_file
from bayeskisl.knowledge.text import drawn_facts, fill
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.text import PreparedText

__all__ = ["PROBES", "Task", "write_tasks"]

PROBES = ("recall", "choice")
_CHOICES = 4
# The child of a run's seed that draws probes: the first four are those of its material, three more those of its stream.
_PROBE_CHILD = 7


@dataclass(frozen=True)
class Task:
    """One task: its name, its group and probe, its questions, and the probability of guessing right."""

    name: str
    group: str
    probe: str
    probed: int
    guessing: float


def write_tasks(run: RunSpec, prepared: PreparedText, folder: Path, end: str, root: Path) -> list[Task]:
    """Write the tasks of a run.

    Parameters
    ----------
    run : RunSpec
    prepared : PreparedText
    folder : Path
        For ``--include_path``.
    end : str
        Text of the token that ends a document.
    root : Path
        The working directory of the evaluation; files are named from it.

    Returns
    -------
    list of Task
    """
    seed = run.of_material
    rng = np.random.default_rng(seed.spawn(_PROBE_CHILD + 1)[-1])
    questions = _Questions(run, prepared, end, rng)
    tasks = []
    for group, facts in _groups(run).items():
        asked = rng.permutation(facts)[: run.probes]
        for probe in PROBES:
            if probe == "recall":
                rows = questions.recall(asked, questions.templates(asked, group))
            else:
                rows = questions.choice(asked, facts, group)
            if rows:
                name = f"{group}_{probe}"
                guessing = run.facts.guessing if probe == "recall" else 1 / len(rows[0]["choices"])
                path = folder / f"{name}.jsonl"
                replace_file(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
                replace_file(folder / f"{name}.yaml", _yaml(name, probe, path.relative_to(root)).encode())
                tasks.append(Task(name, group, probe, len(rows), guessing))
    return tasks


def _groups(run: RunSpec) -> dict[str, IntArray]:
    mixture, form, _ = run.text
    facts = drawn_facts(mixture, form, run.of_material)
    if form.heldout:
        facts[schema.INFUSED_HELDOUT] = facts[schema.INFUSED]
    return facts


class _Questions:
    """Questions on facts, as text that ends where the answer begins."""

    def __init__(self, run: RunSpec, prepared: PreparedText, end: str, rng: np.random.Generator) -> None:
        self._prepared, self._end, self._rng = prepared, end, rng
        _, self._facts, _ = run.text
        self._written = self._facts.written()

    def templates(self, facts: IntArray, group: str) -> IntArray:
        """Return a template for each fact, from its training templates or its held-out ones."""
        heldout = self._facts.heldout
        return self._written.draw_templates(facts, self._rng, heldout, group == schema.INFUSED_HELDOUT)

    def recall(self, facts: IntArray, templates: IntArray) -> list[dict[str, Any]]:
        """Return question and answer; the answer is the object's tokens and the token that ends it."""
        filled = [self._filled(fact, template) for fact, template in zip(facts, templates, strict=True)]
        encoded = self._prepared.tokeniser.encode_with_offsets([text for text, _, _ in filled])
        rows = []
        for (_, offsets), (text, begin, stop), fact in zip(encoded, filled, facts, strict=True):
            after = [last for first, last in offsets if first >= stop]
            answer = text[begin : after[0]] if after else text[begin:] + self._end
            rows.append({**_split(text[:begin], answer), "fact": int(fact)})
        return rows

    def choice(self, asked: IntArray, among: IntArray, group: str) -> list[dict[str, Any]]:
        """Return question, choices and the index of the right one; empty if every relation has too few objects."""
        of_kinds = zip(self._written.kinds[among].tolist(), self._written.objects[among].tolist(), strict=True)
        objects = Counter(kind for kind, _ in set(of_kinds))
        number = min(_CHOICES, max(objects.values()))
        if number < 2:
            return []
        together = self._written.drawn_together(asked, among, number, self._rng)
        rows = []
        for facts, template in zip(together, self.templates(together[:, 0], group), strict=True):
            order = self._rng.permutation(number)
            text, begin, stop = self._filled(facts[0], template)
            names = [self._prepared.triples[fact].object for fact in facts[order]]
            split = [_split(text[:begin], name + text[stop:]) for name in names]
            rows.append({"question": split[0]["question"], "choices": [each["answer"] for each in split],
                         "right": int(np.flatnonzero(order == 0)[0]), "fact": int(facts[0])})  # fmt: skip
        return rows

    def _filled(self, fact: int, template: int) -> tuple[str, int, int]:
        triple = self._prepared.triples[fact]
        return fill(self._prepared.templates[fact][template], triple, triple.object)


def _split(question: str, answer: str) -> dict[str, str]:
    """Split a sentence so that spaces before the answer belong to it, as tokenisers expect."""
    bare = question.rstrip(" ")
    return {"question": bare, "answer": question[len(bare) :] + answer}


def _yaml(name: str, probe: str, data: Path) -> str:
    """Return a task's file; JSON is valid YAML."""
    task: dict[str, Any] = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": data.as_posix()}},
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": "{{question}}",
        "target_delimiter": "",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    if probe == "recall":
        task |= {"output_type": "loglikelihood", "doc_to_target": "{{answer}}"}
    else:
        task |= {"output_type": "multiple_choice", "doc_to_choice": "choices", "doc_to_target": "right"}
    return json.dumps(task, indent=2) + "\n"
