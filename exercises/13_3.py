"""
How good is the fire alarm?
===========================

A network gets the values of a smoke detector. For each hour, it returns a logit, which
the sigmoid turns into the probability of a fire. The alarm goes off if this probability
is above a threshold. Fires are rare, so the accuracy tells you next to nothing.

Write recall_and_precision(logits, labels, threshold):

    logits [n, 1], float32: the outputs of the network
    labels [n], int64: 1 if there was a fire, 0 if not
    threshold: a probability, such as 0.5
    the result: two floats, first the recall, then the precision

Recall is the fraction of the hours with a fire in which the alarm went off. Precision
is the fraction of the hours with an alarm in which there was a fire. If there was no
fire, the recall is 0, and if there was no alarm, the precision is 0.
"""
import torch


def recall_and_precision(logits, labels, threshold):
    ...
