/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of what is made of several products: Einsum and Attention.
 */
#include "graph/attention.h"
#include "graph/einsum.h"
#include "graph/infer.h"

WnStatus wni_infer_einsum(WniInference *inference) {
  WniEinsum einsum;
  WnStatus status = wni_einsum_read(inference->graph, inference->node, &einsum, inference->error);
  inference->out.rank = einsum.n_out;
  for (int i = 0; status == WN_OK && i < einsum.n_labels; i++)
    if (einsum.label[i].out >= 0) inference->out.dim[einsum.label[i].out] = einsum.label[i].dim;
  return status;
}

WnStatus wni_infer_attention(WniInference *inference) {
  WniAttention attention;
  WnStatus status =
      wni_attention_read(inference->graph, inference->node, &attention, inference->error);
  const WniAttention *a = &attention;
  inference->out = inference->in->rank == 3
                       ? (WniShape){3, {a->batch, a->queries, a->heads * a->value_size}}
                       : (WniShape){4, {a->batch, a->heads, a->queries, a->value_size}};
  return status;
}
