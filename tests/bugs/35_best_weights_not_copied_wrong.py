import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
truth = torch.randn(40)
x = torch.randn(400, 40)
y = ((x @ truth + 4 * torch.randn(400)) > 0).long()
dataloaders = {'train': DataLoader(TensorDataset(x[:150], y[:150]), 25, shuffle=True),
               'val': DataLoader(TensorDataset(x[150:], y[150:]), 50)}


def train_model(model, criterion, optimizer, num_epochs):
    best_model_wts, best_acc = copy.deepcopy(model.state_dict()), 0.0
    for epoch in range(num_epochs):
        for phase in ['train', 'val']:
            model.train(phase == 'train')
            corrects = 0
            for inputs, labels in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == 'train'):
                    outputs = model(inputs)
                    loss = criterion(outputs, labels)
                    if phase == 'train':
                        loss.backward()
                        optimizer.step()
                corrects += torch.sum(outputs.argmax(1) == labels).item()
            acc = corrects / len(dataloaders[phase].dataset)
            if phase == 'val' and acc > best_acc:
                best_acc = acc
                best_model_wts = model.state_dict()
    print('best val accuracy', best_acc)
    model.load_state_dict(best_model_wts)
    return model


net = nn.Sequential(nn.Linear(40, 200), nn.ReLU(), nn.Linear(200, 2))
net = train_model(net, nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), lr=5e-3), 25)
net.eval()
with torch.no_grad():
    print('of the model returned', (net(x[150:]).argmax(1) == y[150:]).float().mean().item())
