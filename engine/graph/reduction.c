/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See reduction.h: a row for each operator.
 */
#include "graph/reduction.h"

static const WniReduction reductions[WNI_OP_COUNT] = {
    [WNI_OP_REDUCE_L1] = {true, .op = WNI_REDUCE_L1},
    [WNI_OP_REDUCE_L2] = {true, .op = WNI_REDUCE_SQUARES, .finish = WNI_ACT_SQRT},
    [WNI_OP_REDUCE_LOG_SUM] = {true, .op = WNI_REDUCE_SUM, .finish = WNI_ACT_LOG},
    [WNI_OP_REDUCE_LOG_SUM_EXP] = {true, .op = WNI_REDUCE_SUM, .of_exp = true,
                                   .finish = WNI_ACT_LOG},
    [WNI_OP_REDUCE_MAX] = {true, .op = WNI_REDUCE_MAX},
    [WNI_OP_REDUCE_MEAN] = {true, .op = WNI_REDUCE_SUM, .mean = true},
    [WNI_OP_REDUCE_MIN] = {true, .op = WNI_REDUCE_MIN},
    [WNI_OP_REDUCE_PROD] = {true, .op = WNI_REDUCE_PROD},
    [WNI_OP_REDUCE_SUM] = {true, .op = WNI_REDUCE_SUM},
    [WNI_OP_REDUCE_SUM_SQUARE] = {true, .op = WNI_REDUCE_SQUARES},
};

const WniReduction *wni_reduction_of(WniOp op) {
  return &reductions[op];
}
