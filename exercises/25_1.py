"""
Don't look at the padding
=========================

A program answers questions about short texts, one text for each question. The texts
have different lengths. To fit into one tensor, the shorter ones are padded, which means
that the tensor has numbers after their last word that stand for nothing. No word of a
question should look at those.

Write attend(queries, keys, values, lengths):

    queries [n, q, features], float32, for each of the n questions, q words
    keys [n, k, features], float32, for each of the n texts, k words, padding included
    values [n, k, width], float32, what each of these words has to give
    lengths [n], int64, how many of the k words of each text are real, at least 1
    the result: [n, q, width], float32

Each word of question i looks at all the real words of text i and at none of the
padding, whatever numbers are in it. As in the lesson, divide the scores by the square
root of the number of features. There's no causal mask, because the text is already
there, and all of it may be seen. width can be different from features, and q from k.
You can write out the five lines, or call torch's function with an attn_mask.
"""
import math

import torch


def attend(queries, keys, values, lengths):
    ...
