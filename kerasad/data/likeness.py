"""Which photos are copies of one another, or nearly: told by fingerprints.

A threshold guarantees nothing if an image that it was fitted to was also
learnt from: under another name, saved anew, or as the next frame of the same
part.
"""

import base64
import hashlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

SIDE = 16  # pixels of a thumbnail
# Grey levels, root mean square over a thumbnail, that JPEG of quality 75 and
# other sizes of the same photo stay under. Photos of two capsules of MVTec AD
# differ by 0.8 at least, the built-in ones by 0.9.
REENCODED = 0.35
BLOCK = 8  # pixels; of JPEG. A pixel of a thumbnail that is less errs more.
LEFT = 0.61  # of white noise after the filter, by its width; measured
ALLOWED = 1.6  # times the noise; frames of one scene differ by 1.0 times it
NOISIEST = 4.0  # grey levels; what is more may be texture
ROWS = 512  # of a matrix of distances in memory
MOST = 30_000  # photos that a text holds, so that a detector stays small
BYTES = 8 + 2 * SIDE * SIDE + 2


@dataclass
class Fingerprints:
    """Of `n` photos; 522 bytes each in a file.

    Args:
        digests: uint64 `(n,)`, of the pixels.
        thumbs: float32 `(n, SIDE * SIDE)`, grey levels.
        tolerance: float32 `(n,)`, grey levels: how far what is the same photo
            may differ, by JPEG and by noise.
    """

    digests: np.ndarray
    thumbs: np.ndarray
    tolerance: np.ndarray

    @classmethod
    def of(cls, rows):
        """Of what `fingerprint` gave, a list with an item a photo."""
        columns = list(zip(*rows, strict=True)) or ([], [], [])
        digests, thumbs, tolerance = columns
        return cls(
            np.array(digests, "uint64"),
            np.array(thumbs, "float32").reshape(-1, SIDE * SIDE),
            np.array(tolerance, "float32"),
        )

    def __len__(self):
        return len(self.digests)

    def __getitem__(self, rows):
        return Fingerprints(
            self.digests[rows], self.thumbs[rows], self.tolerance[rows]
        )

    def repeated(self) -> np.ndarray:
        """Bool `(n,)`: whether an earlier photo has the same pixels."""
        again = np.ones(len(self), bool)
        again[np.unique(self.digests, return_index=True)[1]] = False
        return again

    def copies_in(self, others, near=True) -> np.ndarray:
        """Of each photo the place of one in `others` that it is a copy of,
        or, with `near`, nearly; -1 for none."""
        if not near:
            return self.same(others)
        found = np.full(len(self), -1)
        for start, block in self.blocks(others):
            rows, columns = block.nonzero()
            found[start + rows[::-1]] = columns[::-1]  # the first counts
        return found

    def same(self, others) -> np.ndarray:
        """As `copies_in`, of the same pixels only."""
        known = {digest: place for place, digest in enumerate(others.digests)}
        return np.array([known.get(d, -1) for d in self.digests], int)

    def groups(self) -> np.ndarray:
        """Ints `(n,)`: equal for photos that a chain of near-copies joins."""
        # On first use: who only predicts groups nothing.
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        pairs = [np.empty((2, 0), int)]
        for start, near in self.blocks(self):
            pairs.append(np.add(near.nonzero(), [[start], [0]]))
        pairs = np.concatenate(pairs, axis=1)
        graph = coo_array((np.ones(pairs.shape[1]), pairs), 2 * [len(self)])
        return connected_components(graph, directed=False)[1]

    def blocks(self, others):
        """`(start, bool (rows, m))` whether near, some rows at a time."""
        middle = others.thumbs.mean(axis=0) if len(others) else 0.0
        columns = others.thumbs - middle  # small numbers: less is rounded off
        squares = np.square(columns).sum(axis=1)
        for start in range(0, len(self), ROWS):
            part = self[start : start + ROWS]
            rows = part.thumbs - middle
            distance = squares - 2.0 * rows @ columns.T
            distance += np.square(rows).sum(axis=1, keepdims=True)
            limit = np.add.outer(part.tolerance**2, others.tolerance**2)
            near = distance <= limit * SIDE * SIDE
            yield start, near | np.equal.outer(part.digests, others.digests)

    def to_text(self) -> str:
        """Base64 of the first `MOST`, 696 characters each, so that the texts
        of two may be joined."""
        if len(self) > MOST:
            return self[:MOST].to_text()
        parts = np.zeros((len(self), BYTES), "uint8")
        parts[:, :8] = as_bytes(self.digests, "<u8")
        parts[:, 8:-2] = as_bytes(self.thumbs, "<f2")
        parts[:, -2:] = as_bytes(self.tolerance, "<f2")
        return base64.b64encode(parts.tobytes()).decode()

    @classmethod
    def from_text(cls, text):
        """Those that `to_text` wrote."""
        data = np.frombuffer(base64.b64decode(text), "uint8")
        parts = data.reshape(-1, BYTES)

        def column(first, last, kind):
            return np.ascontiguousarray(parts[:, first:last]).view(kind)

        return cls(
            column(0, 8, "<u8")[:, 0].astype("uint64"),
            column(8, BYTES - 2, "<f2").astype("float32"),
            column(BYTES - 2, BYTES, "<f2")[:, 0].astype("float32"),
        )


def as_bytes(values, kind):
    """uint8 `(n, -1)`, what lies in memory of each row."""
    rows = np.ascontiguousarray(values.astype(kind)).view("uint8")
    return rows.reshape(len(values), -1)


def fingerprint(photo):
    """Digest, thumbnail and tolerance of a photo, see `Fingerprints`."""
    photo = np.ascontiguousarray(photo)
    digest = hashlib.sha256(f"{photo.shape}".encode())
    digest.update(photo)
    grey = mean_of_channels(photo)
    thumb = Image.fromarray(grey).resize(
        (SIDE, SIDE), Image.Resampling.BILINEAR
    )
    side = np.sqrt(grey.size) / SIDE  # of what a pixel of it covers
    encoding = REENCODED * max(1.0, BLOCK / side)
    noise = ALLOWED * LEFT * min(noise_level(grey), NOISIEST) / side
    return (
        int.from_bytes(digest.digest()[:8], "little"),
        # As a file keeps them, so that saving changes nothing.
        np.asarray(thumb).ravel().astype("float16"),
        np.float16(np.hypot(encoding / np.sqrt(2.0), noise)),
    )


def mean_of_channels(photo):
    """`photo.mean(axis=-1, dtype="float32")` of uint8, at a tenth of the time.

    >>> photo = np.arange(24, dtype="uint8").reshape(2, 4, 3)
    >>> mean_of_channels(photo)[0].tolist()
    [1.0, 4.0, 7.0, 10.0]
    """
    total = photo[..., 0].astype("uint16")
    for channel in range(1, photo.shape[-1]):
        total += photo[..., channel]
    return total / np.float32(photo.shape[-1])


def noise_level(grey) -> float:
    """Standard deviation of the noise of a grey image, robust to edges.

    Reference:

    - [Donoho and Johnstone, 1994](https://doi.org/10.1093/biomet/81.3.425):
      the median of the finest diagonal wavelet coefficients
    """
    detail = grey[:-1:2, :-1:2] - grey[1::2, :-1:2]
    detail = detail - grey[:-1:2, 1::2] + grey[1::2, 1::2]
    if not detail.size:
        return 0.0
    return float(np.median(np.abs(detail))) / 2 / 0.6745
