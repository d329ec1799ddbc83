"""What a `Domain` learns, from good images alone."""

import numpy as np
from keras import ops

from kerasad.data.compression import compressed
from kerasad.domain.columns import ESTIMATES, NOVELTIES
from kerasad.domain.domain import shrunk
from kerasad.domain.grain import luminance, roughness
from kerasad.domain.texture import fill, fineness

IMAGES = 200  # at most, that ranges are learnt from
BATCH = 8
QUALITY = 30  # of a compressed image, of 100
ALIKE = 0.7  # correlation with the template from which on parts lie alike
COMMON = 0.99  # quantile of the copies that novelty is measured in


def fit_domain(domain, images) -> dict:
    """Template, and how much good images differ among themselves.

    Args:
        domain: `kerasad.domain.Domain`, which is changed.
        images: uint8 `(n, *size, 3)`, good images.

    Returns:
        A dict of plain facts: `aligned`, whether they lie alike, and
        `correlation`, their median with the template.
    """
    if not domain.built:
        domain.build()
    chosen = images[:: max(1, -(-len(images) // IMAGES))]
    floats = chosen.astype("float32") / 255.0
    template = np.median(floats, axis=0)
    domain.template.assign(template)
    smaller = np.concatenate(
        [
            host(shrunk(ops.convert_to_tensor(part), domain.grid))
            for part in parts(floats)
        ]
    )
    deviation = smaller.std(axis=(1, 2)).mean(axis=0)
    domain.moments.assign(np.stack([smaller.mean(axis=(0, 1, 2)), deviation]))
    grey = host(luminance(ops.convert_to_tensor(template[None])))
    small = host(shrunk(ops.convert_to_tensor(grey[..., None]), domain.coarse))
    domain.search.fit(small[0, ..., 0])
    domain.edges.fit(grey[0])
    slopes = [
        host(roughness(luminance(ops.convert_to_tensor(part))))
        for part in parts(floats)
    ]
    domain.slope.assign(np.mean(np.concatenate(slopes)))
    domain.aligned.assign(1.0)
    found = estimates(domain, floats)
    match = float(np.median(found["domain"][:, len(ESTIMATES)]))
    aligned = match >= ALIKE
    if not aligned:
        fit_texture(domain.texture, chosen, floats)
        domain.aligned.assign(0.0)
        found = estimates(domain, floats)
    known = found["known"]
    centre = np.median(known, axis=0)
    widest = np.abs(known - centre).max(axis=0)
    domain.centre.assign(centre)
    domain.reach.assign(np.maximum(widest, list(ESTIMATES.values())))
    return {"aligned": aligned, "correlation": match}


def fit_texture(texture, images, floats):
    """What a `kerasad.domain.texture.Texture` learns from good images.

    Args:
        texture: the layer, which is changed.
        images: uint8 `(n, H, W, 3)`.
        floats: the same in `[0, 1]`.
    """
    # A plain ground is as even as an empty border once it is compressed.
    flat = np.stack([compressed(image, QUALITY) for image in images[:BATCH]])
    fine, empty = [], [share_empty(flat / np.float32(255.0))]
    for part in parts(floats):
        grey = luminance(ops.convert_to_tensor(part))
        fine.append(host(fineness(grey)))
        empty.append(share_empty(part))
    texture.fit(np.concatenate(fine), max(empty))


def share_empty(images) -> float:
    """The greatest share that `fill` finds in one of the images."""
    found = host(fill(ops.convert_to_tensor(images)))
    return found.mean(axis=(1, 2, 3)).max()


def fit_novelty(domain, strange):
    """The units of what is strange: how much of it good copies have.

    Args:
        strange: float `(n, 6)`, of the copies, see `Domain.novelties`.
    """
    common = np.quantile(strange, COMMON, axis=0)
    domain.units.assign(np.maximum(common, list(NOVELTIES.values())))


def estimates(domain, floats) -> dict:
    """`Domain.estimate` of images `(n, H, W, 3)` in `[0, 1]`, as numpy."""
    found = [domain.estimate(ops.convert_to_tensor(x)) for x in parts(floats)]
    return {
        key: np.concatenate([host(one[key]) for one in found])
        for key in ("domain", "known")
    }


def parts(images):
    """Yields images in batches."""
    return (images[i : i + BATCH] for i in range(0, len(images), BATCH))


def host(value):
    """As a numpy array."""
    return np.asarray(ops.convert_to_numpy(value))
