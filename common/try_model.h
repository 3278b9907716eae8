/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a model that is to take the place of another one can do its work, which shows only when
 * it does some: one that takes no frames or says no numbers would end what is running.
 */
#ifndef TRY_MODEL_H
#define TRY_MODEL_H

#include <winnow/winnow.h>

/* Classifies a frame of no meaning with all stages and heads, in one thread.  Errors: those of
 * wn_session_new() and wn_session_classify(). */
WnStatus try_model(WnModel *model, WnError *error);

#endif
