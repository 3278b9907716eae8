/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The second half of opening a model: sums and descriptions of its plan.
 */
#ifndef WNI_SESSION_MODEL_INFO_H
#define WNI_SESSION_MODEL_INFO_H

#include "session/model.h"

/* Fills in everything of `model` behind plan and metadata.  Errors: MEMORY, MODEL. */
WnStatus wni_model_info_make(WnModel *model, WnError *error);
void wni_model_info_clear(WnModel *model);

/* Sets mean and std of a target, whose channels are known, to what the metadata says.  Errors:
 * MODEL. */
WnStatus wni_target_normalise(const WniInputMeaning *meaning, WniImageTarget *target,
                              WnError *error);

#endif
