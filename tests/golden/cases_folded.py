# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: layers on constants, which are computed when the model is loaded."""

from builder import case


def plus(g, name, op, shapes, **attrs):
    """x and what the operator makes of constants of these shapes."""
    g.put(name, "Add", ["x", g.node(op, [g.weights(*s) for s in shapes], **attrs)])


@case(17, shape=(1, 4, 6, 8))
def folded_products(g):
    plus(g, "matmul", "MatMul", [(6, 5), (5, 8)])
    plus(g, "batches", "MatMul", [(4, 6, 5), (1, 5, 8)])
    plus(g, "more_batches", "MatMul", [(6, 5), (1, 4, 5, 8)])
    plus(g, "row", "MatMul", [(5,), (5, 8)])
    plus(g, "column", "MatMul", [(6, 8, 5), (5,)])
    plus(g, "gemm", "Gemm", [(6, 5), (5, 8), (8,)])
    plus(g, "gemm_turned", "Gemm", [(5, 6), (8, 5), (6, 1)], transA=1, transB=1, alpha=0.5,
         beta=2.0)
    plus(g, "einsum", "Einsum", [(4, 6, 5), (4, 8, 5)], equation="bij,bkj->bik")
    plus(g, "einsum_turned", "Einsum", [(5, 3, 6), (8, 3, 5)], equation="abi,jba->ij")
    plus(g, "einsum_outer", "Einsum", [(6,), (8,)], equation="i,j->ij")


@case(17, shape=(1, 4, 6, 8))
def folded_convolutions(g):
    plus(g, "conv", "Conv", [(1, 3, 8, 10), (4, 3, 3, 3), (4,)])
    plus(g, "groups", "Conv", [(1, 4, 12, 16), (4, 2, 3, 3)], group=2, strides=[2, 2],
         pads=[1, 1, 0, 0])
    plus(g, "dilated", "Conv", [(1, 2, 6, 8), (4, 2, 3, 3)], dilations=[2, 2], pads=[2, 2, 2, 2])
    plus(g, "sequence", "Conv", [(1, 4, 10), (6, 4, 3), (6,)])
    plus(g, "deep", "DepthToSpace", [(1, 16, 3, 4)], blocksize=2)
    plus(g, "deep_crd", "DepthToSpace", [(1, 16, 3, 4)], blocksize=2, mode="CRD")
    plus(g, "flat", "SpaceToDepth", [(1, 1, 12, 16)], blocksize=2)


@case((17, 21), shape=(1, 4, 6, 8))
def folded_norms(g):
    plus(g, "layer", "LayerNormalization", [(6, 8), (8,), (8,)], epsilon=1e-2)
    plus(g, "layer_rows", "LayerNormalization", [(4, 6, 8), (6, 8)], axis=-2)
    plus(g, "instance", "InstanceNormalization", [(1, 4, 6, 8), (4,), (4,)])
    plus(g, "softmax", "Softmax", [(4, 6, 8)], axis=1)
    plus(g, "softmax_last", "Softmax", [(4, 6, 8)])
    plus(g, "log_softmax", "LogSoftmax", [(4, 6, 8)], axis=0)
    if g.opset >= 21:
        plus(g, "group", "GroupNormalization", [(1, 4, 6, 8), (4,), (4,)], num_groups=2)


@case(11, shape=(1, 4, 6, 8))
def folded_softmax(g):
    plus(g, "flat", "Softmax", [(4, 6, 8)])
    plus(g, "flat_log", "LogSoftmax", [(4, 6, 8)], axis=0)
