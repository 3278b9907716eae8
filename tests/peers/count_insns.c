/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plugin of QEMU's translator (tests/peers/arm.py): counts the instructions that an arm64 program
 * executes, and of them those that multiply.  It prints one line of `name=count` at the end, to the
 * log of QEMU (-d plugin -D FILE).
 *
 * Counters are added to once a block of translated code, without atomics: exact where one thread
 * computes.
 */
#include "qemu_plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int qemu_plugin_version = 1;

/* Kinds of vector instructions that multiply, by encoding (Arm ARM, "Advanced SIMD"). */
typedef struct Kind {
  const char *name;
  uint32_t mask, value;
} Kind;

static const Kind kinds[] = {
    {"float", 0xBF20FC00, 0x0E20CC00},  /* FMLA, FMLS of vectors */
    {"float", 0xBF80B400, 0x0F801000},  /* FMLA, FMLS by an element */
    {"float", 0xBFA0FC00, 0x2E20DC00},  /* FMUL of vectors */
    {"float", 0xBF80F400, 0x0F809000},  /* FMUL by an element */
    {"dot", 0x9FE0FC00, 0x0E809400},    /* SDOT, UDOT of vectors */
    {"dot", 0xBFE0FC00, 0x0E809C00},    /* USDOT of vectors */
    {"dot", 0x9FC0F400, 0x0F80E000},    /* SDOT, UDOT by an element */
    {"matrix", 0xDFE0FC00, 0x4E80A400}, /* SMMLA, UMMLA */
    {"long", 0x9F20FC00, 0x0E208000},   /* SMLAL, UMLAL of vectors */
    {"long", 0x9F20FC00, 0x0E20C000},   /* SMULL, UMULL of vectors */
    {"long", 0x9F00F400, 0x0F002000},   /* SMLAL, UMLAL by an element */
    {"long", 0x9F00F400, 0x0F00A000},   /* SMULL, UMULL by an element */
    {"short", 0x9F20FC00, 0x0E209400},  /* MLA, MLS of vectors */
    {"short", 0xBF20FC00, 0x0E209C00},  /* MUL of vectors */
    {"short", 0xBF00B400, 0x2F000000},  /* MLA, MLS by an element */
    {"short", 0xBF00F400, 0x0F008000},  /* MUL by an element */
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static uint64_t all;
static uint64_t multiplying[N_KINDS]; /* one a row */

static void count_multiplying(QemuBlock *block, size_t n) {
  uint64_t found[N_KINDS] = {0};
  for (size_t i = 0; i < n; i++) {
    uint32_t code;
    memcpy(&code, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i)), sizeof code);
    for (int k = 0; k < N_KINDS; k++)
      if ((code & kinds[k].mask) == kinds[k].value) {
        found[k]++;
        break;
      }
  }
  for (int k = 0; k < N_KINDS; k++)
    if (found[k])
      qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_OP_ADD_U64, &multiplying[k], found[k]);
}

static void translated(QemuPluginId id, QemuBlock *block) {
  size_t n = qemu_plugin_tb_n_insns(block);
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_OP_ADD_U64, &all, n);
  count_multiplying(block, n);
}

static void ended(QemuPluginId id, void *user) {
  char line[256];
  int used = snprintf(line, sizeof line, "all=%" PRIu64, all);
  (void)id, (void)user;
  for (int k = 0; k < N_KINDS;) {
    const char *name = kinds[k].name;
    uint64_t sum = 0;
    for (; k < N_KINDS && strcmp(kinds[k].name, name) == 0; k++) sum += multiplying[k];
    used += snprintf(line + used, sizeof line - (size_t)used, " %s=%" PRIu64, name, sum);
  }
  snprintf(line + used, sizeof line - (size_t)used, "\n");
  qemu_plugin_outs(line);
}

int qemu_plugin_install(QemuPluginId id, const QemuInfo *info, int argc, char **argv) {
  (void)info, (void)argc, (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
