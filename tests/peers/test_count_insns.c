/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The plugin count_insns.c with this program in QEMU's place: a block of instructions that is
 * executed so many times must be counted by kind.
 */
#include "qemu_plugin.h"

#include <stdio.h>
#include <string.h>

enum { TIMES = 3, MAX_COUNTERS = 16 };

/* A block, with what aarch64's assembler makes of the lines behind. */
struct QemuBlock {
  size_t n;
  uint32_t code[32];
};

static struct QemuBlock block = {
    .n = 19,
    .code =
        {
            0x4e22cc20, /* fmla v0.4s, v1.4s, v2.4s */
            0x4faf1bdf, /* fmla v31.4s, v30.4s, v15.s[3] */
            0x0fa25020, /* fmls v0.2s, v1.2s, v2.s[1] */
            0x4f829820, /* fmul v0.4s, v1.4s, v2.s[2] */
            0x4e829420, /* sdot v0.4s, v1.16b, v2.16b */
            0x6fb2e020, /* udot v0.4s, v1.16b, v18.4b[1] */
            0x4e82a420, /* smmla v0.4s, v1.16b, v2.16b */
            0x6e228020, /* umlal2 v0.8h, v1.16b, v2.16b */
            0x0e22c020, /* smull v0.8h, v1.8b, v2.8b */
            0x4f522820, /* smlal2 v0.4s, v1.8h, v2.h[5] */
            0x2f52a020, /* umull v0.4s, v1.4h, v2.h[1] */
            0x6ea29420, /* mls v0.4s, v1.4s, v2.4s */
            0x4f528020, /* mul v0.8h, v1.8h, v2.h[1] */
            0x4e22d420, /* fadd v0.4s, v1.4s, v2.4s */
            0x4ea28420, /* add v0.4s, v1.4s, v2.4s */
            0x4e22dc20, /* fmulx v0.4s, v1.4s, v2.4s */
            0x0f13a420, /* sshll v0.4s, v1.4h, #3 */
            0x3dc00020, /* ldr q0, [x1] */
            0x1f020c20, /* fmadd s0, s1, s2, s3 */
        },
};

static void (*on_translation)(QemuPluginId id, QemuBlock *block);
static void (*on_end)(QemuPluginId id, void *user);
static struct { uint64_t *counter, by; } inlined[MAX_COUNTERS];
static int n_inlined;
static char printed[256];

void qemu_plugin_register_vcpu_tb_trans_cb(QemuPluginId id,
                                           void (*f)(QemuPluginId id, QemuBlock *block)) {
  (void)id;
  on_translation = f;
}

void qemu_plugin_register_vcpu_tb_exec_inline(QemuBlock *of, int op, void *counter, uint64_t by) {
  if (of != &block || op != QEMU_OP_ADD_U64 || n_inlined == MAX_COUNTERS) return;
  inlined[n_inlined].counter = counter;
  inlined[n_inlined++].by = by;
}

void qemu_plugin_register_atexit_cb(QemuPluginId id, void (*f)(QemuPluginId id, void *user),
                                    void *user) {
  (void)id, (void)user;
  on_end = f;
}

size_t qemu_plugin_tb_n_insns(const QemuBlock *of) {
  return of->n;
}

QemuInsn *qemu_plugin_tb_get_insn(const QemuBlock *of, size_t index) {
  return (QemuInsn *)(void *)(uintptr_t)&of->code[index];
}

const void *qemu_plugin_insn_data(const QemuInsn *insn) {
  return insn;
}

void qemu_plugin_outs(const char *text) {
  snprintf(printed, sizeof printed, "%s", text);
}

int main(void) {
  static const char expected[] = "all=57 float=12 dot=6 matrix=3 long=12 short=6\n";
  if (qemu_plugin_version != 1 || qemu_plugin_install(1, NULL, 0, NULL) != 0) return 1;
  on_translation(1, &block);
  for (int i = 0; i < TIMES; i++)
    for (int k = 0; k < n_inlined; k++) *inlined[k].counter += inlined[k].by;
  on_end(1, NULL);
  if (strcmp(printed, expected) == 0) return 0;
  fprintf(stderr, "expected %sgot      %s", expected, printed);
  return 1;
}
