"""Questions to a trained model, judged by exact match of the greedy answer, or by the likeliest of several answers."""

from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray, IntArray

__all__ = ["Choices", "Questions"]


@dataclass(frozen=True)
class Questions:
    """Facts verbalised as in training, several per sequence.

    Attributes
    ----------
    sequences : numpy.ndarray
        Tokens, shape ``(sequence, context)``.
    start : int
        The token before the first of each sequence.
    answers : numpy.ndarray
        Where each question's answer stands in the flattened sequences, shape ``(question, longest)``; -1 where an
        answer is shorter than the longest.
    fact : numpy.ndarray
        Which fact each question asks, shape ``(question,)``. The first `asked` ask one fact each, by its own answer;
        those behind them by other answers that count as right.
    asked : int
        Facts that are asked.
    """

    sequences: IntArray
    start: int
    answers: IntArray
    fact: IntArray
    asked: int

    @property
    def guessing(self) -> float | None:
        """Chance of a right guess, where it is that of the questions and not that of the facts."""
        return None

    def judge(self, nats: FloatArray, right: BoolArray) -> tuple[int, float]:
        """Return the number of recalled facts, and the summed cross-entropy of their answers in nats.

        Since a wrong token ends the match, teacher forcing gives the same verdict as greedy decoding.

        Parameters
        ----------
        nats, right : numpy.ndarray
            Cross-entropy of every token and whether it is the most probable one, both ``(sequence, context)``.
        """
        known = (right.reshape(-1)[self.answers] | (self.answers < 0)).all(axis=1)
        of_own = self.answers[: self.asked]
        answer_nats = np.where(of_own < 0, 0.0, nats.reshape(-1)[of_own])
        return len(np.unique(self.fact[known])), float(answer_nats.sum())


@dataclass(frozen=True)
class Choices:
    """Questions of multiple choice, each written out with every one of its answers.

    Attributes
    ----------
    sequences : numpy.ndarray
        Tokens, shape ``(sequence, context)``.
    start : int
        The token before the first of each sequence.
    answers : numpy.ndarray
        Where each answer stands in the flattened sequences, shape ``(question, answer, longest)``, the right answer
        first; -1 where an answer is shorter than the longest.
    """

    sequences: IntArray
    start: int
    answers: IntArray

    @property
    def asked(self) -> int:
        """Number of questions."""
        return len(self.answers)

    @property
    def guessing(self) -> float | None:
        """One over the number of answers."""
        return 1 / self.answers.shape[1]

    def judge(self, nats: FloatArray, right: BoolArray) -> tuple[int, float]:
        """Return the number of right choices, and the summed cross-entropy of the right answers in nats.

        A choice is right if the right answer has a lower cross-entropy than every other. The cross-entropy is summed
        over the answer's tokens, not averaged: the probability of an answer is what is compared.

        Parameters
        ----------
        nats, right : numpy.ndarray
            As for `Questions.judge`; the second is not used.
        """
        of_answers = np.where(self.answers < 0, 0.0, nats.reshape(-1)[self.answers]).sum(axis=2)
        chosen = (of_answers[:, :1] < of_answers[:, 1:]).all(axis=1)
        return int(chosen.sum()), float(of_answers[:, 0].sum())
