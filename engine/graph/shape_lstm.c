/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of LSTM: X [times][batch][inputs], Y [times][directions][batch][hidden].
 */
#include "graph/infer.h"

enum { GATES = 4, MAX_HIDDEN = 1 << 20 };

static bool has_shape(const WniShape *shape, int64_t a, int64_t b, int64_t c) {
  return shape->dim[0] == a && shape->dim[1] == b && (shape->rank < 3 || shape->dim[2] == c);
}

/* Every sequence is as long as the longest. */
static bool lengths_are(const WniValue *lengths, int64_t times) {
  if (!lengths->known) return false;
  for (size_t i = 0; i < lengths->constant.count; i++)
    if (wni_constant_integer(&lengths->constant, i) != times) return false;
  return true;
}

static WnStatus check_form(WniInference *inference) {
  const WniValue *lengths = wni_node_input(inference->graph, inference->node, 4);
  const char *what = NULL;
  if (wni_infer_attr(inference, "layout", 0)) what = "layout = 1";
  if (wni_infer_attr(inference, "input_forget", 0)) what = "input_forget = 1";
  if (wni_infer_input(inference, 7)) what = "a peephole (input P)";
  if (lengths && !lengths_are(lengths, inference->in->dim[0]))
    what = "a sequence shorter than the others, or of a length that is computed,";
  if (!what) return WN_OK;
  return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                       "%s is not supported", what);
}

WnStatus wni_infer_lstm(WniInference *inference) {
  const WniNode *node = inference->node;
  const WniShape *x = inference->in, *w = wni_infer_input(inference, 1),
                 *r = wni_infer_input(inference, 2), *b = wni_infer_input(inference, 3);
  int64_t directions = wni_attr_is(node->proto, "direction", "bidirectional") ? 2 : 1;
  int64_t batch = x->dim[1], hidden = r->dim[2];
  WnStatus status = check_form(inference);
  if (status != WN_OK) return status;
  bool fits = hidden >= 1 && hidden <= MAX_HIDDEN && x->dim[2] >= 1 &&
              wni_infer_attr(inference, "hidden_size", hidden) == hidden &&
              has_shape(w, directions, GATES * hidden, x->dim[2]) &&
              has_shape(r, directions, GATES * hidden, hidden) &&
              (!b || has_shape(b, directions, 2 * GATES * hidden, 0));
  for (int i = 5; i < 7; i++) {
    const WniShape *state = wni_infer_input(inference, i);
    fits = fits && (!state || has_shape(state, directions, batch, hidden));
  }
  if (!fits) return WNI_INFER_FAIL(inference, "its weights do not fit its input or each other");
  inference->out = (WniShape){4, {x->dim[0], directions, batch, hidden}};
  for (int i = 1; i < node->n_out; i++) {
    WniValue *last = &inference->graph->values[node->out[i]];
    last->shape = (WniShape){3, {directions, batch, hidden}};
    last->shaped = true;
  }
  return WN_OK;
}
