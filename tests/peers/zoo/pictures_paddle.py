# SPDX-License-Identifier: LGPL-2.1-or-later
"""What paddle.vision.transforms makes of photographs; rows as in pictures_torch.py."""

import maker
import make_paddle
import photos

SIZE = make_paddle.SIZE
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def pillow(interpolation, options):
    """Its transforms on pictures of Pillow, which its data sets open by default."""
    def make(path):
        from paddle.vision import transforms as T
        shape = photos.save(path, T.Compose([
            T.Resize(256, interpolation), T.CenterCrop(SIZE), T.ToTensor(),
            T.Normalize(*IMAGENET)]))
        make_paddle.converted("shufflenet_v2_x0_25", [1, *shape])(path)
        return {"shape": [1, *shape], "options": ["--preset", "torchvision", *options]}
    return maker.Row("paddle", interpolation, make)


def rows():
    return [pillow("bilinear", ()), pillow("bicubic", ("--interpolation", "bicubic"))]


if __name__ == "__main__":
    maker.main(rows(), maker.parse())
