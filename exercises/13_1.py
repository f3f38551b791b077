"""
Put a training in order
=======================

These are the lines of a whole training, and each is needed, but their order is lost.
Some orders raise an error. The worse ones raise none, and nothing is learned.

Move the lines of the list until they are a program that trains for two epochs, and
prints the mean loss of the images after each. In every iteration the weights are to
move by the gradient of its own batch. Keep each line as it is, with the spaces in
front: they say what belongs to which loop. More than one order is right.
"""
steps = [
    'for epoch in range(2):',
    "trainset = datasets.MNIST('data', transform=transform)",
    '        loss.backward()',
    'model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))',
    '    print(train_loss.item() / len(trainset))',
    '        optimizer.step()',
    '    for images, labels in trainloader:',
    '        output = model(images)',
    'optimizer = optim.Adam(model.parameters(), lr=0.001)',
    'transform = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])',
    '        loss = criterion(output, labels)',
    '    train_loss = 0',
    'criterion = nn.CrossEntropyLoss()',
    '        train_loss += loss.detach() * len(labels)',
    '        optimizer.zero_grad()',
    'trainloader = DataLoader(trainset, batch_size=64, shuffle=True)',
]
