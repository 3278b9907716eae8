/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See onnx.h.  The parser allocates through a budget in proportion to the file's
 * size, because a short message can ask protobuf for large structures.
 */
#include "load/onnx.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "load/borrow.h"
#include "load/external.h"
#include "load/foreign.h"
#include "load/functions.h"
#include "load/nesting.h"
#include "load/old.h"
#include "load/order.h"
#include "load/sparse.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FILE_BYTES ((size_t)2 << 30) /* protobuf's own limit */

/* Each allocation carries its size in front, so that freeing gives it back. */
typedef union Header {
  size_t size;
  max_align_t align;
} Header;

/* A file of tiny messages becomes some fifteen times larger. */
static size_t parser_bytes(size_t file_bytes) {
  return ((size_t)64 << 20) + file_bytes * 20;
}

static void *budget_alloc(void *user, size_t size) {
  WniBudget *budget = user;
  if (size > budget->bytes || budget->bytes - size < sizeof(Header)) {
    budget->refused = size;
    return NULL;
  }
  Header *header = malloc(sizeof *header + size);
  if (!header) {
    budget->missing = size;
    return NULL;
  }
  header->size = size;
  budget->bytes -= sizeof *header + size;
  return header + 1;
}

static void budget_free(void *user, void *memory) {
  WniBudget *budget = user;
  if (!memory) return;
  Header *header = (Header *)memory - 1;
  budget->bytes += sizeof *header + header->size;
  free(header);
}

static WnStatus check_opset(WniOnnx *onnx, const char *path, WnError *error) {
  const Onnx__ModelProto *proto = onnx->proto;
  for (size_t i = 0; i < proto->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *set = proto->opset_import[i];
    if (!set->domain || !*set->domain || strcmp(set->domain, "ai.onnx") == 0)
      onnx->opset = set->version;
  }
  if (onnx->opset < 1 || onnx->opset > WNI_NEWEST_OPSET)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "'%s': opset %lld is not supported; export with opset 1 to %d", path,
                    (long long)onnx->opset, WNI_NEWEST_OPSET);
  return WN_OK;
}

/* Parses the file, whose weights stay where they are if it is of the usual kind. */
static void parse(WniOnnx *onnx) {
  ProtobufCAllocator allocator = {budget_alloc, budget_free, &onnx->budget};
  WniLightModel light;
  if (wni_light_make(onnx->file, onnx->file_bytes, &light)) {
    onnx->proto = onnx__model_proto__unpack(&allocator, light.size, light.data);
    bool lent = onnx->proto && wni_light_lend(&light, onnx->proto);
    wni_light_clear(&light);
    if (lent) return;
    if (onnx->proto) onnx__model_proto__free_unpacked(onnx->proto, &allocator);
  }
  onnx->proto = onnx__model_proto__unpack(&allocator, onnx->file_bytes, onnx->file);
  free(onnx->file);
  onnx->file = NULL;
  onnx->file_bytes = 0;
}

/* Why the parser made nothing of a file that may be a model. */
static WnStatus fail_parse(const WniOnnx *onnx, const char *path, size_t size, const char *foreign,
                           WnError *error) {
  const WniBudget *budget = &onnx->budget;
  if (!onnx->proto && budget->missing)
    return wni_fail(error, WN_ERROR_MEMORY,
                    "'%s': not enough memory: there were no %zu bytes to parse it", path,
                    budget->missing);
  if (!onnx->proto && budget->refused)
    return wni_fail(error, WN_ERROR_MEMORY,
                    "'%s': parsing its %zu bytes takes more than %zu MiB, which is the limit for a "
                    "file of that size",
                    path, size, parser_bytes(size) >> 20);
  return wni_fail(error, WN_ERROR_MODEL, "'%s' is not an ONNX model: %s", path,
                  size == 0      ? "the file is empty"
                  : foreign      ? foreign
                  : !onnx->proto ? "it is damaged, cut short or of another format"
                                 : "it has no graph");
}

WnStatus wni_onnx_load(const char *path, WniOnnx *out, WnError *error) {
  size_t size;
  *out = (WniOnnx){0};
  WnStatus status = wni_file_read(path, MAX_FILE_BYTES, &out->file, &size, error);
  if (status != WN_OK) return status;
  out->file_bytes = size;
  out->crc32 = wni_crc32(out->file, size);
  out->budget.bytes = parser_bytes(size);
  out->pieces.left = ((size_t)64 << 20) + size * 8;
  const char *foreign = wni_foreign_file(out->file, size); /* parsing gives the bytes away */
  if (size && wni_nesting_is_bounded(out->file, size)) parse(out);
  if (!out->proto || !out->proto->graph || out->proto->graph->n_node == 0) {
    status = fail_parse(out, path, size, foreign, error);
    goto fail;
  }
  status = check_opset(out, path, error);
  if (status == WN_OK) status = wni_sparse_read(out, error);
  if (status == WN_OK) status = wni_functions_inline(out, error);
  if (status == WN_OK && out->opset < 6) wni_old_attributes(out->proto->graph);
  if (status == WN_OK) status = wni_order_nodes(out->proto->graph, error);
  if (status == WN_OK) status = wni_external_read(out, path, error);
  if (status != WN_OK) goto fail;
  return WN_OK;
fail:
  wni_onnx_clear(out);
  return status;
}

void wni_onnx_strip(WniOnnx *onnx) {
  ProtobufCAllocator allocator = {budget_alloc, budget_free, &onnx->budget};
  wni_external_take_back(onnx);
  if (onnx->parsed_graph) onnx->proto->graph = onnx->parsed_graph;
  wni_sparse_clear(onnx);
  wni_pieces_clear(&onnx->pieces);
  if (onnx->proto && onnx->file) wni_light_take_back(onnx->file, onnx->file_bytes, onnx->proto);
  if (onnx->proto) onnx__model_proto__free_unpacked(onnx->proto, &allocator);
  onnx->proto = NULL;
  onnx->parsed_graph = NULL;
}

void wni_onnx_clear(WniOnnx *onnx) {
  wni_onnx_strip(onnx);
  wni_external_clear(onnx);
  free(onnx->file);
  *onnx = (WniOnnx){0};
}

static bool is_within(uintptr_t begin, uintptr_t end, const uint8_t *file, size_t size) {
  return file && begin >= (uintptr_t)file && end <= (uintptr_t)file + size;
}

bool wni_onnx_holds(const WniOnnx *onnx, const void *data, size_t size) {
  uintptr_t begin = (uintptr_t)data, end = begin + size;
  return is_within(begin, end, onnx->file, onnx->file_bytes) ||
         is_within(begin, end, onnx->external.data, onnx->external.size);
}

void wni_onnx_release(const WniOnnx *onnx, const void *data, size_t size) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t begin = (uintptr_t)data, end = begin + size;
  if (!wni_onnx_holds(onnx, data, size)) return;
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
}

const char *wni_onnx_metadata(const WniOnnx *onnx, const char *key) {
  const Onnx__ModelProto *proto = onnx->proto;
  for (size_t i = 0; i < proto->n_metadata_props; i++) {
    const Onnx__StringStringEntryProto *entry = proto->metadata_props[i];
    if (entry->key && strcmp(entry->key, key) == 0) return entry->value ? entry->value : "";
  }
  return NULL;
}

const char *wni_node_name(const Onnx__NodeProto *node) {
  if (node->name && *node->name) return node->name;
  return node->n_output ? node->output[0] : "";
}

const char *wni_node_domain(const Onnx__NodeProto *node) {
  return node->domain && strcmp(node->domain, "ai.onnx") != 0 ? node->domain : "";
}

const Onnx__AttributeProto *wni_attr(const Onnx__NodeProto *node, const char *name) {
  for (size_t i = 0; i < node->n_attribute; i++)
    if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
      return node->attribute[i];
  return NULL;
}

int64_t wni_attr_int(const Onnx__NodeProto *node, const char *name, int64_t fallback) {
  const Onnx__AttributeProto *attribute = wni_attr(node, name);
  return attribute && attribute->has_i ? attribute->i : fallback;
}

float wni_attr_float(const Onnx__NodeProto *node, const char *name, float fallback) {
  const Onnx__AttributeProto *attribute = wni_attr(node, name);
  return attribute && attribute->has_f ? attribute->f : fallback;
}

const int64_t *wni_attr_ints(const Onnx__NodeProto *node, const char *name, size_t *count) {
  const Onnx__AttributeProto *attribute = wni_attr(node, name);
  *count = attribute ? attribute->n_ints : 0;
  return attribute ? attribute->ints : NULL;
}

bool wni_attr_is(const Onnx__NodeProto *node, const char *name, const char *text) {
  const Onnx__AttributeProto *attribute = wni_attr(node, name);
  size_t n = strlen(text); /* protobuf-c has a null pointer for no bytes */
  return attribute && attribute->has_s && attribute->s.len == n &&
         (n == 0 || memcmp(attribute->s.data, text, n) == 0);
}
