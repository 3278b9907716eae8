# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives a PyTorch network the random weights that the zoo compares with.

An untrained network hides much of itself: a scale that starts at zero switches its branch off,
normalisation with mean 0 and variance 1 does nothing, and with the small weights that transformers
start from all pictures look alike.  So whatever starts as a constant gets noise, linear layers
keep the variance of what goes in, and BatchNorm takes its statistics from a pass over noise.
"""

import torch

BATCH = 2


def is_scale(name, parameter):
    """Whether it multiplies: weights of normalisations, scales of layers, gains."""
    last = name.rsplit(".", 1)[-1]
    return "bias" not in last and "beta" not in last and parameter.squeeze().dim() <= 1


@torch.no_grad()
def stir(network):
    for name, parameter in network.named_parameters():
        if parameter.numel() and parameter.min() != parameter.max():
            continue
        if is_scale(name, parameter) and "token" not in name and "embed" not in name:
            parameter.uniform_(0.5, 1.5)
        else:
            parameter.normal_(0, 0.02)


@torch.no_grad()
def strengthen(network):
    for module in network.modules():
        for name in ("weight", "in_proj_weight"):
            weight = getattr(module, name, None)
            if isinstance(module, (torch.nn.Linear, torch.nn.MultiheadAttention)) \
                    and weight is not None:
                weight.normal_(0, weight.shape[1] ** -0.5)


@torch.no_grad()
def settle(network, x):
    """BatchNorm's statistics: those of a pass over noise."""
    norms = [m for m in network.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    network(torch.randn(max(BATCH, x.shape[0]), *x.shape[1:]))
    network.eval()


def randomise(network, x, seed=0):
    """The network with weights that depend on the seed alone, ready for export."""
    torch.manual_seed(seed)
    network.eval()
    stir(network)
    strengthen(network)
    settle(network, x)
    return network
