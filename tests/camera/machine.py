# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtual machine with a kernel of Debian's, its test driver for cameras, and programs of ours.

boot() packs an initramfs from programs of this machine with the libraries they load, boots it in
QEMU without any help of the processor, so that it works wherever QEMU does, runs a shell script in
there and returns what the script wrote to file descriptor 3.
"""
import os
import pathlib
import platform
import re
import shutil
import stat
import subprocess
import tempfile

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
QEMU, BUSYBOX = "qemu-system-x86_64", "/bin/busybox"
DRIVER = "vivid"
MEMORY_MB = 1536

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /tmp /run
mount -t tmpfs shm /dev/shm
# What the script says goes through a serial line of its own, as it is.
stty -F /dev/ttyS1 raw
export PATH=/bin:/usr/bin HOME=/tmp LD_LIBRARY_PATH=@libraries@
sh /script 3>/dev/ttyS1
echo "status $?" >/dev/ttyS1
sync
poweroff -f
"""


class Unavailable(Exception):
    """Why no machine can be booted here."""


def kernel():
    """(vmlinuz, folder of modules): the kernel unpacked by test.sh, else the one installed."""
    for top in (ROOT / "build-vm" / "kernel", pathlib.Path("/")):
        for image in sorted(top.glob("boot/vmlinuz-*"), reverse=True):
            modules = top / "lib" / "modules" / image.name.split("-", 1)[1]
            if (modules / "modules.dep").exists():
                return image, modules
    raise Unavailable("no kernel to boot: './test.sh --vm' fetches one")


def modules_of(folder, name):
    """The files of a module and all that it needs, and the lists that modprobe reads."""
    lists = (folder / "modules.dep").read_text(encoding="utf-8")
    line = re.search(rf"^(\S*/{name}\.ko\S*):(.*)$", lists, re.M)
    if line is None:
        raise Unavailable(f"the kernel in {folder} has no module {name}")
    return [line[1], *line[2].split(), "modules.dep"]


def libraries_of(path):
    """What the dynamic loader would load for the file."""
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(/\S+) \(0x", listed))


class Initramfs:
    """An archive of the format that the kernel unpacks (cpio, newc)."""

    def __init__(self, path):
        self.out = open(path, "wb")
        self.done = {""}
        self.libraries = set()  # folders

    def entry(self, name, mode, data):
        fields = [len(self.done), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        for part in (head, data):
            self.out.write(part + b"\0" * (-len(part) % 4))

    def add(self, name, data, mode=stat.S_IFREG | 0o644):
        name = name.strip("/")
        if name in self.done:
            return
        parent = name.rpartition("/")[0]
        if parent:
            self.add(parent, b"", stat.S_IFDIR | 0o755)
        self.done.add(name)
        self.entry(name, mode, data)

    def add_file(self, path, name=None):
        path = pathlib.Path(path)
        self.add(name or str(path), path.read_bytes(), stat.S_IFREG | (path.stat().st_mode & 0o777))

    def add_program(self, path, name=None):
        """A program or plugin, and its libraries."""
        self.add_file(path, name)
        for library in libraries_of(path):
            self.libraries.add(os.path.dirname(library))
            self.add_file(library)

    def close(self):
        self.entry("TRAILER!!!", 0, b"")
        self.out.close()


def boot(script, programs=(), files=(), timeout_s=600):
    """Runs `script` in the machine: (its exit status, its words on descriptor 3, the console).

    programs and files: (path here, path there).  Raises Unavailable where there is no QEMU or
    kernel, and subprocess.TimeoutExpired."""
    if platform.machine() != "x86_64":
        raise Unavailable("the machine is an x86-64 one and runs only what is built on such")
    image, modules = kernel()
    if shutil.which(QEMU) is None or not os.path.exists(BUSYBOX):
        raise Unavailable("needs qemu-system-x86 and busybox-static: "
                          "'./test.sh --vm' installs them")
    with tempfile.TemporaryDirectory(prefix="winnow-vm-") as folder:
        archive = Initramfs(f"{folder}/initramfs")
        archive.add("script", script.encode())
        for place in ("proc", "sys", "dev", "tmp", "bin"):
            archive.add(place, b"", stat.S_IFDIR | 0o755)
        archive.add_program(BUSYBOX)
        for name in modules_of(modules, DRIVER):
            archive.add_file(modules / name, f"lib/modules/{modules.name}/{name}")
        for here, there in programs:
            archive.add_program(here, there)
        for here, there in files:
            archive.add_file(here, there)
        # Programs that moved do not find what lies beside them in the build folder.
        init = INIT.replace("@libraries@", ":".join(sorted(archive.libraries)))
        archive.add("init", init.encode(), stat.S_IFREG | 0o755)
        archive.close()
        words = pathlib.Path(folder) / "words"
        console = subprocess.run(
            [QEMU, "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MB), "-no-reboot",
             "-display", "none", "-monitor", "none", "-nic", "none", "-kernel", image,
             "-initrd", f"{folder}/initramfs", "-append", "console=ttyS0 quiet panic=-1",
             "-serial", "stdio", "-serial", f"file:{words}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=timeout_s, check=False).stdout.decode(errors="replace")
        text = words.read_text(encoding="utf-8", errors="replace")
    ended = re.search(r"^status (\d+)\n\Z", text, re.M)
    return (int(ended[1]) if ended else None), text[:ended.start() if ended else None], console
