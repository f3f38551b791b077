"""Language models and other sequences."""

import torch
from torch import nn

from ..run import ByTensor, is_plain, place
from .base import Rule, on


class WrongShift(Rule):
    name = 'shift'
    advice = 'Shift the labels of a language model by one position, once.'
    what = 'The labels are {}'
    fix = (
        'The label of a position is the next token, so shift once: tokens[:, 1:] are '
        'the labels of tokens[:, :-1]'
    )
    lesson = '25'

    def start(self):
        self.counts = {}

    @on('some loss')
    def loss(self, loss):
        call = loss.call
        if (
            loss.name != 'cross_entropy'
            or call is None
            or loss.target.is_floating_point()
        ):
            return
        inputs = call.inputs()
        if inputs is None or inputs.is_floating_point() or inputs.dim() != 2:
            return
        if not is_plain(loss.target) or loss.target.numel() % len(inputs):
            return
        target = loss.target.reshape(len(inputs), -1)
        length = target.shape[1]
        if length < 4:
            return
        counts = self.counts.setdefault(loss.place, [0, 0, 0, 0])
        counts[3] += 1
        for shift in (0, 1, 2):
            ids = inputs[:, shift : shift + length]
            n = ids.shape[1]
            some = target[:, :n]
            known = some >= 0
            if n >= 3 and bool(known.any()):
                counts[shift] += bool((some == ids)[known].all())

    @on('end')
    def end(self):
        for where, (same, one, two, times) in self.counts.items():
            if times < 2 or one == times:
                continue
            if same == times:
                self.say(
                    'the input itself, so the model only has to copy it', where=where
                )
            elif two == times:
                self.say('two places ahead of the input, not one', where=where)


def padding_of(ids):
    """The token that fills up the ends of rows [n, length], or None."""
    last = ids[:, -1]
    token = last.mode().values
    is_token = ids == token
    fills_ends = (is_token.int().diff(dim=1) >= 0).all()  # once it begins, it stays
    rows = is_token[:, -1].sum()
    if not fills_ends or rows < 2 or is_token.all(dim=1).any():
        return None
    return token if is_token.sum() >= 2 * rows else None


class InvertedMask(Rule):
    name = 'inverted mask'
    advice = 'Hide the padding from attention, not the tokens.'
    what = 'The mask hides all tokens from attention and leaves only the padding ({})'
    fix = (
        'Invert the mask. In nn.MultiheadAttention and masked_fill, True hides a '
        'position; in scaled_dot_product_attention, False does'
    )
    lesson = '25_1'

    def start(self):
        self.ids = None  # those of the latest embedding: (call, ids)

    @on('some layer')
    def layer(self, call, module, args, kwargs, output):
        if isinstance(module, nn.Embedding):
            ids = args[0] if args else kwargs.get('input')
            if isinstance(ids, torch.Tensor) and ids.dim() == 2 and is_plain(ids):
                call.token_ids = ids.detach()
        elif isinstance(module, nn.MultiheadAttention):
            mask = args[3] if len(args) > 3 else kwargs.get('key_padding_mask')
            if isinstance(mask, torch.Tensor):
                self.look_at(call, hidden_by(mask), 'key_padding_mask')

    @on('before masked_fill', 'before masked_fill_')
    def fill(self, name, args, kwargs):
        call = self.run.call
        mask = args[1] if len(args) > 1 else kwargs.get('mask')
        value = args[2] if len(args) > 2 else kwargs.get('value')
        if call is not None and call.looked_at and isinstance(mask, torch.Tensor):
            if isinstance(value, (int, float)) and value < -1000:
                self.look_at(call, mask, name)

    @on('before scaled_dot_product_attention')
    def attention(self, name, args, kwargs):
        call = self.run.call
        mask = args[3] if len(args) > 3 else kwargs.get('attn_mask')
        if call is not None and call.looked_at and isinstance(mask, torch.Tensor):
            hidden = ~mask if mask.dtype == torch.bool else hidden_by(mask)
            self.look_at(call, hidden, 'attn_mask')

    def look_at(self, call, hidden, name):
        ids = getattr(call, 'token_ids', None)
        if ids is None or not is_plain(hidden) or hidden.numel() != ids.numel():
            return
        padding = padding_of(ids)
        if padding is None:
            return
        hidden = hidden.reshape(-1).cpu()
        tokens = (ids != padding).reshape(-1).cpu()
        if bool((hidden == tokens).all()):
            self.say(name)


def hidden_by(mask):
    """The positions that a mask of attention hides: True, or minus infinity."""
    return mask if mask.dtype == torch.bool else mask < -1000


class MeanOverPadding(Rule):
    name = 'mean over padding'
    advice = 'Average over the tokens, not over the padding.'
    what = 'The mean over {} positions also counts those that the padding mask hides'
    fix = (
        'Multiply by the mask (1 for a token, 0 for padding), sum over the positions, '
        'and divide by the sum of the mask'
    )
    lesson = '25'

    def start(self):
        self.padded = ByTensor()  # output of an attention layer -> its time dimension

    @on('some layer')
    def layer(self, call, module, args, kwargs, output):
        names = {
            nn.TransformerEncoder: ('src_key_padding_mask', 2),
            nn.TransformerEncoderLayer: ('src_key_padding_mask', 2),
            nn.MultiheadAttention: ('key_padding_mask', 3),
        }
        if type(module) not in names:
            return
        name, position = names[type(module)]
        mask = args[position] if len(args) > position else kwargs.get(name)
        result = output[0] if isinstance(output, tuple) else output
        if not isinstance(mask, torch.Tensor) or not is_plain(mask) or mask.dim() != 2:
            return
        if not bool(hidden_by(mask).any()) or mask.shape[0] == mask.shape[1]:
            return
        if result.shape[:2] == mask.shape:
            self.padded[result] = 1
        elif result.shape[:2] == mask.T.shape:
            self.padded[result] = 0

    @on('before mean')
    def mean(self, name, args, kwargs):
        values = args[0] if args else kwargs.get('input')
        dim = args[1] if len(args) > 1 else kwargs.get('dim')
        if not isinstance(values, torch.Tensor) or not isinstance(dim, int):
            return
        time = self.padded.get(values)
        if time is not None and dim % values.dim() == time:
            self.say(values.shape[time], where=place())
