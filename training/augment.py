# SPDX-License-Identifier: LGPL-2.1-or-later
"""From stored pixels to what the network sees: shifted, mirrored, cut, scaled, normalised.

All of a batch at once, on the device that holds the images; every random number comes from the
generator given.
"""

import torch
from torch.nn import functional as F


def reflect(index, size):
    """Folds indices that lie outside 0..size-1 back, the edge pixel not repeated."""
    index = index.abs()
    return torch.where(index >= size, 2 * (size - 1) - index, index)


def shift_and_flip(images, data, generator):
    """images [N,S,S,3]: each moved by up to `translate` pixels and mirrored half of the time."""
    n, size = images.shape[:2]
    reach = min(data.translate, size - 1)
    offset = torch.randint(-reach, reach + 1, (2, n, 1), generator=generator)
    line = torch.arange(size)
    rows, columns = reflect(line + offset[0], size), reflect(line + offset[1], size)
    if data.flip:
        mirrored = torch.rand((n, 1), generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    rows = rows.to(images.device, non_blocking=True)
    columns = columns.to(images.device, non_blocking=True)
    image = torch.arange(n, device=images.device)
    return images[image[:, None, None], rows[:, :, None], columns[:, None, :]]


def cut(images, size, generator):
    """images [N,3,S,S]: a size x size square of each, centred anywhere, becomes 0 (DeVries and
    Taylor, arXiv 1708.04552)."""
    n, side = images.shape[0], images.shape[2]
    start = torch.randint(0, side, (2, n, 1), generator=generator) - size // 2
    start = start.to(images.device, non_blocking=True)
    line = torch.arange(side, device=images.device)
    inside = (line >= start) & (line < start + size)
    images.masked_fill_((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0.0)


class Normalise:
    """uint8 [N,S,S,3] to float [N,3,size,size], channels last in memory; mean and std per channel
    for pixels scaled to 0..1."""

    def __init__(self, mean, std, device):
        mean, std = (torch.tensor(x, device=device).view(1, 3, 1, 1) for x in (mean, std))
        self.scale, self.offset = 1 / (255 * std), mean / std

    def __call__(self, images, size):
        pixels = images.permute(0, 3, 1, 2).float()
        side = pixels.shape[2]
        if side != size:
            pixels = F.interpolate(pixels, (size, size), mode="bilinear", align_corners=False,
                                   antialias=size < side)
        return (pixels * self.scale - self.offset).contiguous(memory_format=torch.channels_last)


def training_batch(images, size, data, normalise, generator):
    pixels = normalise(shift_and_flip(images, data, generator), size)
    if data.cutout:
        cut(pixels, max(1, data.cutout * size // images.shape[1]), generator)
    return pixels
