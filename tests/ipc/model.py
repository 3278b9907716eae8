# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sequence lock of engine/ipc/ring.h on a machine that reorders whatever it may.

A writer replaces frame 1, whole, by frame 2 in the same slot; a reader wants frame 1 or 2. Each
side's memory operations happen in any order that its fences allow, and both are interleaved in
every way (as on x86 and ARMv8, where a store that one processor sees is seen by all). The data are
two words. A read that passes although its words are of different frames, or of the wrong one, is
torn.
"""
import itertools
import sys

# operation -> the operations that must have happened before it, and the fence that says so
WRITER = {
    "odd": {},
    "a": {"odd": "release fence"},
    "b": {"odd": "release fence"},
    "even": {"a": "release store", "b": "release store"},
}
READER = {
    "enter": {},
    "a": {"enter": "acquire load"},
    "b": {"enter": "acquire load"},
    "leave": {"a": "acquire fence", "b": "acquire fence"},
}


def orders(operations, without):
    for order in itertools.permutations(operations):
        place = {name: k for k, name in enumerate(order)}
        if all(place[before] < place[name] for name, needs in operations.items()
               for before, fence in needs.items() if fence != without):
            yield order


def run(writes, reads, turns, wanted):
    """'whole', 'refused' or 'torn' for one interleaving; turns: True where the writer is next."""
    memory = {"sequence": 2, "a": 1, "b": 1}
    store = {"odd": ("sequence", 3), "a": ("a", 2), "b": ("b", 2), "even": ("sequence", 4)}
    seen, writes, reads = {}, iter(writes), iter(reads)
    for writer in turns:
        if writer:
            place, value = store[next(writes)]
            memory[place] = value
        else:
            name = next(reads)
            seen[name] = memory["sequence" if name in ("enter", "leave") else name]
    if seen["enter"] != 2 * wanted or seen["leave"] != 2 * wanted:
        return "refused"
    return "whole" if seen["a"] == seen["b"] == wanted else "torn"


def outcomes(without=None):
    """How many executions end in which way, with one of the fences left out."""
    count = {"whole": 0, "refused": 0, "torn": 0}
    interleavings = [[k in chosen for k in range(8)] for chosen in
                     itertools.combinations(range(8), 4)]
    for writes in orders(WRITER, without):
        for reads in orders(READER, without):
            for turns in interleavings:
                for wanted in (1, 2):
                    count[run(writes, reads, turns, wanted)] += 1
    return count


def main():
    with_all = outcomes()
    print(f"with all fences: {with_all}")
    failed = with_all["torn"] > 0 or not with_all["whole"] or not with_all["refused"]
    for fence in ("release fence", "release store", "acquire load", "acquire fence"):
        found = outcomes(fence)
        print(f"without the {fence}: {found}")
        failed = failed or not found["torn"]
    return failed


if __name__ == "__main__":
    sys.exit(main())
