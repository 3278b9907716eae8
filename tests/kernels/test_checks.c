/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What kernels.h asks of the arguments: a call that breaks it ends the process at once, in every
 * variant.  Each row of FAULTS breaks one of them; the same call without a fault returns.
 */
#include "cases.h"
#include "kernels/layers.h"
#include "variants.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  F32 = 1 << WNI_F32,
  BF16 = 1 << WNI_BF16,
  U8 = 1 << WNI_U8,
  I16 = 1 << WNI_I16,
  F16 = 1 << WNI_F16
};
enum { ANY = F32 | BF16 | U8 | I16 | F16, REFERENCE = 1 << WNI_TYPE_COUNT /* or the drivers */ };

/* The arguments of kinds that have no structure. */
typedef struct FcArgs {
  const void *w[WNI_FC_ROWS];
  int n;
} FcArgs;
typedef WniQuant LoadArgs;
typedef WniQuant StoreArgs;
typedef WniVecOp VecArgs;
typedef WniActivation ActArgs;
typedef WniReduceOp ReduceArgs;
typedef size_t SoftmaxArgs;

#define KINDS(KIND)                                                                                \
  KIND(igemm, WniIgemmArgs)                                                                        \
  KIND(dwconv, WniDwconvArgs)                                                                      \
  KIND(fc, FcArgs)                                                                                 \
  KIND(winograd_in, WniWinogradInArgs)                                                             \
  KIND(winograd_out, WniWinogradOutArgs)                                                           \
  KIND(maxpool, WniPoolArgs)                                                                       \
  KIND(avgpool, WniPoolArgs)                                                                       \
  KIND(load, LoadArgs)                                                                             \
  KIND(store, StoreArgs)                                                                           \
  KIND(vec, VecArgs)                                                                               \
  KIND(act, ActArgs)                                                                               \
  KIND(reduce, ReduceArgs)                                                                         \
  KIND(norm, WniNormArgs)                                                                          \
  KIND(softmax, SoftmaxArgs)                                                                       \
  KIND(rows, WniRowsArgs)                                                                          \
  KIND(columns, WniColumnsArgs)

typedef struct Call {
  const WniKernel *kernel;
  union {
#define MEMBER(kind, Args) Args kind;
    KINDS(MEMBER)
  } args;
} Call;

/* Kind, types, name, what breaks the arguments `a`. */
#define FAULTS(FAULT)                                                                              \
  FAULT(igemm, ANY, no_pixel, a->m = 0)                                                            \
  FAULT(igemm, ANY, pixel_too_many, a->m = tile_m + 1)                                             \
  FAULT(igemm, ANY, no_column, a->n = 0)                                                           \
  FAULT(igemm, ANY | REFERENCE, no_taps, a->n_taps = 0)                                            \
  FAULT(igemm, I16 | REFERENCE, odd_channels, a->n_channels = 3)                                   \
  FAULT(igemm, F32 | BF16 | REFERENCE, output_of_bytes, a->output.type = WNI_U8)                   \
  FAULT(igemm, U8 | REFERENCE, output_of_halves, a->output.type = WNI_BF16)                        \
  FAULT(igemm, U8 | REFERENCE, clamp_below_bytes, a->output.low = -INFINITY)                       \
  FAULT(igemm, U8 | REFERENCE, clamp_above_bytes, a->output.high = 256)                            \
  FAULT(igemm, U8 | REFERENCE, zero_beyond_bytes, a->output.zero = 256)                            \
  FAULT(igemm, U8 | REFERENCE, no_scale, a->scale = NULL)                                          \
  FAULT(igemm, U8 | REFERENCE, residual, a->residual = a->x)                                       \
  FAULT(dwconv, ANY, no_taps, a->n_taps = 0)                                                       \
  FAULT(dwconv, ANY, weights_of_fewer_channels, a->w_step = a->n_channels - 1)                     \
  FAULT(dwconv, ANY, rows_that_are_not_whole, a->columns = 2)                                      \
  FAULT(dwconv, F32 | BF16, pixels_between_elements, a->x_step = 1)                                \
  FAULT(dwconv, F32 | BF16, outputs_between_elements, a->y_step = 1)                               \
  FAULT(dwconv, F32 | BF16, output_of_bytes, a->output.type = WNI_U8)                              \
  FAULT(dwconv, U8, clamp_above_bytes, a->output.high = 256)                                       \
  FAULT(dwconv, U8, no_scale, a->scale = NULL)                                                     \
  FAULT(fc, ANY, no_row, a->n = 0)                                                                 \
  FAULT(fc, ANY, row_too_many, a->n = WNI_FC_ROWS + 1)                                             \
  FAULT(fc, ANY, row_without_weights, a->w[WNI_FC_ROWS - 1] = NULL)                                \
  FAULT(winograd_in, ANY, unknown_side, a->t = 5)                                                  \
  FAULT(winograd_in, U8, inexact_side, a->t = 6)                                                   \
  FAULT(winograd_in, ANY, odd_channels, a->n_channels = WNI_WINOGRAD_CHANNELS - 1)                 \
  FAULT(winograd_in, ANY, planes_overlap, a->v_stride = WNI_WINOGRAD_CHANNELS - 1)                 \
  FAULT(winograd_out, ANY, unknown_side, a->t = 5)                                                 \
  FAULT(winograd_out, ANY, no_rows, a->rows = 0)                                                   \
  FAULT(winograd_out, ANY, column_too_many, a->columns = 3)                                        \
  FAULT(winograd_out, ANY, odd_channels, a->n_channels = WNI_WINOGRAD_CHANNELS - 1)                \
  FAULT(winograd_out, ANY, planes_overlap, a->v_stride = WNI_WINOGRAD_CHANNELS - 1)                \
  FAULT(winograd_out, U8, no_scale, a->scale = NULL)                                               \
  FAULT(winograd_out, F32, output_of_bytes, a->output.type = WNI_U8)                               \
  FAULT(maxpool, ANY, no_rows, a->n_rows = 0)                                                      \
  FAULT(maxpool, ANY, no_columns, a->n_columns = 0)                                                \
  FAULT(avgpool, ANY, no_rows, a->n_rows = 0)                                                      \
  FAULT(avgpool, ANY, no_columns, a->n_columns = 0)                                                \
  FAULT(load, U8, zero_beyond_bytes, a->zero = 256)                                                \
  FAULT(store, U8, zero_below_bytes, a->zero = -1)                                                 \
  FAULT(vec, ANY, unknown_operation, *a = WNI_VEC_OP_COUNT)                                        \
  FAULT(act, ANY, unknown_kind, a->kind = WNI_ACT_COUNT)                                           \
  FAULT(reduce, ANY, unknown_reduction, *a = WNI_REDUCE_OP_COUNT)                                  \
  FAULT(norm, ANY, no_elements, a->n = 0)                                                          \
  FAULT(norm, ANY, elements_too_many, a->n = WNI_NORM_MOST + 1)                                    \
  FAULT(norm, ANY, shift_alone, a->scale = NULL)                                                   \
  FAULT(softmax, ANY, no_elements, *a = 0)                                                         \
  FAULT(rows, ANY, no_rows, a->n_rows = 0)                                                         \
  FAULT(columns, ANY, no_samples, a->step = 0)                                                     \
  FAULT(columns, ANY, sample_too_many, a->step = 5)                                                \
  FAULT(columns, ANY, odd_taps, a->n_taps = WNI_COLUMNS_TAPS - 1)

#define ARGS(kind, Args) typedef Args Args_##kind;
KINDS(ARGS)
#define BREAK(kind, types, name, statement)                                                        \
  static void kind##_##name(Call *call) {                                                          \
    Args_##kind *a = &call->args.kind;                                                             \
    const int tile_m = call->kernel->tile_m, tile_n = call->kernel->tile_n;                        \
    (void)tile_m, (void)tile_n;                                                                    \
    statement;                                                                                     \
  }
FAULTS(BREAK)

static const struct Fault {
  const char *name;
  WniKernelKind kind;
  int types;
  void (*make)(Call *call);
} faults[] = {
#define ROW(kind, types, name, statement)                                                          \
  {#kind ": " #name, WNI_KERNEL_##kind, types, kind##_##name},
    FAULTS(ROW)};

/* ---- calls without a fault ---------------------------------------------------------- */

enum { CHANNELS = WNI_WINOGRAD_CHANNELS, ROOM = 1 << 16 };
static _Alignas(64) char in[ROOM], out[ROOM]; /* zeros */
static const ptrdiff_t tap[1] = {0};
static const void *x_at[WNI_MAX_TILE_M];
static void *y_at[WNI_MAX_TILE_M];

static WniType stored(WniType type) {
  return type == WNI_I16 ? WNI_F32 : type;
}

static WniNormArgs good_norm(void) {
  return (WniNormArgs){.x = (const void *)in,
                       .n_rows = 1,
                       .n = 1,
                       .scale = (const void *)in,
                       .shift = (const void *)in,
                       .y = (void *)out};
}

static WniColumnsArgs good_columns(void) {
  return (WniColumnsArgs){.x = (const void *)in,
                          .weights = (const void *)in,
                          .first = (const void *)in,
                          .step = 1,
                          .n_taps = WNI_COLUMNS_TAPS,
                          .n_out = 1,
                          .y = (void *)out};
}

static Call good_call(const WniKernel *kernel) {
  WniOutput output = output_of(stored(kernel->type), 0, true);
  const void *scale = kernel->type == WNI_U8 ? in : NULL;
  Call call = {.kernel = kernel};
  for (size_t i = 0; i < WNI_MAX_TILE_M; i++) x_at[i] = in, y_at[i] = out;
  switch (kernel->kind) {
  case WNI_KERNEL_igemm:
    call.args.igemm = (WniIgemmArgs){.m = 1,
                                     .n = 1,
                                     .n_taps = 1,
                                     .n_channels = 4,
                                     .tap = tap,
                                     .x = x_at,
                                     .w = in,
                                     .bias = in,
                                     .scale = scale,
                                     .y = y_at,
                                     .output = output};
    break;
  case WNI_KERNEL_dwconv:
    call.args.dwconv = (WniDwconvArgs){.n_pixels = 2,
                                       .n_channels = CHANNELS,
                                       .n_taps = 1,
                                       .w_step = CHANNELS,
                                       .x_step = CHANNELS * 4,
                                       .y_step = CHANNELS * 4,
                                       .tap = tap,
                                       .x = in,
                                       .w = in,
                                       .bias = in,
                                       .scale = scale,
                                       .y = out,
                                       .output = output};
    break;
  case WNI_KERNEL_fc:
    call.args.fc = (FcArgs){.w = {in, in, in, in}, .n = 1};
    break;
  case WNI_KERNEL_winograd_in:
    call.args.winograd_in = (WniWinogradInArgs){
        .t = 4, .n_channels = CHANNELS, .x = in, .v = out, .v_stride = CHANNELS};
    break;
  case WNI_KERNEL_winograd_out:
    call.args.winograd_out = (WniWinogradOutArgs){.m = 2,
                                                  .t = 4,
                                                  .rows = 1,
                                                  .columns = 1,
                                                  .n_channels = CHANNELS,
                                                  .v = in,
                                                  .v_stride = CHANNELS,
                                                  .bias = in,
                                                  .scale = scale,
                                                  .y = out,
                                                  .output = output};
    break;
  case WNI_KERNEL_maxpool:
  case WNI_KERNEL_avgpool:
    call.args.maxpool =
        (WniPoolArgs){.x = in, .n_rows = 1, .n_columns = 1, .n_channels = CHANNELS, .y = out};
    break;
  case WNI_KERNEL_load:
  case WNI_KERNEL_store:
    call.args.load = (WniQuant){.scale = 1};
    break;
  case WNI_KERNEL_norm:
    call.args.norm = good_norm();
    break;
  case WNI_KERNEL_softmax:
    call.args.softmax = 1;
    break;
  case WNI_KERNEL_rows:
    call.args.rows = (WniRowsArgs){.x = (const uint8_t *)in, .n_rows = 1, .n = 1, .y = (void *)out};
    break;
  case WNI_KERNEL_columns:
    call.args.columns = good_columns();
    break;
  default: /* vec copies, act does nothing */
    break;
  }
  return call;
}

static void run(const void *at) {
  const Call *call = at;
  const WniKernel *kernel = call->kernel;
  const float *x = (const void *)in;
  float *y = (void *)out;
  switch (kernel->kind) {
#define RUN(kind)                                                                                  \
  case WNI_KERNEL_##kind:                                                                          \
    kernel->run.kind(&call->args.kind);                                                            \
    return;
    RUN(igemm)
    RUN(dwconv)
    RUN(winograd_in)
    RUN(winograd_out)
    RUN(maxpool)
    RUN(avgpool)
    RUN(norm)
    RUN(rows)
    RUN(columns)
  case WNI_KERNEL_fc:
    kernel->run.fc(in, call->args.fc.w, 1, call->args.fc.n, out);
    return;
  case WNI_KERNEL_load:
    kernel->run.load(in, &call->args.load, 1, y);
    return;
  case WNI_KERNEL_store:
    kernel->run.store(x, &call->args.store, 1, out);
    return;
  case WNI_KERNEL_vec:
    kernel->run.vec(call->args.vec, x, x, x, 1, y);
    return;
  case WNI_KERNEL_act:
    kernel->run.act(&call->args.act, 1, y);
    return;
  case WNI_KERNEL_reduce:
    kernel->run.reduce(call->args.reduce, x, 1, 1, 1, y);
    return;
  case WNI_KERNEL_softmax:
    kernel->run.softmax(x, call->args.softmax, y);
    return;
  case WNI_KERNEL_KIND_COUNT:
    return;
  }
}

/* ---- what comes of them --------------------------------------------------------------- */

/* Whether the function ends the process, a child, as assert() does.  Quietly: these are no faults.
 */
static bool aborts(void (*function)(const void *), const void *with) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    signal(SIGABRT, SIG_DFL);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    function(with);
    _exit(0);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGABRT;
  ck_assert_int_eq(WEXITSTATUS(status), 0);
  return false;
}

START_TEST(every_fault_is_caught) {
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    for (int type = 0; type < WNI_TYPE_COUNT; type++) {
      if (!(faults[i].types >> type & 1)) continue;
      for
        EACH_VARIANT(k, faults[i].kind, (WniType)type) {
          if (faults[i].types & REFERENCE && k != reference(k->kind, k->type)) continue;
          Call call = good_call(k);
          faults[i].make(&call);
          if (!aborts(run, &call)) ck_abort_msg("%s runs with %s", k->name, faults[i].name);
        }
    }
}
END_TEST

START_TEST(without_a_fault_they_run) {
  for (int kind = 0; kind < WNI_KERNEL_KIND_COUNT; kind++)
    for (int type = 0; type < WNI_TYPE_COUNT; type++)
      for
        EACH_VARIANT(k, (WniKernelKind)kind, (WniType)type) {
          Call call = good_call(k);
          if (aborts(run, &call)) ck_abort_msg("%s does not run", k->name);
        }
}
END_TEST

static void run_conv(const void *conv) {
  wni_conv_run(conv, in, NULL, out, (WniThread){.count = 1});
}

/* The driver asserts for all variants what only the references do. */
START_TEST(conv_checks_what_it_passes_on) {
  const WniKernel *kernel = wni_kernel_find(WNI_KERNEL_igemm, WNI_U8);
  const WniImage pixel = {1, 1, 1, 4, 4, 4, 4};
  WniConv conv = {.kernel = kernel,
                  .output = output_of(WNI_U8, 128, false),
                  .in = pixel,
                  .out = pixel,
                  .groups = 1,
                  .n_taps = 1,
                  .n_channels = 4,
                  .tap = &(ptrdiff_t){0},
                  .weights = in,
                  .panel_bytes = 4,
                  .bias = in,
                  .scale = (void *)in};
  ck_assert(!aborts(run_conv, &conv));
  conv.scale = NULL;
  ck_assert(aborts(run_conv, &conv));
  conv.scale = (void *)in;
  conv.output.zero = 256;
  ck_assert(aborts(run_conv, &conv));
}
END_TEST

TCase *case_checks(void) {
#ifdef NDEBUG
  const TTest *const tests[] = {without_a_fault_they_run};
  (void)every_fault_is_caught, (void)conv_checks_what_it_passes_on;
#else
  const TTest *const tests[] = {every_fault_is_caught, without_a_fault_they_run,
                                conv_checks_what_it_passes_on};
#endif
  return case_of("checks", tests, sizeof tests / sizeof *tests, 1);
}
