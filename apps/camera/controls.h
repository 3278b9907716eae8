/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The controls of a camera: exposure, brightness and all that its driver has.
 */
#ifndef CONTROLS_H
#define CONTROLS_H

#include <stdbool.h>

/* Prints a line for each control of the open device, and one for each entry of its menus. */
void controls_print(int descriptor);

/* Does what `assignment` says, "NAME=VALUE": NAME as controls_print() writes it, VALUE a number or
 * an entry of a menu.  `path` names the device in errors.  False: *problem is a sentence, to be
 * freed by the caller. */
bool controls_set(int descriptor, const char *path, const char *assignment, char **problem);

#endif
