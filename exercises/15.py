"""
What do the losses say?
=======================

After each epoch lesson 15 measures the loss on the training set and on the validation
set. Four trainings of its network were stopped after twelve epochs. They learned from
3,000 images (C) or 6,000 (the others). What is going on in each?

                A               B               C               D
    epoch  train   valid   train   valid   train   valid   train   valid
        1  2.304   2.304   2.062   2.066   0.728   0.757   2.409   2.313
        2  2.304   2.303   1.337   1.337   0.595   0.625   2.314   2.312
        3  2.303   2.303   0.973   0.968   0.498   0.558   2.306   2.309
        4  2.303   2.302   0.811   0.805   0.447   0.532   2.308   2.310
        5  2.302   2.302   0.780   0.771   0.420   0.532   2.307   2.307
        6  2.302   2.301   0.688   0.686   0.334   0.460   2.313   2.313
        7  2.301   2.301   0.667   0.674   0.315   0.470   2.306   2.308
        8  2.301   2.300   0.617   0.627   0.295   0.474   2.310   2.309
        9  2.300   2.300   0.596   0.607   0.249   0.457   2.309   2.310
       10  2.299   2.299   0.565   0.579   0.261   0.478   2.309   2.312
       11  2.299   2.299   0.524   0.541   0.228   0.476   2.307   2.310
       12  2.298   2.298   0.521   0.546   0.225   0.502   2.309   2.310

Write one of these behind each letter, and each once: 'learning rate too small',
'learning rate too large', 'stopped too early', 'over-fits'. Then write at best_epoch
the epoch whose weights you would keep of the training that over-fits, judged by its
losses, a number.
"""
diagnosis = {'A': ..., 'B': ..., 'C': ..., 'D': ...}
best_epoch = ...
