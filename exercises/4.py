"""
Softmax with a temperature
==========================

A network that writes text takes its next word by a softmax whose sharpness can be set.
All scores are divided by a number, the temperature, before exp. At 1 it is the softmax
of lesson 4. Above 1 the probabilities come out more alike, below 1 less.

Write softmax(logits, temperature). logits is [n, k], a row for each of n images;
temperature is a number above 0. It returns a tensor of the same shape and dtype: of
each row the probabilities, which sum to 1.

Scores of 1000 and of -1000 must work, in one batch as well. torch's softmax, softmin,
log_softmax and logsumexp are not allowed.
"""
import torch


def softmax(logits, temperature):
    ...
