/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What count_insns.c uses of the interface for plugins of QEMU 7 and 8, version 1, declared here
 * since no package of Debian 12 has its header (docs/devel/tcg-plugins of QEMU describes it).
 */
#ifndef QEMU_PLUGIN_H
#define QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t QemuPluginId;
typedef struct QemuInfo QemuInfo;
typedef struct QemuBlock QemuBlock; /* a block of instructions that is being translated */
typedef struct QemuInsn QemuInsn;

enum { QEMU_OP_ADD_U64 = 0 };

/* What QEMU looks for in a plugin. */
extern int qemu_plugin_version;
int qemu_plugin_install(QemuPluginId id, const QemuInfo *info, int argc, char **argv);

/* What it offers. */
void qemu_plugin_register_vcpu_tb_trans_cb(QemuPluginId id,
                                           void (*translated)(QemuPluginId id, QemuBlock *block));
void qemu_plugin_register_vcpu_tb_exec_inline(QemuBlock *block, int op, void *counter, uint64_t by);
void qemu_plugin_register_atexit_cb(QemuPluginId id, void (*ended)(QemuPluginId id, void *user),
                                    void *user);
size_t qemu_plugin_tb_n_insns(const QemuBlock *block);
QemuInsn *qemu_plugin_tb_get_insn(const QemuBlock *block, size_t index);
const void *qemu_plugin_insn_data(const QemuInsn *insn);
void qemu_plugin_outs(const char *text);

#endif
