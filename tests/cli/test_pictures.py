# SPDX-License-Identifier: LGPL-2.1-or-later
"""Picture files as `winnow classify` meets them: upright or turned, cut, too large, of other kinds.
What the pixels are is checked in tests/oracle.
"""
import re
import struct
import unittest

from support import CAT, MODEL, CliTest, png_bytes

WIDTH, HEIGHT = 40, 24
PIXELS = [[(6 * x, 10 * y, 128) for x in range(WIDTH)] for y in range(HEIGHT)]

# Four by three pixels without loss, and two such frames.
WEBP = bytes.fromhex(
    "5249464638000000574542505650384c2b0000002f038000005f40906d33c422dcdfe30ec33380f3"
    "df830cb05c00820012a51452186e8515468de87f50970300")
WEBP_PIXELS = [[(60 * x, 80 * y, 128) for x in range(4)] for y in range(3)]
WEBP_MOVING = bytes.fromhex(
    "52494646a200000057454250565038580a00000002000000030000020000414e494d060000000000"
    "00000000414e4d4644000000000000000000030000020000000000025650384c2b0000002f038000"
    "005f40906d33c422dcdfe30ec33380f3df830cb05c00820012a51452186e8515468de87f50970300"
    "414e4d462a000000000000000000030000020000000000005650384c110000002f0380000007d084"
    "2634a1ff8188e87f0000")

# What a stored picture becomes for each orientation of EXIF: CIPA DC-008, 4.6.4.A.
UPRIGHT = {
    1: lambda p: p,
    2: lambda p: [row[::-1] for row in p],
    3: lambda p: [row[::-1] for row in p[::-1]],
    4: lambda p: p[::-1],
    5: lambda p: [list(column) for column in zip(*p)],
    6: lambda p: [list(column) for column in zip(*p[::-1])],
    7: lambda p: [list(column)[::-1] for column in zip(*p)][::-1],
    8: lambda p: [list(column) for column in zip(*p)][::-1],
}


def exif(orientation, order=">", kind=3):
    """A TIFF block with one entry; kind 3 is 16 bits, 4 is 32."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"),
                        *((orientation, 0) if kind == 3 else (orientation,)))
    return ((b"MM" if order == ">" else b"II") + struct.pack(order + "HIH", 42, 8, 1) +
            struct.pack(order + "HHI", 0x112, kind, 1) + value + bytes(4))


def flat(pixels):
    return bytes(value for row in pixels for pixel in row for value in pixel)


def ppm(pixels):
    return b"P6 %d %d 255\n" % (len(pixels[0]), len(pixels)) + flat(pixels)


def png(pixels, chunks=()):
    return png_bytes(len(pixels[0]), len(pixels), [flat([row]) for row in pixels], 2, chunks=chunks)


def turned_jpeg(orientation):
    """The sample with an APP1 segment right after the start marker."""
    data, block = CAT.read_bytes(), b"Exif\0\0" + exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


class PictureTest(CliTest):
    def scores(self, *files):
        """Of files given as (name, bytes): what tells one picture from another."""
        paths = [self.file(name, data) for name, data in files]
        return [(result["survivors-per-stage"], result["survivor-scores"], result["macs"])
                for result in self.succeed_json("classify", MODEL, *paths)]

    def assert_same(self, *files):
        first, *others = self.scores(*files)
        for (name, _), other in zip(files[1:], others):
            self.assertEqual(first, other, name)

    def refuse(self, name, data, *says):
        path = self.file(name, data)
        self.expect_failure(1, "classify", MODEL, path, says=(path, *says))


class Turned(PictureTest):
    def test_png(self):
        for orientation, upright in UPRIGHT.items():
            for order in "<>":
                self.assert_same(("right.ppm", ppm(upright(PIXELS))),
                                 ("turned.png", png(PIXELS, [(b"eXIf", exif(orientation, order))])))
        self.assert_same(("right.ppm", ppm(UPRIGHT[6](PIXELS))),
                         ("long.png", png(PIXELS, [(b"eXIf", exif(6, kind=4))])))

    def test_webp(self):
        def extended(orientation):
            flags = struct.pack("<B3x", 8) + struct.pack("<I", 3)[:3] + struct.pack("<I", 2)[:3]
            block = exif(orientation)
            body = (b"WEBPVP8X" + struct.pack("<I", 10) + flags + WEBP[12:] + b"EXIF" +
                    struct.pack("<I", len(block)) + block)
            return b"RIFF" + struct.pack("<I", len(body)) + body
        for orientation, upright in UPRIGHT.items():
            self.assert_same(("right.ppm", ppm(upright(WEBP_PIXELS))),
                             ("turned.webp", extended(orientation)))

    def test_jpeg(self):
        upright, *others = self.scores(*((f"{i}.jpg", turned_jpeg(i)) for i in UPRIGHT))
        self.assertEqual(upright, *self.scores(("cat.jpg", CAT.read_bytes())))
        self.assertEqual(len({str(one) for one in others} - {str(upright)}), 7)

    def test_nonsense_turns_nothing(self):
        blocks = [b"", b"MM", b"XX\0*\0\0\0\x08", exif(0), exif(9), exif(6)[:-6], exif(6)[:12],
                  b"MM\0*\xff\xff\xff\xff" + exif(6)[8:],
                  b"MM\0*\0\0\0\x08\xff\xff" + exif(6)[10:14],
                  exif(6).replace(b"\0*", b"\0+")]
        self.assert_same(("right.ppm", ppm(PIXELS)),
                         *((f"{i}.png", png(PIXELS, [(b"eXIf", block)]))
                           for i, block in enumerate(blocks)))


class Kinds(PictureTest):
    def test_pnm(self):
        deep = [[tuple(v * 257 for v in pixel) for pixel in row] for row in PIXELS]
        wide = b"".join(struct.pack(">3H", *pixel) for row in deep for pixel in row)
        self.assert_same(
            ("right.ppm", ppm(PIXELS)),
            ("deep.ppm", b"P6 %d %d 65535\n" % (WIDTH, HEIGHT) + wide),
            ("notes.ppm",
             b"P6#one\n# two\r\n%d\t#three\n%d\n255\n" % (WIDTH, HEIGHT) + flat(PIXELS)),
            ("more.ppm", ppm(PIXELS) + b"and another picture"))
        grey = [bytes(row[x][0] for x in range(WIDTH)) for row in PIXELS]
        self.assert_same(
            ("right.ppm", ppm([[(v, v, v) for v in row] for row in grey])),
            ("grey.pgm", b"P5 %d %d 255\n" % (WIDTH, HEIGHT) + b"".join(grey)),
            ("grey.png", png_bytes(WIDTH, HEIGHT, grey, 0)))
        self.assert_same(
            ("right.ppm", ppm([[(85 * (x % 4),) * 3 for x in range(WIDTH)]] * HEIGHT)),
            ("few.pgm", b"P5 %d %d 3\n" % (WIDTH, HEIGHT) +
             bytes(x % 4 for x in range(WIDTH)) * HEIGHT))

    def test_damaged_pnm(self):
        for data in [b"P6", b"P6 40", b"P6 40 24", b"P6 40 24 255", b"P6 40 x 255\n", b"P6 #",
                     b"P6 40 24 0\n" + bytes(9999), b"P6 40 24 65536\n" + bytes(9999),
                     b"P6 -40 24 255\n", ppm(PIXELS)[:-1], b"P5 40 24 255\n" + bytes(959),
                     b"P5 40 24 256\n" + bytes(1919)]:
            self.refuse("bad.ppm", data, "damaged")

    def test_webp(self):
        self.assert_same(("right.ppm", ppm(WEBP_PIXELS)), ("any name.jpg", WEBP))
        self.refuse("cut.webp", WEBP[:-20], "damaged")
        self.refuse("moving.webp", WEBP_MOVING, "animated")

    def test_others_are_named(self):
        for name, data in {
                "GIF": b"GIF89a\1\0\1\0", "BMP": b"BM" + bytes(60), "TIFF": b"II*\0" + bytes(60),
                "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0", "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0",
                "JPEG XL": b"\xff\x0a" + bytes(60), "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
                "SVG": b"<svg xmlns='x'/>", "PDF": b"%PDF-1.4\n", "text": b"no picture\n",
                "PNM": b"P3 1 1 255 0 0 0\n",
                "Git LFS": b"version https://git-lfs.github.com/spec/v1\n",
                "YUV4MPEG2": b"YUV4MPEG2 W4 H4\n", "empty": b"",
                "not a picture": bytes(range(256))}.items():
            self.refuse("x.jpg", data, name)


class Damage(PictureTest):
    def test_cut_jpeg(self):
        data = CAT.read_bytes()
        self.assertEqual(data[-2:], b"\xff\xd9")
        self.assert_same(("whole.jpg", data), ("open.jpg", data[:-2]))
        for n in [*range(3, len(data) - 60, 49), *range(len(data) - 60, len(data) - 3, 7)]:
            self.refuse("cut.jpg", data[:n], "damaged")

    def test_cut_png(self):
        data = png(PIXELS)
        for n in (len(data) - 1, len(data) - 12, len(data) - 30, 60, 33, 20, 9):
            self.refuse("cut.png", data[:n], "damaged")

    def test_limits(self):
        """Found by the header alone: there is nothing behind it."""
        def header(width, height):
            return png_bytes(width, height, [], 6)
        self.refuse("side.png", header(16385, 1), "16385x1", "16384")
        self.refuse("bomb.png", header(16384, 16384), "16384x16384", "million")
        self.refuse("bomb.ppm", b"P6 16384 16384 255\n", "16384x16384", "million")
        self.refuse("side.ppm", b"P6 99999999999999999999 1 255\n", "16384")
        sizes = re.search(rb"\xff\xc0\0\x11\x08(....)", CAT.read_bytes(), re.S)
        bomb = bytearray(CAT.read_bytes())
        bomb[sizes.start(1):sizes.end(1)] = struct.pack(">HH", 16384, 16384)
        self.refuse("bomb.jpg", bytes(bomb), "16384x16384", "million")


if __name__ == "__main__":
    unittest.main()
