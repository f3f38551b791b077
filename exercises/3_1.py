"""
What has changed in front of the camera?
========================================

A camera on a tree takes photos of a clearing. If you subtract a photo of the empty
clearing, what's left is what has changed, such as a deer. In bright light, all these
differences are larger than at dusk. So each photo comes with a number, its contrast,
and its differences are divided by it.

Write changes(photos, empty, contrast):

    photos [n, height, width, 3], uint8, the n photos
    empty [height, width, 3], uint8, the photo of the empty clearing
    contrast [n], float32, one number above 0 for each photo
    the result: a new tensor [n, 3, height, width], float32

For each photo, subtract empty from it, divide by the contrast of this photo, and put
the channels where torch's layers want them, before height and width. A negative number
in the result means that a pixel has become darker, so it must stay negative. The three
tensors must stay as they are. n may be 1, and photos.shape[0] tells you n.
"""
import torch


def changes(photos, empty, contrast):
    ...
