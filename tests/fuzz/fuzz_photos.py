# SPDX-License-Identifier: LGPL-2.1-or-later
"""Folders of photos that nobody meant, for `winnow teach`: damaged and empty pictures, links in
circles, FIFOs, names of any bytes, folders called like pictures, thousands of files.

Every run must end by itself with status 0 or 1, die of no signal, say what it has to say in whole
lines of UTF-8 that begin with its name, and write the model if and only if it ends with 0, no piece
of one otherwise; the model then has the folders' names as its labels.

Cases run side by side; which they are depends on the seed alone.

env WINNOW: the program; WINNOW_FUZZ_CASES: number of cases (40); WINNOW_FUZZ_SEED: their seed (1);
WINNOW_FUZZ_KEEP: a folder where trees that fail are kept.
"""

import concurrent.futures
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import zlib

WINNOW = os.environ["WINNOW"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BACKBONE = os.path.join(ROOT, "models", "mcunet-in4.onnx")
SAMPLE = os.path.join(ROOT, "tests", "data", "cifar10-sample", "cat", "0000.jpg")
LIMIT_BYTES = 2 << 30
WATCHDOG_S = 300

with open(SAMPLE, "rb") as f:
    JPEG = f.read()

LABELS = [b"cat", b"dog", b"background", b"unsorted", b".hidden", b" ", b"a,b", b"c: d; e",
          b"[1]", b"{", b"0", b"-o", b"%s%n%d", b"x" * 255, "großer Hund".encode(), "🐈".encode(),
          b"a'b\"", b"two\nlines", b"tab\there", b"\xff\xfe", b"nothing", b"winnow.nothing",
          b"\xef\xbb\xbfmark", "a\u0085b".encode(), b"cat.jpg", b"-", b"#", b"e\xcc\x81"]
NAMES = [b"photo_%d", b"IMG_20240101_1200%02d", b"20261129T08150%d", b"%d", b"4bdb561770b52%d24",
         b"99999999999999%d", b"20241399T996199_%d", b"frame-%dms", b"x\xff%d", b"a\nb%d",
         b"-%d", b"%d" + b"9" * 200, b" %d ", b"walk%d_", b"cafe%d", b"\xe2\x80\xae%d",
         b"\x1b[2J%d"]


def exif(chance):
    """Something like a block of EXIF with the time at which a picture was taken."""
    taken = bytes(chance.choice(b"0123456789: x") for _ in range(19)) + b"\0"
    if chance.random() < 0.5:
        taken = b"2026:11:29 08:15:%02d\0" % chance.randrange(60)
    block = bytearray(b"Exif\0\0MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0) +
                      struct.pack(">HHHIII", 1, 0x9003, 2, len(taken), 44, 0) + taken)
    for _ in range(chance.randrange(3)):
        block[chance.randrange(len(block))] = chance.randrange(256)
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + JPEG[2:]


def png_head(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header +
            struct.pack(">I", zlib.crc32(b"IHDR" + header)))


def picture(chance):
    """Bytes of a file that is one or is called so."""
    kind = chance.randrange(8)
    if kind < 4:
        width, height = chance.choice([(1, 1), (40, 30), (3, 200), (64, 64)])
        shade = chance.randrange(200)
        return b"P6 %d %d 255\n" % (width, height) + bytes(
            shade + chance.randrange(50) for _ in range(3 * width * height))
    if kind == 4:
        return exif(chance)
    if kind == 5:
        damaged = bytearray(JPEG[:chance.randrange(len(JPEG))])
        for _ in range(chance.randrange(5)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        return bytes(damaged)
    if kind == 6:
        return chance.choice([b"", b"\0" * 100, b"GIF89a", b"P6 99999 99999 255\n", b"no picture",
                              png_head(2 ** 31 - 1, 2 ** 31 - 1), png_head(16000, 7000)])
    return JPEG


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def add_oddity(chance, folder, name):
    """Something else than a file with a picture."""
    path = os.path.join(folder, name)
    kind = chance.randrange(9)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        os.symlink(name, path)  # itself
    elif kind == 2:
        os.symlink(b"..", path)
    elif kind == 3:
        os.symlink(chance.choice([b"none", b"/dev/zero", b"/proc/self/mem", b"/etc/passwd"]), path)
    elif kind == 4:
        os.mkdir(path)
        write(os.path.join(path, b"in.ppm"), picture(chance))
    elif kind == 5 and len(path) < 90:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
    elif kind == 6:
        deep = folder
        for _ in range(chance.choice([3, 40])):
            deep = os.path.join(deep, b"deep" * chance.randrange(1, 9))
        os.makedirs(deep, exist_ok=True)
        write(os.path.join(deep, b"in.jpg"), JPEG)
    elif kind == 7:
        write(path, JPEG)
        os.chmod(path, 0)
    else:
        for i in range(chance.choice([10, 1500])):
            write(os.path.join(folder, b"many%d.jpg" % i), b"")


def fill(chance, folder):
    pattern = chance.choice(NAMES)
    for i in range(chance.choice([0, 1, 4, 5, 6, 6, 7, 9, 12])):
        name = (pattern % i if b"%" in pattern else pattern + b"%d" % i)[:240]
        ending = chance.choice([b".jpg", b".ppm", b".PNG", b".webp", b".jpeg", b".txt", b""])
        path = os.path.join(folder, name + ending)
        if chance.random() < 0.06:
            add_oddity(chance, folder, name + ending)
        elif not os.path.lexists(path):
            write(path, picture(chance) if chance.random() < 0.5 else b"P6 9 9 255\n" + bytes(
                chance.randrange(256) for _ in range(243)))


def make_tree(chance, root):
    os.mkdir(root)
    plain = chance.random() < 0.5  # so that most of these teach something
    labels = LABELS[:2] if plain else chance.sample(LABELS, chance.randrange(6))
    for label in labels + chance.sample(LABELS, chance.randrange(2)):
        folder = os.path.join(root, label)
        if os.path.lexists(folder):
            continue
        if chance.random() < 0.05:
            add_oddity(chance, root, label)
            continue
        os.mkdir(folder)
        fill(chance, folder)
        if plain:
            for i in range(5):
                write(os.path.join(folder, b"sound%d.ppm" % i), b"P6 9 9 255\n" + bytes(
                    chance.randrange(256) for _ in range(243)))


def labels_of(root):
    """What is to be in the model."""
    names = [name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name))]
    return sorted(n for n in names if not n.startswith(b".") and n != b"unsorted")


def complaint(done, root, out):
    """What is wrong with how the program ended, or ""."""
    lines = done.stderr.splitlines()
    if done.returncode not in (0, 1):
        return f"status {done.returncode}: {lines[-5:]}"
    try:
        text = done.stderr.decode()
    except UnicodeDecodeError:
        return "stderr is not UTF-8"
    if any(not line.startswith("winnow: ") for line in text.split("\n")[:-1]):
        return f"a line without the program's name: {text[:500]!r}"
    if not text.endswith("\n") and text:
        return f"half a line: {text[-100:]!r}"
    left = os.listdir(os.path.dirname(out))
    if done.returncode == 1:
        return "" if lines and not left else f"{len(lines)} lines, {left} left behind"
    if left != ["out.onnx"]:
        return f"{left} are written"
    shown = subprocess.run([WINNOW, "inspect", out, "--json", "--all-labels"], check=False,
                           capture_output=True)
    if shown.returncode:
        return f"the model cannot be opened: {shown.stderr.decode()}"
    labels = [label.encode() for label in json.loads(shown.stdout)["labels"]]
    return "" if labels == labels_of(root) else f"labels {labels}"


def run(case):
    """(number of the case, status, what is wrong with it)"""
    chance = random.Random(case)
    with tempfile.TemporaryDirectory(prefix="winnow-fuzz-") as scratch:
        root = os.path.join(scratch, "tree").encode()
        out = os.path.join(scratch, "out", "out.onnx")
        os.mkdir(os.path.dirname(out))
        make_tree(chance, root)
        with open(WINNOW, "rb") as program:
            sanitized = b"__asan_init" in program.read()
        limits = ["--core=0"] + ([] if sanitized else [f"--as={LIMIT_BYTES}"])
        options = chance.choice([[], ["--resize", "stretch"], ["--group-by", "name"],
                                 ["--group-by", "none", "--resize", "crop"],
                                 ["--max-rejected", "0", "--json"]])
        command = ["prlimit", *limits, WINNOW, "teach", BACKBONE, root, "-o", out, "--threads", "1"]
        try:
            done = subprocess.run(command + options, check=False, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=WATCHDOG_S)
            wrong, status = complaint(done, root, out), done.returncode
        except subprocess.TimeoutExpired:
            wrong, status = f"still running after {WATCHDOG_S} s", -1
        keep = os.environ.get("WINNOW_FUZZ_KEEP")
        if wrong and keep:
            shutil.copytree(root.decode(), os.path.join(keep, str(case)), symlinks=True,
                            ignore_dangling_symlinks=True)
    return case, status, wrong


def main():
    cases = int(os.environ.get("WINNOW_FUZZ_CASES", "40"))
    seed = int(os.environ.get("WINNOW_FUZZ_SEED", "1"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, range(seed * 100000, seed * 100000 + cases)))
    failures = [(case, wrong) for case, _, wrong in results if wrong]
    for case, wrong in failures:
        print(f"FAIL case {case}: {wrong}")
    taught = sum(status == 0 for _, status, _ in results)
    print(f"{cases} folders, {taught} of them taught, {len(failures)} failures")
    sys.exit(bool(failures) or (cases >= 40 and not 0 < taught < cases))


if __name__ == "__main__":
    main()
