# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the network and its exits learn from.

loss = cross entropy at the end + sum over exits i = 1..N of w_i * l_i.

exclusion (Wang, Li, Zhang, arXiv 2309.13443): l_i = binary cross entropy with logits of each class
against all others, the right class weighted by positive-weight, 4 * classes - 4 unless given;
w_i = 1 / (N - i + 1).  confidence: l_i = cross entropy, the same weights.  branchynet
(Teerapittayanon et al., arXiv 1709.01686): cross entropy with weight 1 at every exit.  `distill`
replaces that share of l_i by the Kullback-Leibler divergence from the end's own answer, through
which no gradient flows back (Hinton et al., arXiv 1503.02531).
"""

import torch
from torch.nn import functional as F


def exit_weights(exits, n_exits):
    """[n_exits] numbers."""
    if exits.weights != "paper":
        return exits.weights * n_exits if len(exits.weights) == 1 else exits.weights
    if exits.objective == "branchynet":
        return [1.0] * n_exits
    return [1 / (n_exits - i + 1) for i in range(1, n_exits + 1)]


def exclusion_loss(logits, labels, positive_weight):
    wanted = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    weight = torch.full_like(logits[0], positive_weight)
    return F.binary_cross_entropy_with_logits(logits, wanted, pos_weight=weight)


def distillation_loss(logits, end, temperature):
    """KL(end || exit) at `temperature`, scaled so that gradients keep their size."""
    t = temperature
    return t * t * F.kl_div(F.log_softmax(logits / t, 1), F.log_softmax(end.detach() / t, 1),
                            reduction="batchmean", log_target=True)


class Loss:
    """Called with the network's outputs and labels [N]; returns one number."""

    def __init__(self, config, n_classes):
        self.exits = config.exits
        self.smoothing = config.train.label_smoothing
        self.end_counts = config.model.freeze != "backbone"
        given = config.exits.positive_weight
        self.positive_weight = 4 * n_classes - 4 if given == "paper" else given

    def exit_loss(self, logits, end, labels):
        share, loss = self.exits.distill, 0.0
        if share < 1:
            if self.exits.objective == "exclusion":
                loss = exclusion_loss(logits, labels, self.positive_weight)
            else:
                loss = F.cross_entropy(logits, labels, label_smoothing=self.smoothing)
            loss = (1 - share) * loss
        if share > 0:
            loss = loss + share * distillation_loss(logits, end, self.exits.temperature)
        return loss

    def __call__(self, outputs, labels):
        *exits, end = [output.float() for output in outputs]
        loss = torch.zeros(())
        if self.end_counts:
            loss = F.cross_entropy(end, labels, label_smoothing=self.smoothing)
        for weight, logits in zip(exit_weights(self.exits, len(exits)), exits):
            loss = loss + weight * self.exit_loss(logits, end, labels)
        return loss
