/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See extract.h.
 */
#include "teach/extract.h"

#include "base/error.h"
#include "session/model_info.h"

#include <math.h>
#include <stdlib.h>

WnStatus wni_extractor_open(WniExtractor *extractor, WniBackbone *backbone, const char *path,
                            const WnMeaning *given, int32_t threads, WnError *error) {
  WniWriter writer = {0};
  /* Never bf16: heads are learnt from what the network says at run time. */
  const WnModelOptions options = {.any_graph = true,
                                  .meaning = given,
                                  .precision =
                                      backbone->quantized ? WN_PRECISION_AUTO : WN_PRECISION_FP32};
  WnStatus status = wni_backbone_write(backbone, NULL, &writer, error);
  if (status == WN_OK) {
    const WniOnnx onnx = {.proto = &writer.model, .opset = backbone->network.file.opset};
    status = wni_model_from_onnx(&onnx, path, &options, &extractor->model, error);
  }
  wni_writer_clear(&writer);
  if (status != WN_OK) return wni_model_name_file(path, NULL, status, error);
  if (!extractor->model->image)
    return wni_fail(error, WN_ERROR_UNSUPPORTED, "'%.200s' does not take frames: %s", path,
                    extractor->model->not_image);
  extractor->target = extractor->model->targets[0];
  extractor->n_features = wni_backbone_features(backbone);
  const WniInputMeaning *meaning = &backbone->network.metadata.inputs[0];
  extractor->target.bgr = meaning->bgr && extractor->target.channels == 3;
  extractor->target.rounding = meaning->rounding;
  extractor->target.interpolation = meaning->interpolation;
  extractor->target.crop = given && given->crop && *given->crop ? meaning->crop : 0;
  status = wni_target_normalise(meaning, &extractor->target, error);
  if (status != WN_OK) return wni_model_name_file(path, NULL, status, error);
  const WnSessionOptions how = {.threads = threads};
  return wn_session_new(extractor->model, &how, &extractor->session, error);
}

void wni_extractor_clear(WniExtractor *extractor) {
  wni_recipe_clear(&extractor->recipe);
  wn_session_free(extractor->session);
  wn_model_unref(extractor->model);
  *extractor = (WniExtractor){0};
}

bool wni_extractor_fits(const WniExtractor *extractor, const WnFrame *frame, const WnRect *region) {
  const WniImageTarget *target = &extractor->target;
  WnRect r = wni_frame_clip(frame, region);
  return (int64_t)r.width * target->height == (int64_t)r.height * target->width;
}

/* ---- one view ---- */

typedef struct Look {
  WniExtractor *extractor;
  const WnFrame *frame;
} Look;

static float *input_of(const WniExtractor *extractor) {
  return (float *)extractor->session->arena + extractor->model->plan.inputs[0].tensor.offset;
}

static void preprocess(void *context, WniThread thread) {
  const Look *look = context;
  WniExtractor *extractor = look->extractor;
  wni_input_halo_clear(extractor->session, 0, thread);
  wni_recipe_run(&extractor->recipe, look->frame, &extractor->target, input_of(extractor), thread);
}

static void mirror_row(float *row, ptrdiff_t step, int n) {
  for (int left = 0, right = n - 1; left < right; left++, right--) {
    float swapped = row[left * step];
    row[left * step] = row[right * step];
    row[right * step] = swapped;
  }
}

/* (gain x - mean) / std, from (x - mean) / std. */
static void light_row(float *row, ptrdiff_t step, int n, float gain, float mean_over_std) {
  for (int i = 0; i < n; i++) row[i * step] = gain * row[i * step] + (gain - 1) * mean_over_std;
}

/* In place; the bars of a letterbox stay as they are. */
static void change(WniExtractor *extractor, const WniGlance *view) {
  const WniImageTarget *t = &extractor->target;
  const WniRecipe *shown = &extractor->recipe;
  float *picture = input_of(extractor);
  for (int c = 0; c < t->channels; c++) {
    float over = (float)(t->mean[c] / t->std[c]);
    for (int y = shown->top; y < shown->top + shown->height; y++) {
      float *row =
          picture + c * t->channel_stride + y * t->row_stride + shown->left * t->column_stride;
      if (view->mirror) mirror_row(row, t->column_stride, shown->width);
      if (view->gain != 1) light_row(row, t->column_stride, shown->width, view->gain, over);
    }
  }
}

/* The taps' features one behind the other; false: one is not finite. */
static bool collect(const WniExtractor *extractor, float *features) {
  const WniPlan *plan = &extractor->model->plan;
  bool finite = true;
  for (int o = 0; o < plan->n_outputs; o++) {
    const WniTensor *tensor = &plan->outputs[o];
    const float *from = wni_tensor_data(tensor, extractor->session->arena);
    for (int64_t i = 0; i < tensor->shape.dim[1]; i++, features++) {
      *features = from[i * tensor->stride[1]];
      finite = finite && isfinite(*features);
    }
  }
  return finite;
}

WnStatus wni_extract(WniExtractor *extractor, const WnFrame *frame, const WniGlance *view,
                     float *features, WnError *error) {
  WnSession *session = extractor->session;
  WnStatus status = wni_frame_check(frame, view->region, error);
  if (status != WN_OK) return status;
  extractor->recipe.valid &= extractor->target.resize == view->resize;
  extractor->target.resize = view->resize;
  status = wni_recipe_update(&extractor->recipe, frame, view->region, &extractor->target,
                             session->threads, error);
  if (status != WN_OK) return status;
  wni_parallel_run(session->threads, preprocess, &(Look){extractor, frame});
  if (view->mirror || view->gain != 1) change(extractor, view);
  wn_session_run(session, false, NULL);
  if (collect(extractor, features)) return WN_OK;
  return wni_fail(error, WN_ERROR_NUMERIC, "the network's numbers are not finite for this picture");
}

/* ---- copies ---- */

uint8_t *wni_extract_copy(const WnFrame *frame, const WnRect *region, int side, WnFrame *out,
                          WnError *error) {
  WnRect r = wni_frame_clip(frame, region);
  int shorter = r.width < r.height ? r.width : r.height;
  double scale = shorter > side ? (double)side / shorter : 1;
  int width = (int)fmax(1, round(r.width * scale)), height = (int)fmax(1, round(r.height * scale));
  uint8_t *pixels = malloc(3 * (size_t)width * (size_t)height);
  if (!pixels) {
    wni_fail_memory(error, "a photo");
    return NULL;
  }
  if (wni_frame_scale_rgb(frame, &r, width, height, pixels, 3 * width, error) != WN_OK) {
    free(pixels);
    return NULL;
  }
  *out = (WnFrame){.format = WN_PIXEL_RGB,
                   .width = width,
                   .height = height,
                   .plane = {pixels},
                   .stride_bytes = {3 * width}};
  return pixels;
}
