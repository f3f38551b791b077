"""Use what makes it hard to watch torch: each line prints what it computed."""
import copy
import io
import pickle
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.utils.data import DataLoader, TensorDataset


class HoldsAFunction(nn.Module):
    def __init__(self):
        super().__init__()
        self.function = torch.max
        self.layer = nn.Linear(2, 2)


class OnAGraph(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, adjacency, x):
        return self.layer(torch.sparse.mm(adjacency, x))


def loss_of(parameters, x, y):
    output = functional_call(model, parameters, (x.unsqueeze(0),))
    return F.cross_entropy(output, y.unsqueeze(0))


def closure():
    lbfgs.zero_grad()
    loss = F.cross_entropy(input=model(x), target=y)
    loss.backward()
    return loss


def step():
    optimizer.zero_grad()
    F.cross_entropy(input=model(x), target=y).backward()
    optimizer.step(None)


torch.manual_seed(7)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
x = torch.randn(6, 4)
y = torch.randint(3, (6,))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
lbfgs = torch.optim.LBFGS(model.parameters(), max_iter=2)

step()
print('keywords', torch.argmax(input=model(x), dim=1).tolist())
with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    print('script', torch.jit.script(model)(x).shape)
print('pickle', len(pickle.dumps(HoldsAFunction())) > 0, type(copy.deepcopy(model)))

file = io.BytesIO()
torch.save(obj=model.state_dict(), f=file)
file.seek(0)
print('files', model.load_state_dict(state_dict=torch.load(f=file, weights_only=True)))

gradients = vmap(grad(loss_of), in_dims=(None, 0, 0), randomness='different')
print('vmap', gradients(dict(model.named_parameters()), x, y)['0.weight'].sum())

graph = OnAGraph()
print('sparse', graph(torch.eye(6).to_sparse(), x).sum())
compiled = torch.compile(model, backend='eager')
F.cross_entropy(compiled(x), y).backward()
optimizer.step()
print('compile', compiled(x).sum())
print('closure', lbfgs.step(closure))
with torch.autocast('cpu', torch.bfloat16):
    print('autocast', model(x).dtype)

try:
    model(torch.randn(2, 5))
except RuntimeError as error:
    print('error', str(error)[:4], model(x).sum())

loader = DataLoader(TensorDataset(x, y), batch_size=2)
batches = iter(loader)
print('loader', len(loader), len(batches), next(batches)[1].tolist())
