/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models by name: what is installed need not be given with its path, nor any model with .onnx.
 */
#ifndef MODEL_PATH_H
#define MODEL_PATH_H

#include <glib.h>

/* The file that `name` means, in new memory.  A name with a '/' is a path and stays as it is.  Any
 * other is looked for, as it is and with .onnx behind it, in the working folder and then among the
 * installed models; folders do not count.  NULL: there is none, and *problem is a sentence that
 * says where it was looked for, to be freed by the caller. */
char *model_path_find(const char *name, char **problem);

#endif
