/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See external.h.  Places and sizes come from the file, so memory is taken only once all of them
 * are known to lie in real files, and no more than twice what those hold (weights that two layers
 * share may be there under two names).
 */
#include "load/external.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES ((size_t)2 << 30) /* as of a model file */

/* A tensor's place. */
typedef struct Place {
  const char *location;
  uint64_t offset, length;
} Place;

typedef struct Reader {
  WniOnnx *onnx;
  const char *path;  /* of the model */
  int folder;        /* where it lies */
  WniNames wanted;   /* names that nodes read */
  WniNames files;    /* that were opened once */
  uint64_t in_files; /* bytes of them */
  Place *place;      /* [external.n_tensor] */
  size_t capacity;
  const char *open; /* location of the file that is open; NULL: none */
  int fd;
  uint64_t size;
  WnError *error;
} Reader;

/* ---- which tensors ---- */

static WnStatus note_tensor(Reader *reader, Onnx__TensorProto *tensor) {
  WniExternal *external = &reader->onnx->external;
  if (tensor->data_location != 1 || tensor->has_raw_data) return WN_OK;
  if (!wni_grow((void **)&reader->place, external->n_tensor, &reader->capacity,
                sizeof *reader->place) ||
      !wni_grow((void **)&external->tensor, external->n_tensor, &external->capacity,
                sizeof(Onnx__TensorProto *)))
    return wni_fail_memory(reader->error, "tensors in other files");
  tensor->data_location = 0; /* noted once */
  external->tensor[external->n_tensor++] = tensor;
  return WN_OK;
}

static WnStatus want(Reader *reader, const char *name) {
  return !name || !*name || wni_names_put(&reader->wanted, name, 1)
             ? WN_OK
             : wni_fail_memory(reader->error, "names of tensors");
}

static WnStatus note_graph(Reader *reader, const Onnx__GraphProto *graph);

static WnStatus note_node(Reader *reader, const Onnx__NodeProto *node) {
  WnStatus status = WN_OK;
  for (size_t i = 0; i < node->n_input && status == WN_OK; i++)
    status = want(reader, node->input[i]);
  for (size_t i = 0; i < node->n_attribute && status == WN_OK; i++) {
    const Onnx__AttributeProto *attribute = node->attribute[i];
    if (attribute->t) status = note_tensor(reader, attribute->t);
    if (attribute->g && status == WN_OK) status = note_graph(reader, attribute->g);
  }
  return status;
}

static WnStatus note_graph(Reader *reader, const Onnx__GraphProto *graph) {
  WnStatus status = WN_OK;
  for (size_t i = 0; i < graph->n_node && status == WN_OK; i++)
    status = note_node(reader, graph->node[i]);
  for (size_t i = 0; i < graph->n_output && status == WN_OK; i++)
    status = want(reader, graph->output[i]->name);
  for (size_t i = 0; i < graph->n_initializer && status == WN_OK; i++) {
    const char *name = graph->initializer[i]->name;
    if (name && wni_names_find(&reader->wanted, name) >= 0)
      status = note_tensor(reader, graph->initializer[i]);
  }
  return status;
}

/* ---- where they lie ---- */

static WnStatus fail(const Reader *reader, size_t i, WnStatus status, const char *why) {
  const char *name = reader->onnx->external.tensor[i]->name;
  return wni_fail(reader->error, status, "tensor '%.100s' lies in file '%.100s': %.200s",
                  name ? name : "", reader->place[i].location, why);
}

static bool parse_number(const char *text, uint64_t *out) {
  char *end;
  errno = 0;
  if (*text < '0' || *text > '9') return false;
  *out = strtoull(text, &end, 10);
  return !*end && !errno;
}

static WnStatus read_place(Reader *reader, size_t i) {
  const Onnx__TensorProto *tensor = reader->onnx->external.tensor[i];
  Place *place = &reader->place[i];
  bool good = true;
  *place = (Place){.location = "", .length = UINT64_MAX};
  for (size_t k = 0; k < tensor->n_external_data; k++) {
    const Onnx__StringStringEntryProto *entry = tensor->external_data[k];
    if (!entry->key || !entry->value) continue;
    if (strcmp(entry->key, "location") == 0) place->location = entry->value;
    if (strcmp(entry->key, "offset") == 0)
      good = good && parse_number(entry->value, &place->offset);
    if (strcmp(entry->key, "length") == 0)
      good = good && parse_number(entry->value, &place->length);
  }
  return good ? WN_OK : fail(reader, i, WN_ERROR_MODEL, "its offset or length is not a number");
}

/* Opens PARTS of a path one by one, none of them a link; -1: errno says why. */
static int open_below(int folder, const char *location) {
  char part[256];
  int at = dup(folder);
  while (at >= 0) {
    const char *end = strchrnul(location, '/');
    size_t length = (size_t)(end - location);
    int flags = *end ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
    if (length == 0 || length >= sizeof part) break;
    memcpy(part, location, length);
    part[length] = 0;
    if (strcmp(part, "..") == 0 || strcmp(part, ".") == 0) break;
    int next;
    do next = openat(at, part, flags | O_NOFOLLOW | O_CLOEXEC);
    while (next < 0 && errno == EINTR);
    int why = errno;
    close(at);
    errno = why;
    if (next < 0 || !*end) return next;
    at = next;
    location = end + 1;
  }
  if (at >= 0) close(at);
  errno = EINVAL;
  return -1;
}

static const char *reason(int why) {
  return why == ENOENT
             ? "it is missing; keep it in the folder of the model, or export the model as "
               "one file (torch.onnx.export(..., external_data=False))"
         : why == EINVAL ? "only files in the folder of the model are read"
         : why == ELOOP || why == ENOTDIR
             ? "links to it are not followed; put the file itself beside "
               "the model"
             : strerror(why);
}

/* Makes the file of tensor i the open one. */
static WnStatus open_file(Reader *reader, size_t i) {
  const char *location = reader->place[i].location;
  struct stat info;
  if (reader->open && strcmp(reader->open, location) == 0) return WN_OK;
  if (reader->open) close(reader->fd);
  reader->open = NULL;
  reader->fd = open_below(reader->folder, location);
  if (reader->fd < 0) return fail(reader, i, WN_ERROR_IO, reason(errno));
  reader->open = location;
  if (fstat(reader->fd, &info) != 0 || !S_ISREG(info.st_mode))
    return fail(reader, i, WN_ERROR_IO, "it is not a regular file");
  reader->size = (uint64_t)info.st_size;
  if (wni_names_find(&reader->files, location) >= 0) return WN_OK;
  if (!wni_names_put(&reader->files, location, 1))
    return wni_fail_memory(reader->error, "names of files");
  reader->in_files += reader->size;
  return WN_OK;
}

/* How much room all tensors need. */
static WnStatus measure(Reader *reader, size_t *total) {
  WnStatus status = WN_OK;
  *total = 0;
  for (size_t i = 0; i < reader->onnx->external.n_tensor && status == WN_OK; i++) {
    Place *place = &reader->place[i];
    status = read_place(reader, i);
    if (status == WN_OK) status = open_file(reader, i);
    if (status != WN_OK) return status;
    if (place->offset > reader->size)
      return fail(reader, i, WN_ERROR_MODEL, "the file ends before the tensor begins");
    if (place->length == UINT64_MAX) place->length = reader->size - place->offset;
    if (place->length > reader->size - place->offset)
      return fail(reader, i, WN_ERROR_MODEL, "the file is cut short, or is that of another model");
    if (*total + place->length > MAX_BYTES)
      return fail(reader, i, WN_ERROR_MEMORY, "the model has more than 2 GiB of weights");
    *total += wni_round_up((size_t)place->length, WNI_ALIGNMENT);
  }
  if (*total > 2 * reader->in_files + reader->onnx->external.n_tensor * WNI_ALIGNMENT)
    return wni_fail(reader->error, WN_ERROR_MODEL,
                    "the tensors in other files are larger than the files");
  return WN_OK;
}

/* ---- reading ---- */

static WnStatus read_tensor(Reader *reader, size_t i, uint8_t *to) {
  const Place *place = &reader->place[i];
  WnStatus status = open_file(reader, i);
  for (uint64_t done = 0; done < place->length && status == WN_OK;) {
    ssize_t n =
        pread(reader->fd, to + done, (size_t)(place->length - done), (off_t)(place->offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(reader, i, WN_ERROR_IO, n < 0 ? strerror(errno) : "the file shrank");
    done += (uint64_t)n;
  }
  return status;
}

static WnStatus read_all(Reader *reader, size_t total) {
  WniExternal *external = &reader->onnx->external;
  WnStatus status = WN_OK;
  void *data = mmap(NULL, total ? total : 1, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return wni_fail_memory(reader->error, "tensors in other files");
  external->data = data;
  external->size = total ? total : 1;
  uint8_t *to = data;
  for (size_t i = 0; i < external->n_tensor && status == WN_OK; i++) {
    status = read_tensor(reader, i, to);
    external->tensor[i]->has_raw_data = 1;
    external->tensor[i]->raw_data = (ProtobufCBinaryData){(size_t)reader->place[i].length, to};
    to += wni_round_up((size_t)reader->place[i].length, WNI_ALIGNMENT);
  }
  return status;
}

/* The folder of `path`, for openat(); -1: errno says why. */
static int open_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  free(folder);
  return fd;
}

WnStatus wni_external_read(WniOnnx *onnx, const char *path, WnError *error) {
  Reader reader = {.onnx = onnx, .path = path, .folder = -1, .error = error};
  size_t total;
  WnStatus status = note_graph(&reader, onnx->proto->graph);
  if (status != WN_OK || onnx->external.n_tensor == 0) goto done;
  reader.folder = open_folder(path);
  if (reader.folder < 0) {
    status =
        wni_fail(error, WN_ERROR_IO, "cannot open the folder of '%s': %s", path, strerror(errno));
    goto done;
  }
  status = measure(&reader, &total);
  if (status == WN_OK) status = read_all(&reader, total);
done:
  if (reader.open) close(reader.fd);
  if (reader.folder >= 0) close(reader.folder);
  wni_names_clear(&reader.wanted);
  wni_names_clear(&reader.files);
  free(reader.place);
  return status;
}

void wni_external_take_back(WniOnnx *onnx) {
  WniExternal *external = &onnx->external;
  for (size_t i = 0; i < external->n_tensor && external->data; i++) {
    external->tensor[i]->has_raw_data = 0;
    external->tensor[i]->raw_data = (ProtobufCBinaryData){0};
  }
  free(external->tensor);
  external->tensor = NULL;
  external->n_tensor = external->capacity = 0;
}

void wni_external_clear(WniOnnx *onnx) {
  WniExternal *external = &onnx->external;
  if (external->data) munmap(external->data, external->size);
  *external = (WniExternal){0};
}
