"""
Only the likely characters
==========================

When a network writes, most characters are very unlikely at any place, but there are
many of them, so now and then one is drawn anyway and spoils the text. Top-k sampling
prevents that: only the k characters with the highest scores can be drawn, and the
probabilities of all others are 0.

Write probabilities(scores, temperature, k):

    scores [n, characters], float32 or float64: for each of n texts, the scores of the
        next character. No two scores of the same text are equal.
    temperature: a number above 0, which works as in lesson 25
    k: how many characters of each text can be drawn, from 1 up to all of them
    the result: a new tensor with the shape and dtype of scores

In each row of the result, the k characters with the highest scores of this row have
probabilities that add up to 1, and the others have exactly 0. The proportions between
the k probabilities are the same as without top-k. The scores can be as large as 1000,
and they must stay as they are.

scores.topk(k, dim=1) returns two tensors [n, k] with the k largest values of each row,
from the largest to the smallest, and their indices.
"""
import torch


def probabilities(scores, temperature, k):
    ...
