"""
Repair a training loop
======================

Most mistakes in a training loop raise no error. Losses are printed as always, only they
are wrong, or the network learns nothing. The loop below does five things wrong.

Repair train. It is to do what the loop of lesson 11 does, for epochs passes over the
trainloader, with the model, the criterion (which takes the mean over a batch) and the
optimizer that it is given. It returns a list with one float for each epoch: the mean
loss of its images, as they come, each image counting alike. (trainloader.dataset is the
set that it serves.) Run the check after each repair; it names one mistake at a time.
"""
import torch


def train(model, trainloader, criterion, optimizer, epochs):
    losses = []
    train_loss = 0
    for _ in range(epochs):
        model.train()
        for images, labels in trainloader:
            output = model.forward(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            train_loss += loss
        losses.append(train_loss / len(trainloader))
    return losses
