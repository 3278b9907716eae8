/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Joins steps whose images are large and pass from one to the next: a convolution, the depthwise
 * one behind it and a 1x1 behind that become one step that walks over bands of rows
 * (kernels/bands.c), and what lies between them is never whole in memory.
 */
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  CACHE_BYTES = 3 << 17, /* of a second cache: weights, the ring and the band */
  SMALL_BYTES = 1 << 15, /* images that are near in any case */
  MOST_ROWS = 2,
  PANEL_COLUMNS = 64 /* channels at a time where they are taken so */
};

static size_t image_bytes(const WniImage *image, WniType type) {
  return image->h * image->w * image->c * wni_type_bytes(type);
}

static size_t weight_bytes(const WniConv *conv) {
  return wni_conv_panels(conv) * conv->panel_bytes;
}

/* ---- which steps ---- */

static bool is_plain(const WniStep *step) {
  const WniConv *conv = &step->layer.conv;
  return step->kind == WNI_STEP_CONV && conv->groups == 1 && conv->out.n == 1;
}

static bool is_pointwise(const WniStep *step) {
  const WniConv *conv = &step->layer.conv;
  return is_plain(step) && conv->n_taps == 1 && conv->n_channels == conv->in.c && !conv->pad[0] &&
         !conv->pad[1] && conv->x_step == conv->in.w_stride && conv->y_step == conv->in.h_stride;
}

static bool is_depthwise(const WniStep *step) {
  const WniConv *conv = &step->layer.conv;
  return step->kind == WNI_STEP_DWCONV && conv->out.n == 1 && conv->columns > 1 &&
         conv->n_taps <= WNI_BANDS_TAPS;
}

/* Whether what step i writes is read by the next one alone, which is of that kind, and once: it may
 * be added there, too. */
static bool hands_on(const WniPlan *plan, size_t i, bool (*kind)(const WniStep *step)) {
  if (i + 1 >= plan->n_steps) return false;
  const WniStep *from = &plan->steps[i], *to = from + 1;
  const WniBuffer *buffer = &plan->buffers[from->out.buffer];
  return kind(to) && from->stage == to->stage && from->head == to->head &&
         from->out.buffer == to->in[0].buffer &&
         (to->n_in < 2 || from->out.buffer != to->in[1].buffer) && buffer->first == (int)i &&
         buffer->last == (int)i + 1;
}

/* The same of a convolution, which is read as it lies. */
static bool feeds(const WniPlan *plan, size_t i, bool (*kind)(const WniStep *step)) {
  if (!hands_on(plan, i, kind)) return false;
  const WniStep *from = &plan->steps[i], *to = from + 1;
  const WniConv *a = &from->layer.conv, *b = &to->layer.conv;
  ptrdiff_t pads = (ptrdiff_t)b->pad[0] * b->in.h_stride + (ptrdiff_t)b->pad[1] * b->in.w_stride;
  ptrdiff_t bytes = (ptrdiff_t)wni_type_bytes(b->kernel->type);
  return a->output.type == b->kernel->type && a->out.h == b->in.h && a->out.w == b->in.w &&
         a->out.c == b->in.c && a->out.w_stride == b->in.w_stride &&
         a->out.h_stride == b->in.h_stride && from->out.offset - to->in[0].offset == pads * bytes;
}

/* Which operand of step i gates the other, an image that the next step, a 1x1 convolution, reads;
 * 0: it is no such product. */
static int gate_of(const WniPlan *plan, size_t i) {
  const WniStep *step = &plan->steps[i], *to = step + 1;
  const WniElementwise *product = &step->layer.elementwise;
  const WniLoop *loop = &product->loop;
  if (step->kind != WNI_STEP_ELEMENTWISE || product->op != WNI_VEC_MUL || loop->rank != 2 ||
      product->activation.kind != WNI_ACT_NONE || !hands_on(plan, i, is_pointwise))
    return 0;
  const WniImage *in = &to->layer.conv.in;
  ptrdiff_t c = (ptrdiff_t)in->c;
  WniType type = to->layer.conv.kernel->type;
  for (int k = 0; k <= 2; k++)
    if (product->operand[k].type != type || loop->stride[k][1] != 1) return 0;
  if (type == WNI_U8 || step->out.offset != to->in[0].offset || loop->dim[0] != in->h * in->w ||
      loop->dim[1] != in->c || loop->stride[0][0] != c || in->w_stride != c ||
      in->h_stride != (ptrdiff_t)in->w * c)
    return 0;
  return loop->stride[1][0] == 0 ? 1 : loop->stride[2][0] == 0 ? 2 : 0;
}

/* ---- how ---- */

/* The product of step i and the 1x1 convolution behind it. */
static WniBands gated(const WniPlan *plan, size_t i, int gate) {
  const WniConv *project = &plan->steps[i + 1].layer.conv;
  ptrdiff_t step = plan->steps[i].layer.elementwise.loop.stride[3 - gate][0];
  WniBands bands = {.gates = true, .projects = true, .project = *project};
  WniConv *product = &bands.depthwise;
  product->kernel = wni_kernel_find(WNI_KERNEL_dwconv, project->kernel->type);
  product->output = (WniOutput){.type = project->kernel->type, .low = -INFINITY, .high = INFINITY};
  product->in = product->out = project->in;
  product->x_step = product->in.w_stride = step;
  product->y_step = product->in.h_stride = step * (ptrdiff_t)project->in.w;
  product->n_taps = 1;
  return bands;
}

/* Rows above and columns left of the depthwise convolution's input, and what its zeros are. */
static void set_window(WniBands *bands) {
  const WniConv *conv = &bands->depthwise;
  size_t columns = (size_t)conv->columns;
  ptrdiff_t row = conv->in.h_stride * (ptrdiff_t)wni_type_bytes(conv->kernel->type);
  bands->dilation =
      conv->n_taps > columns ? (size_t)((conv->tap[columns] - conv->tap[0]) / row) : 1;
  bands->pad[0] = conv->pad[0];
  bands->pad[1] = conv->pad[1];
  if (bands->expands && conv->kernel->type == WNI_U8) bands->zero = bands->expand.output.zero;
}

/* As many rows a band as leave room for the weights; 0: not even one does. */
static size_t rows_that_fit(const WniBands *bands) {
  const WniConv *conv = &bands->depthwise;
  size_t weights = weight_bytes(&bands->project), fits = 0;
  size_t stride = (size_t)(conv->y_step / conv->in.h_stride);
  size_t band_row = image_bytes(&conv->out, conv->output.type) / conv->out.h, ring_row = 0;
  if (bands->expands) {
    weights += weight_bytes(&bands->expand);
    ring_row = image_bytes(&conv->in, conv->kernel->type) / conv->in.h;
  }
  size_t taps = bands->gates ? 1 : (conv->n_taps / (size_t)conv->columns - 1) * bands->dilation + 1;
  for (size_t rows = 1; rows <= MOST_ROWS; rows++)
    if (weights + ((rows - 1) * stride + taps + 1) * ring_row + rows * band_row <= CACHE_BYTES)
      fits = rows;
  return fits;
}

/* All three, or the last two, by bands of rows. */
static bool plan_rows(WniBands *bands) {
  bands->rows = rows_that_fit(bands);
  bands->panels = bands->expands ? wni_conv_panels(&bands->expand) : 0;
  return bands->rows > 0;
}

/* The first two by panels of channels: the whole image is small beside the weights. */
static bool plan_panels(WniBands *bands) {
  size_t tile_n = (size_t)bands->expand.kernel->tile_n, panels = wni_conv_panels(&bands->expand);
  bands->rows = MOST_ROWS;
  bands->panels = PANEL_COLUMNS / tile_n ? PANEL_COLUMNS / tile_n : 1;
  return bands->panels < panels;
}

/* How many steps from i on become one; 1: this one stays alone. */
static size_t choose(const WniPlan *plan, size_t i, WniBands *bands) {
  const WniStep *first = &plan->steps[i], *depthwise = first;
  int gate = gate_of(plan, i);
  if (gate) {
    *bands = gated(plan, i, gate);
    return image_bytes(&bands->project.in, bands->project.kernel->type) >= SMALL_BYTES &&
                   plan_rows(bands)
               ? 2
               : 1;
  }
  if (is_plain(first) && !first->layer.conv.residual.n && feeds(plan, i, is_depthwise)) depthwise++;
  if (!is_depthwise(depthwise)) return 1;
  const WniConv *conv = &depthwise->layer.conv;
  *bands = (WniBands){.expands = depthwise > first, .depthwise = *conv};
  if (bands->expands) bands->expand = first->layer.conv;
  set_window(bands);
  size_t between = bands->expands ? image_bytes(&conv->in, conv->kernel->type)
                                  : image_bytes(&conv->out, conv->output.type);
  if (between < SMALL_BYTES) return 1;
  if (feeds(plan, (size_t)(depthwise - plan->steps), is_pointwise)) {
    bands->project = depthwise[1].layer.conv;
    bands->projects = true;
    if (plan_rows(bands)) return bands->expands ? 3 : 2;
    bands->projects = false;
  }
  return bands->expands && plan_panels(bands) ? 2 : 1;
}

/* ---- the new step ---- */

/* Texts of the steps with `between` between them, owned by the plan's step. */
static char *join(const WniStep *steps, size_t n, const char *between, bool kernels) {
  char text[256] = "";
  for (size_t i = 0; i < n; i++) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s%s", i ? between : "",
             kernels ? steps[i].kernel : steps[i].op);
  }
  return strdup(text);
}

/* A product becomes a depthwise convolution, with what one has besides weights; the operands of the
 * step `out` that is made of it and what follows. */
static bool set_gate(WniPlan *plan, WniStep *product, WniBands *bands, WniStep *out) {
  int gate = gate_of(plan, (size_t)(product - plan->steps));
  out->in[0] = product->in[2 - gate];
  out->in[3] = product->in[gate - 1];
  product->kernel = bands->depthwise.kernel->name;
  bands->depthwise.tap = wni_plan_alloc(plan, 1, sizeof *bands->depthwise.tap);
  bands->depthwise.bias = wni_plan_alloc(plan, bands->depthwise.out.c, sizeof(float));
  return bands->depthwise.tap && bands->depthwise.bias;
}

/* The n steps at `steps` as one. */
static WnStatus make_step(WniPlan *plan, WniStep *steps, size_t n, WniBands *bands, WniStep *out) {
  WniStep *last = &steps[n - 1];
  size_t work_bytes = wni_bands_plan(bands);
  *out = *last;
  out->kind = WNI_STEP_BANDS;
  out->op = join(steps, n, ", ", false);
  out->in[0] = steps[0].in[0];
  out->in[1] = (WniOperand){.buffer = steps[0].out.buffer};
  out->in[2] = last->in[1]; /* the residual */
  out->n_in = 3;
  bool made = !bands->gates || set_gate(plan, steps, bands, out);
  char *kernel = join(steps, n, " ", true);
  char *kept = kernel ? wni_plan_alloc(plan, strlen(kernel) + 1, 1) : NULL;
  out->kernel = kept ? strcpy(kept, kernel) : NULL;
  free(kernel);
  out->macs = out->parameters = out->bytes = 0;
  for (size_t i = 0; i < n; i++) {
    out->macs += steps[i].macs;
    out->parameters += steps[i].parameters;
    out->bytes += steps[i].bytes;
    free(steps[i].op);
    if (i + 1 == n) break;
    const WniConv *next = &steps[i + 1].layer.conv; /* what it reads is not whole in memory */
    out->bytes -= 2 * image_bytes(&next->in, next->kernel->type);
    plan->buffers[steps[i].out.buffer].bytes = i ? 0 : work_bytes;
    free(steps[i].name);
  }
  out->layer.bands = *bands;
  return made && out->op && out->kernel ? WN_OK : WN_ERROR_MEMORY;
}

/* Steps have moved: step s is now moved[s]. */
static void move_buffers(WniPlan *plan, const int *moved) {
  for (size_t b = 0; b < plan->n_buffers; b++) {
    WniBuffer *buffer = &plan->buffers[b];
    if (buffer->first >= 0) buffer->first = moved[buffer->first];
    if (buffer->last >= 0) buffer->last = moved[buffer->last];
  }
}

WnStatus wni_plan_join_bands(WniPlan *plan) {
  size_t kept = 0;
  WnStatus status = WN_OK;
  int *moved = malloc((plan->n_steps + 1) * sizeof *moved);
  if (!moved) return WN_ERROR_MEMORY;
  for (size_t i = 0, n; i < plan->n_steps; i += n, kept++) {
    WniBands bands;
    WniStep step;
    n = status == WN_OK ? choose(plan, i, &bands) : 1;
    for (size_t k = 0; k < n; k++) moved[i + k] = (int)kept;
    if (n > 1) {
      status = make_step(plan, &plan->steps[i], n, &bands, &step);
      plan->steps[kept] = step;
    } else {
      plan->steps[kept] = plan->steps[i];
    }
  }
  moved[plan->n_steps] = (int)kept;
  plan->n_steps = kept;
  move_buffers(plan, moved);
  free(moved);
  return status;
}
