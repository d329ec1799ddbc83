"""Pictures of a made-up part that lies still."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDES = (64, 80)


def part(rng, sides=SIDES):
    """A uint8 picture of a made-up part that lies still: ring, bar and dot."""
    height, width = sides
    picture = Image.new("RGB", (width * 4, height * 4), (190, 196, 200))
    draw = ImageDraw.Draw(picture)
    x, y = rng.normal(0, 1.0, 2)
    draw.ellipse((80 + x, 40 + y, 220 + x, 180 + y), fill=(60, 110, 90))
    draw.ellipse((120 + x, 80 + y, 180 + x, 140 + y), fill=(190, 196, 200))
    draw.rectangle((190 + x, 120 + y, 280 + x, 160 + y), fill=(150, 70, 40))
    draw.ellipse((60 + x, 170 + y, 100 + x, 210 + y), fill=(30, 30, 80))
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    picture = picture.resize((width, height), Image.Resampling.BOX)
    image = np.asarray(picture) * rng.normal(1.0, 0.01)
    image = image + rng.normal(0.0, 1.0, image.shape)
    return np.clip(np.rint(image), 0, 255).astype("uint8")
