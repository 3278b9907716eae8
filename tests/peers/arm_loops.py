# SPDX-License-Identifier: LGPL-2.1-or-later
"""How near the innermost loops of the kernels for arm64 come to the multipliers; prints Markdown.

Disassembles the kernels of a build for arm64, finds their innermost loops that multiply, and has
llvm-mca, which knows how processors schedule, say how many cycles one turn takes.  The bound is
what llvm-mca says of the loop's multiplications alone: a turn cannot take less.  Both are of
LLVM's model of the processor: all data in the first cache, every branch foreseen.  No board is
needed, and none is replaced.
"""

import argparse
import json
import os
import re
import subprocess

import arm_tools

# Processors, by LLVM's names: what they execute.  LLVM takes the Cortex-A57's model for cortex-a72
# and for cortex-a76; that of neoverse-n1, the Cortex-A76's sibling, is its own.
SETS = {"cortex-a53": ["v128", "neon"], "cortex-a55": ["v128", "neon", "dotprod"],
        "cortex-a72": ["v128", "neon"], "neoverse-n1": ["v128", "neon", "dotprod"],
        "neoverse-n2": ["v128", "neon", "dotprod", "i8mm", "bf16"]}
KERNELS = r"^(wni_)?(igemm|dwconv|fc)_"
MULTIPLY = re.compile(r"(fml[as]|fmul|[su]dot|usdot|(us|s|u)mmla|bfmmla|bfdot|[su]ml[as]l2?|"
                      r"[su]mull2?|ml[as]|mul)\tv")
BRANCH = re.compile(r"(?:b|b\.\w+|cbn?z|tbn?z)\t(?:.*, )?([0-9a-f]+) <")
CALL = re.compile(r"(bl|blr|br|ret)\b")
ITERATIONS = 200
LEAST = 4


class Loop:
    def __init__(self, function, body):
        self.function = function
        self.body = body  # instructions as the assembler reads them
        self.multiplies = [line for line in body if MULTIPLY.match(line)]


# ---- disassembly -----------------------------------------------------------------------------


def functions(text):
    """{name: [(address, instruction)]} of what objdump -d prints; one that is no kernel's own is
    named after its file first."""
    found, current, file = {}, None, ""
    for line in text.splitlines():
        if head := re.fullmatch(r"(.+?)(\.c)?\.o: +file format .+", line):
            file = os.path.basename(head[1])
        elif head := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            own = head[1].startswith("wni_")
            current = found.setdefault(head[1] if own else f"{file} {head[1]}".lstrip(), [])
        elif current is not None and (code := re.match(r"\s*([0-9a-f]+):\t([^/]+)", line)):
            current.append((int(code[1], 16), code[2].strip()))
    return found


def spans(code):
    """(first, last) of each loop, which ends with a branch back to where it begins."""
    for address, instruction in code:
        target = BRANCH.match(instruction)
        if target and code[0][0] <= int(target[1], 16) <= address:
            yield int(target[1], 16), address


def innermost(code):
    """The bodies of loops that hold no other loop, call nothing and skip nothing."""
    every = set(spans(code))
    for first, last in sorted(every):
        if any((a, b) != (first, last) and first <= a and b <= last for a, b in every):
            continue
        body = [instruction for address, instruction in code if first <= address <= last]
        if not any(CALL.match(i) for i in body) and not skips(body[:-1], first, last):
            yield body


def skips(body, first, last):
    """Whether a turn may leave out a part, or go elsewhere for more than the loop's early end."""
    targets = [int(target[1], 16) for target in map(BRANCH.match, body) if target]
    return len(targets) > 1 or any(first < target <= last for target in targets)


def plain(instruction):
    """Without the address that it branches to."""
    return re.sub(r"[0-9a-f]+ <[^>]*>", "#0", instruction)


def loops_of(text, pattern, least):
    """The loops of the functions that match, with at least so many multiplications a turn."""
    for name, code in functions(text).items():
        if re.search(pattern, name):
            for body in innermost(code):
                loop = Loop(name, [plain(i) for i in body])
                if len(loop.multiplies) >= least:
                    yield loop


def largest_copies(loops):
    """Of functions that are copies for fewer rows, whose names end with their number, the one with
    the most multiplications; all others."""
    kept = {}
    for loop in loops:
        copy = re.fullmatch(r"(.+ (?:wide|narrow|tile)\w*_)\d+", loop.function)
        kept.setdefault(copy[1] if copy else loop, []).append(loop)
    return [max(copies, key=lambda loop: len(loop.multiplies)) for copies in kept.values()]


def disassemble(archive):
    return subprocess.run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", archive],
                          stdout=subprocess.PIPE, text=True, check=True).stdout


# ---- llvm-mca --------------------------------------------------------------------------------


def region(name, lines):
    return f"# LLVM-MCA-BEGIN {name}\n" + "\n".join(lines) + "\n# LLVM-MCA-END\n"


def simulate(mca, cpu, loops):
    """[(cycles of a turn, of its multiplications alone)] of each."""
    text = "".join(region(f"{i}", loop.body) + region(f"{i}m", loop.multiplies)
                   for i, loop in enumerate(loops))
    done = subprocess.run([*mca, "-mtriple=aarch64", f"-mcpu={cpu}", "-json",
                           f"-iterations={ITERATIONS}"],
                          input=text, stdout=subprocess.PIPE, text=True, check=True)
    views = [r["SummaryView"] for r in json.loads(done.stdout)["CodeRegions"]]
    return [(turn["TotalCycles"] / ITERATIONS, alone["BlockRThroughput"])
            for turn, alone in zip(views[::2], views[1::2])]


# ---- the command -----------------------------------------------------------------------------


def find(build, pattern, least):
    """{set: [Loop]}."""
    folder = os.path.join(build, "engine", "kernels")
    sets = dict.fromkeys(name for sets in SETS.values() for name in sets)
    return {name: largest_copies(loops_of(disassemble(os.path.join(folder, f"libkernels-{name}.a")),
                                          pattern, least)) for name in sets}


def simulate_all(mca, found):
    """{processor: {Loop: figures}}."""
    results = {}
    for cpu, names in SETS.items():
        loops = [loop for name in names for loop in found[name]]
        results[cpu] = dict(zip(loops, simulate(mca, cpu, loops)))
    return results


def print_table(loops, results):
    print("| kernel | instructions | multiplying | " + " | ".join(results) + " |")
    print("|---|---:|---:|" + "---:|" * len(results))
    rows = []
    for loop in loops:
        cells = [loop.function.removeprefix("wni_"), len(loop.body), len(loop.multiplies)]
        for figures in results.values():
            cycles, bound = figures.get(loop, (0, 0))
            cells.append(f"{bound:.0f} of {cycles:.1f}, {100 * bound / cycles:.0f} %"
                         if loop in figures else "")
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    print("\n".join(dict.fromkeys(rows)))  # of a loop that was inlined twice, one


def version(mca):
    done = subprocess.run([*mca, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    return re.search(r"LLVM version \S+", done.stdout)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", default=KERNELS, metavar="PATTERN",
                        help=f"names of functions (default {KERNELS})")
    parser.add_argument("--least", type=int, default=LEAST, metavar="N", help="loops with at least "
                        f"so many multiplications a turn (default {LEAST})")
    options = parser.parse_args()
    arm_tools.build()
    found, mca = find(arm_tools.BUILD, options.kernels, options.least), arm_tools.llvm_mca()
    print(f"{version(mca)}: cycles of the multiplications alone, of a turn, and their share\n")
    print_table([loop for loops in found.values() for loop in loops], simulate_all(mca, found))


if __name__ == "__main__":
    main()
