"""Give attention a mask, for rows of tokens with padding at their ends.

Arguments: where it goes, `attn_mask`, `key_padding_mask` or `masked_fill`; an expression
of `padded`, [4, 8], which is True where there is padding.
"""
import sys

import torch
from torch import nn

torch.manual_seed(7)
where, expression = sys.argv[1:]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.attend = nn.MultiheadAttention(8, 1, batch_first=True)

    def forward(self, ids, mask):
        x = self.embed(ids)
        if where == 'key_padding_mask':
            return self.attend(x, x, x, key_padding_mask=mask)[0]
        mask = mask.unsqueeze(1)
        if where == 'attn_mask':
            return nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)
        weights = (x @ x.transpose(1, 2)).masked_fill(mask, float('-inf'))
        return weights.softmax(dim=2) @ x


ids = torch.randint(1, 20, (4, 8))
padded = torch.arange(8) >= torch.tensor([[3], [5], [4], [6]])
ids[padded] = 0
mask = eval(expression, {'torch': torch, 'padded': padded, 'inf': float('inf')})
Attention()(ids, mask)
