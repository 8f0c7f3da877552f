"""Questions to a trained model, judged by exact match of the greedy answer."""

from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray, IntArray

__all__ = ["Questions"]


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
