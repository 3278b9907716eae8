# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a shared-memory channel with nothing but Python's standard library.

    python3 reader.py /run/winnow/camera          prints every frame's result
    python3 reader.py /run/winnow/camera --count 1  only one

How the memory is laid out: engine/ipc/protocol.md.
"""
import mmap
import os
import socket
import struct
import sys

HELLO = struct.Struct("=8sIIQ")
HEADER = struct.Struct("=8sIIQQQQ")
SLOT = struct.Struct("=QQqI4x")
FRAME = struct.Struct("=IiiIIIQ3Q3Qq")
RESULT = struct.Struct("=dQQqqiiiiiiI4iIIII4x")
STOP_REASONS = "single-class confident watch group final deadline".split()
FORMATS = "NV12 I420 YV12 YUY2 UYVY RGB BGR RGBx BGRx RGBA BGRA GRAY8".split()
LATEST, FRAME_AT, RESULT_AT = 64, 32, 120
PER_STAGE_AT, SURVIVORS_AT, LABELS_AT, SCORES_AT, TEXT_AT = 224, 480, 4576, 8672, 16864


class Channel:
    """Iterates over (number, frame description, pixels, result), the newest each time; ends with the
    publisher.  frame and pixels, or the result, are None where they were not published."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.memory, self.last = None, 0

    def wait(self):
        """Reads messages until there is something new; False: the publisher has gone."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self.socket, HELLO.size + 1, 1)
            if not message:
                return False
            if len(message) == HELLO.size:
                self.take(message, descriptors)
            if self.memory and self.latest() not in (0, self.last):
                return True

    def take(self, message, descriptors):
        magic, version, answer, size = HELLO.unpack(message)
        if magic != b"WINNOW\r\n" or version != 1:
            raise ValueError(f"no publisher of Winnow with version 1 of the protocol: {magic} {version}")
        if answer or not descriptors:
            raise PermissionError("the publisher lets nobody else read")
        self.memory = mmap.mmap(descriptors[0], size, prot=mmap.PROT_READ)
        os.close(descriptors[0])
        _, _, self.n_slots, _, self.first, self.slot_bytes, self.pixels = HEADER.unpack_from(
            self.memory)

    def latest(self):
        return struct.unpack_from("=Q", self.memory, LATEST)[0]

    def read(self):
        """One frame, or None if the publisher wrote into it meanwhile.  (Python cannot ask for the
        order of its reads; on x86 they have it, on Arm a copy that passes was whole all but surely.)"""
        number = self.latest()
        begin = self.first + number % self.n_slots * self.slot_bytes
        sequence = struct.unpack_from("=Q", self.memory, begin)[0]
        record = self.memory[begin:begin + self.pixels]
        _, _, _, parts = SLOT.unpack_from(record)
        frame = pixels = result = None
        if parts & 1:
            frame = FRAME.unpack_from(record, FRAME_AT)
            pixels = self.memory[begin + self.pixels:begin + self.pixels + frame[6]]
        if sequence != 2 * number or struct.unpack_from("=Q", self.memory, begin)[0] != sequence:
            return None
        if parts & 2:
            result = self.unpack_result(record)
        self.last = number
        return number, frame, pixels, result

    @staticmethod
    def unpack_result(record):
        (confidence, macs, macs_full, latency, pts, index, stage, stages, reason, n, n_stages, _, _,
         _, _, _, _, label, group, model, ) = RESULT.unpack_from(record, RESULT_AT)

        def text(at):
            begin = TEXT_AT + at
            return record[begin:record.index(b"\0", begin)].decode()

        labels = struct.unpack_from(f"={n}I", record, LABELS_AT)
        return {"label": text(label), "class-index": index, "confidence": confidence,
                "group": text(group), "exit-stage": stage, "stage-count": stages,
                "stop-reason": STOP_REASONS[reason],
                "survivors": list(struct.unpack_from(f"={n}i", record, SURVIVORS_AT)),
                "survivor-labels": [text(at) for at in labels],
                "survivor-scores": list(struct.unpack_from(f"={n}d", record, SCORES_AT)),
                "survivors-per-stage": list(struct.unpack_from(f"={n_stages}i", record,
                                                               PER_STAGE_AT)),
                "macs": macs, "macs-full": macs_full, "latency-ns": latency, "model-id": text(model),
                "pts": None if pts == -2**63 else pts}

    def __iter__(self):
        while self.wait():
            found = self.read()
            if found:
                yield found


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    count = int(sys.argv[3]) if len(sys.argv) == 4 else None
    for seen, (number, frame, _, result) in enumerate(Channel(sys.argv[1]), 1):
        size = f"{FORMATS[frame[0]]} {frame[1]} x {frame[2]}" if frame else "no frame"
        print(f"{number}: {size}, {result}", flush=True)
        if seen == count:
            break


if __name__ == "__main__":
    main()
