"""What a `Domain` learns, from good images alone."""

from functools import partial

import numpy as np
from keras import ops

from kerasad.data.compression import compressed
from kerasad.data.median import median_image
from kerasad.domain.columns import ESTIMATES, NOVELTIES
from kerasad.domain.domain import shrunk
from kerasad.domain.grain import luminance, roughness
from kerasad.domain.texture import fill, fineness, fineness_within, foreign
from kerasad.layers.compiled import Compiled

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
    template = median_image(chosen) / np.float32(255.0)
    domain.template.assign(template)
    first = Compiled(domain, partial(first_look, domain))
    looks = collected(first, chosen)
    smaller = looks["small"]
    deviation = smaller.std(axis=(1, 2)).mean(axis=0)
    domain.moments.assign(np.stack([smaller.mean(axis=(0, 1, 2)), deviation]))
    grey = host(luminance(ops.convert_to_tensor(template[None])))
    small = host(shrunk(ops.convert_to_tensor(grey[..., None]), domain.coarse))
    domain.search.fit(small[0, ..., 0])
    domain.edges.fit(grey[0])
    domain.slope.assign(np.mean(looks["slope"]))
    domain.aligned.assign(1.0)
    estimating = Compiled(domain, partial(estimates, domain))
    found = collected(estimating, chosen)
    match = float(np.median(found["domain"][:, len(ESTIMATES)]))
    aligned = match >= ALIKE
    if aligned:
        program = Compiled(domain.texture, fine_within)
        domain.texture.fit_fineness(collected(program, chosen)["fine"])
    else:
        fit_texture(domain.texture, chosen)
        domain.aligned.assign(0.0)
        found = collected(estimating, chosen)
    known = found["known"]
    centre = np.median(known, axis=0)
    widest = np.abs(known - centre).max(axis=0)
    domain.centre.assign(centre)
    domain.reach.assign(np.maximum(widest, list(ESTIMATES.values())))
    return {"aligned": aligned, "correlation": match}


def fit_texture(texture, images):
    """What a `kerasad.domain.texture.Texture` learns from good images.

    Args:
        texture: the layer, which is changed.
        images: uint8 `(n, H, W, 3)`.
    """
    flat = np.stack([compressed(image, QUALITY) for image in images[:BATCH]])
    program = Compiled(texture, textures)
    compressed_ones = collected(program, flat)
    found = collected(program, images)
    empty = found["empty"].max(), compressed_ones["empty"].max()
    texture.fit(found["fine"], empty, found["apart"])


def fine_within(images) -> dict:
    """What `Texture.fit_fineness` learns from."""
    return {"fine": fineness_within(luminance(images))}


def textures(images) -> dict:
    """What `Texture.fit` learns from."""
    return {
        "fine": fineness(luminance(images)),
        "empty": ops.mean(fill(images), axis=(1, 2, 3)),
        "apart": foreign(images),
    }


def fit_novelty(domain, strange):
    """The units of what is strange: how much of it good copies have.

    Args:
        strange: float `(n, 6)`, of the copies, see `Domain.novelties`.
    """
    common = np.quantile(strange, COMMON, axis=0)
    domain.units.assign(np.maximum(common, list(NOVELTIES.values())))


def first_look(domain, images) -> dict:
    """What is learnt before there is anything to compare with."""
    slope = roughness(luminance(images))
    return {"small": shrunk(images, domain.grid), "slope": slope}


def estimates(domain, images) -> dict:
    """What is learnt from of `Domain.estimate`."""
    found = domain.estimate(images)
    return {key: found[key] for key in ("domain", "known")}


def collected(program, images) -> dict:
    """The dict that a `Compiled` makes of uint8 images `(n, H, W, 3)`."""
    size = min(BATCH, len(images))
    found = [program.rows(part, size) for part in parts(images)]
    return {key: np.concatenate([x[key] for x in found]) for key in found[0]}


def parts(images):
    """Yields uint8 images in batches, in `[0, 1]`."""
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        yield batch.astype("float32") / np.float32(255.0)


def host(value):
    """As a numpy array."""
    return np.asarray(ops.convert_to_numpy(value))
