# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a shared-memory channel with nothing but Python's standard library.

    python3 reader.py /run/winnow/camera/camera            prints every frame's results
    python3 reader.py /run/winnow/camera/camera --count 1  only one

How the memory is laid out: engine/ipc/protocol.md.
"""
import fcntl
import json
import mmap
import os
import socket
import struct
import sys

HELLO = struct.Struct("=8sIIQ")
HEADER = struct.Struct("=8sIIQQQQQQ")
SLOT = struct.Struct("=QQqIi")
FRAME = struct.Struct("=8siiIII4xQ3Q3Qqq")
VERSION, LATEST, FRAME_AT, RESULT_AT = 2, 64, 32, 136
# The result's fields: where each lies, its type, its name. The last five say how much the others
# hold; a text is a place behind the beginning of the texts.
FIELDS = [
    (19048, "text", "label"), (19056, "i64", "class-index"), (19064, "f64", "confidence"),
    (19072, "text", "group"), (19080, "i64", "exit-stage"), (19088, "i64", "stage-count"),
    (19096, "i64", "stop-reason"), (40, "100 x i32", "survivors"),
    (440, "100 x text32", "survivor-labels"), (1864, "100 x f64", "survivor-scores"),
    (19104, "i64", "survivor-count"), (840, "256 x i32", "survivors-per-stage"),
    (19112, "i64", "watched"), (19120, "u64", "macs"), (19128, "u64", "macs-full"),
    (19136, "i64", "latency-ns"), (19144, "text", "model-id"), (19152, "i64", "pts"),
    (19160, "i64", "time"), (19168, "i64", "age-ns"),
    (16, "i32", "x"), (20, "i32", "y"), (24, "i32", "w"), (28, "i32", "h"), (32, "text", "region"),
    (12, "u32", "has-region"), (0, "i32", "n-survivors"), (4, "i32", "n-stages"),
    (8, "u32", "text-bytes"), (2664, "16384 bytes", "texts")]
AT = {name: at for at, _, name in FIELDS}
CODES = {"i32": "i", "u32": "I", "text32": "I", "text": "q", "i64": "q", "u64": "Q", "f64": "d"}
REGION = ["x", "y", "w", "h", "region"]
STOP_REASONS = "unchanged nothing single-class confident watch group final deadline".split()


class Channel:
    """Iterates over (number, frame description, pixels, results), the newest each time; ends with
    the publisher.  frame and pixels are None where they were not published."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.memory, self.last = None, 0

    def wait(self):
        """Reads messages until there is something new; False: the publisher has gone."""
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self.socket, HELLO.size + 1, 1)
            except ConnectionResetError:  # it has gone before it greeted us
                return False
            if not message:
                return False
            if len(message) == HELLO.size:
                self.take(message, descriptors)
            if self.memory and self.latest() not in (0, self.last):
                return True

    def take(self, message, descriptors):
        magic, version, answer, size = HELLO.unpack(message)
        if magic != b"WINNOW\r\n" or version != VERSION:
            raise ValueError(f"no publisher of Winnow with version {VERSION} of the protocol: "
                             f"{magic} {version}")
        if answer or not descriptors:
            raise PermissionError("the publisher lets nobody else read")
        seals = fcntl.fcntl(descriptors[0], fcntl.F_GET_SEALS)
        if ~seals & (fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW):
            raise ValueError("the publisher's memory could shrink under its readers")
        self.memory = mmap.mmap(descriptors[0], size, prot=mmap.PROT_READ)
        os.close(descriptors[0])
        (_, _, self.n_slots, _, self.first, self.slot_bytes, self.pixels,
         self.described, self.result_bytes) = HEADER.unpack_from(self.memory)

    def latest(self):
        return struct.unpack_from("=Q", self.memory, LATEST)[0]

    def read(self):
        """One frame, or None if the publisher wrote into it meanwhile.  (Python cannot ask for the
        order of its reads; on x86 they have it, on Arm a copy that passes was whole all but
        surely.)"""
        number = self.latest()
        begin = self.first + number % self.n_slots * self.slot_bytes
        sequence = struct.unpack_from("=Q", self.memory, begin)[0]
        record = self.memory[begin:begin + self.pixels]
        _, _, _, parts, n_results = SLOT.unpack_from(record)
        frame = pixels = None
        if parts & 1:
            frame = FRAME.unpack_from(record, FRAME_AT)
            pixels = self.memory[begin + self.pixels:begin + self.pixels + frame[6]]
        if sequence != 2 * number or struct.unpack_from("=Q", self.memory, begin)[0] != sequence:
            return None
        self.last = number
        return number, frame, pixels, [self.unpack_result(record, RESULT_AT + i * self.result_bytes)
                                       for i in range(n_results)]

    def description(self):
        """What the channel is about, as JSON; None if nobody said it, or it is being written."""
        sequence, size = struct.unpack_from("=QI", self.memory, self.described)
        text = self.memory[self.described + 16:self.described + 16 + size]
        if sequence % 2 or not sequence:
            return None
        whole = struct.unpack_from("=Q", self.memory, self.described)[0] == sequence
        return json.loads(text) if whole else None

    @staticmethod
    def unpack_result(record, begin):
        def text(at):
            first = begin + AT["texts"] + at
            return record[first:record.index(b"\0", first)].decode()

        def numbers(at, kind, n):
            values = struct.unpack_from(f"={n}{CODES[kind]}", record, begin + at)
            return [text(value) for value in values] if kind.startswith("text") else list(values)

        counts = {name: numbers(at, kind, 1)[0] for at, kind, name in FIELDS[-5:-1]}
        result = {}
        for at, kind, name in FIELDS[:-5]:
            if name in REGION and not counts["has-region"]:
                continue
            n = counts["n-stages" if name == "survivors-per-stage" else "n-survivors"]
            array = " x " in kind
            values = numbers(at, kind.split()[-1], n if array else 1)
            result[name] = values if array else values[0]
        result["stop-reason"] = STOP_REASONS[result["stop-reason"]]
        result["label"] = result["label"] or None
        result["pts"] = None if result["pts"] == -2**63 else result["pts"]
        result["time"] = result["time"] or None
        return result

    def __iter__(self):
        while self.wait():
            found = self.read()
            if found:
                yield found


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    count = int(sys.argv[3]) if len(sys.argv) == 4 else None
    try:
        for seen, (number, frame, _, results) in enumerate(Channel(sys.argv[1]), 1):
            size = "no frame"
            if frame:
                size = f"{frame[0].rstrip(bytes(1)).decode()} {frame[1]} x {frame[2]}"
            print(f"{number}: {size}, {json.dumps(results, allow_nan=False)}", flush=True)
            if seen == count:
                break
    except (OSError, ValueError) as error:
        sys.exit(f"reader.py: {sys.argv[1]}: {error}")
    except (struct.error, LookupError, ArithmeticError) as error:  # counts and places that are none
        sys.exit(f"reader.py: {sys.argv[1]}: what the publisher wrote makes no sense: {error}")


if __name__ == "__main__":
    main()
