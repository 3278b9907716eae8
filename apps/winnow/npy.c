/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See npy.h.  The file is read whole first and every length in it is checked
 * against what is there, so that its numbers never size an allocation.
 */
#include "npy.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "file.h"
#include "output.h"
#include "report.h"
#include "text.h"

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error ".npy files are read as they lie in memory: little-endian machines only"
#endif

static const char magic[] = "\x93NUMPY";
#define MAX_FILE_BYTES ((size_t)1 << 30)

enum { MAGIC_BYTES = 6, HEADER_ALIGNMENT = 64 };

/* ---- elements ---- */

static float read_f4(const char *at) {
  float v;
  memcpy(&v, at, sizeof v);
  return v;
}

static float read_f8(const char *at) {
  double v;
  memcpy(&v, at, sizeof v);
  return (float)v;
}

static float read_f2(const char *at) {
  guint16 bits;
  memcpy(&bits, at, sizeof bits);
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float magnitude = exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
                    : exponent > 0 ? ldexpf((float)(fraction + 1024), exponent - 25)
                                   : ldexpf((float)fraction, -24);
  return bits & 0x8000 ? -magnitude : magnitude;
}

static float read_u1(const char *at) {
  return (float)(guint8)*at;
}

static float read_i1(const char *at) {
  return (float)(gint8)*at;
}

typedef struct ElementType {
  const char *name; /* as the header writes it */
  size_t size;
  float (*read)(const char *at);
} ElementType;

static const ElementType element_types[] = {
    {"'<f4'", 4, read_f4}, {"'<f2'", 2, read_f2}, {"'<f8'", 8, read_f8},
    {"'|u1'", 1, read_u1}, {"'|i1'", 1, read_i1},
};

/* ---- reading ---- */

/* The value of 'key' in the header, a Python dictionary literal; NULL: none. */
static const char *find_value(const char *header, const char *key) {
  char *quoted = g_strdup_printf("'%s'", key);
  const char *at = strstr(header, quoted);
  if (at != NULL) at += strlen(quoted);
  g_free(quoted);
  if (at == NULL) return NULL;
  at += strspn(at, " ");
  if (*at != ':') return NULL;
  return at + 1 + strspn(at + 1, " ");
}

/* Reads a tuple such as "(1, 3, 32, 32)", "(5,)" or "()". */
static bool parse_shape(const char *at, NpyArray *array) {
  if (at == NULL || *at++ != '(') return false;
  array->n_elements = 1;
  for (;;) {
    at += strspn(at, " ,");
    if (*at == ')') return true;
    if (!g_ascii_isdigit(*at) || array->rank == NPY_MAX_RANK) return false;
    char *end;
    guint64 size = g_ascii_strtoull(at, &end, 10);
    if (size > G_MAXINT64 ||
        !g_size_checked_mul(&array->n_elements, array->n_elements, (size_t)size))
      return false;
    array->shape[array->rank++] = (int64_t)size;
    at = end;
  }
}

/* Splits the file into its header text (new string) and its data. */
static char *split(const char *bytes, size_t n_bytes, size_t *data_offset) {
  if (n_bytes < MAGIC_BYTES + 4 || memcmp(bytes, magic, MAGIC_BYTES) != 0) return NULL;
  const unsigned char *b = (const unsigned char *)bytes;
  int version = b[MAGIC_BYTES];
  size_t start, length;
  if (version == 1) {
    start = MAGIC_BYTES + 4;
    length = (size_t)(b[8] | b[9] << 8);
  } else if ((version == 2 || version == 3) && n_bytes >= MAGIC_BYTES + 6) {
    start = MAGIC_BYTES + 6;
    length = (size_t)b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24;
  } else {
    return NULL;
  }
  if (length > n_bytes - start) return NULL;
  *data_offset = start + length;
  return g_strndup(bytes + start, length);
}

/* What is wrong with the header, or NULL. */
static const char *parse_header(const char *header, NpyArray *array, const ElementType **element) {
  const char *type = find_value(header, "descr");
  const char *order = find_value(header, "fortran_order");
  if (type == NULL || order == NULL || !parse_shape(find_value(header, "shape"), array))
    return "the header is damaged";
  *element = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(element_types); i++)
    if (g_str_has_prefix(type, element_types[i].name)) *element = &element_types[i];
  if (*element == NULL)
    return "must be little-endian floats or 8-bit integers; save it with array.astype('<f4')";
  if (!g_str_has_prefix(order, "False"))
    return "must be in C order; save it with numpy.ascontiguousarray(array)";
  return NULL;
}

bool npy_read(const char *path, NpyArray *array) {
  *array = (NpyArray){0};
  char *bytes = NULL, *header = NULL, *why = NULL;
  size_t n_bytes = 0, data_offset = 0;
  const char *problem = NULL;
  const ElementType *element = NULL;
  bytes = file_read(path, "tensor", MAX_FILE_BYTES, &n_bytes, &why);
  if (bytes == NULL) {
    report("%s", why);
    g_free(why);
    return false;
  }
  header = split(bytes, n_bytes, &data_offset);
  if (header == NULL) {
    problem = "not a .npy file; make one with numpy.save()";
  } else if ((problem = parse_header(header, array, &element)) == NULL &&
             (array->n_elements > n_bytes / element->size ||
              array->n_elements * element->size != n_bytes - data_offset)) {
    problem = "the data is shorter or longer than the shape says";
  }
  if (problem == NULL) {
    array->data = g_new(float, MAX(array->n_elements, 1));
    for (size_t i = 0; i < array->n_elements; i++)
      array->data[i] = element->read(bytes + data_offset + i * element->size);
  } else {
    report("%s: %s", path, problem);
  }
  g_free(header);
  g_free(bytes);
  return problem == NULL;
}

bool npy_write(const char *path, const NpyArray *array) {
  GString *file = g_string_new_len(magic, MAGIC_BYTES);
  g_string_append_len(file, "\1\0\0\0", 4); /* version 1.0, length of the header to come */
  g_string_append(file, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
  for (int32_t i = 0; i < array->rank; i++)
    g_string_append_printf(file, "%" G_GINT64_FORMAT "%s", array->shape[i],
                           i + 1 < array->rank ? ", "
                           : array->rank == 1  ? ","
                                               : "");
  g_string_append(file, "), }");
  while ((file->len + 1) % HEADER_ALIGNMENT != 0) g_string_append_c(file, ' ');
  g_string_append_c(file, '\n');
  size_t length = file->len - MAGIC_BYTES - 4;
  file->str[MAGIC_BYTES + 2] = (char)(length & 0xff);
  file->str[MAGIC_BYTES + 3] = (char)(length >> 8);
  g_string_append_len(file, (const char *)array->data, (gssize)(array->n_elements * sizeof(float)));

  bool written = output_write(path, file);
  g_string_free(file, TRUE);
  return written;
}
