import argparse
import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
folder = tempfile.mkdtemp()
w_true = torch.randn(15, 3)
x_all = torch.randn(1200, 15)
y_all = (x_all @ w_true + 1.5 * torch.randn(1200, 3)).argmax(1)
train_set = TensorDataset(x_all[:900], y_all[:900])
val_x, val_y = x_all[900:], y_all[900:]


def get_args(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--resume", default="")
    return parser.parse_args(argv)


def main(argv):
    args = get_args(argv)
    model = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), args.lr, momentum=args.momentum)
    start_epoch = 0
    if args.resume:
        checkpoint = torch.load(args.resume)
        start_epoch = checkpoint["epoch"]
        model.load_state_dict(checkpoint["state_dict"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        for group in optimizer.param_groups:
            group["lr"] = args.lr
        print(f"=> loaded checkpoint (epoch {start_epoch}), continuing with lr {args.lr}")

    for epoch in range(start_epoch, args.epochs):
        model.train()
        for x, y in DataLoader(train_set, batch_size=16, shuffle=True):
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            out = model(val_x)
        acc = (out.argmax(1) == val_y).float().mean().item()
        print(f"epoch {epoch} val loss {criterion(out, val_y).item():.3f} acc {acc:.3f}")
        torch.save({"epoch": epoch + 1, "state_dict": model.state_dict(),
                    "optimizer": optimizer.state_dict()}, os.path.join(folder, "checkpoint.pth.tar"))


main([])
main(["--lr", "0.001", "--epochs", "10", "--resume", os.path.join(folder, "checkpoint.pth.tar")])
