"""The detector: one Keras model, one `.keras` file."""

import sys

import keras
import numpy as np
from keras import ops

from kerasad.batches import batches_of, batchwise, raw_image
from kerasad.calibration.conformal import p_values
from kerasad.calibration.fit import fit_threshold
from kerasad.calibration.record import record_of, thresholds_of
from kerasad.calibration.shifted import match, recalibrated
from kerasad.data.images import resized
from kerasad.data.likeness import Fingerprints
from kerasad.domain.learning import fit_novelty
from kerasad.errors import InputError
from kerasad.files import replacing
from kerasad.filters import enlarged_and_blurred, gaussian_blur
from kerasad.layers.either import either
from kerasad.layers.in_parts import in_parts
from kerasad.layers.once import scoring
from kerasad.layers.resize import Resize
from kerasad.methods.method import revived
from kerasad.scoring import image_score, images_at_a_time
from kerasad.sides import sides_of
from kerasad.spread import spread_of, spread_under_shift
from kerasad.version import __version__

# Images whose domain is estimated at a time, at least: small operations, which
# take about as long for as many.
TOGETHER = 4


@keras.saving.register_keras_serializable(package="kerasad")
class Detector(keras.Model):
    """Raw images in; anomaly map, score and decision out.

    Resizes the image, lets its method make maps of it, expresses each in
    units of its spread on normal images, adds them up, scores and decides.
    All of it, and where it came from, travels in one `.keras` file; nothing
    beside it is needed. An image is anomalous when its score is strictly
    greater than the threshold.

    Args:
        method: `kerasad.Method`, what turns images into maps.
        image_size: pair of ints, `(height, width)` in pixels, or one for
            both. What images are resized to.
        sigma: float, in pixels of that size. Standard deviation of the
            Gaussian filter on each map.
        score: `"mean"`, `"max"` or `"top-fraction"`, see
            `kerasad.scoring.image_score`.
        top_fraction: float in `(0, 1]`.
        localise: `"by-place"`, `anomaly_map` is what the score is taken of;
            or `"raw"`, it is the maps without regard to the place, each in
            units of its mean spread: a network that errs on outlines of good
            parts, too, tells good images by the former and the pixels of
            defects by the latter, for defects are on parts.
        threshold: dict of `kerasad.calibration.fit_threshold`, or `None`
            while the detector is not calibrated.
        pixel_threshold: dict of `kerasad.calibration.pixel_threshold`, fitted
            along with `threshold`: a defect mask is the map above it.
        calibration: dict: `scores` of the held-out normal images,
            `map_maxima` of their maps, `map_range`, the pair of values
            that heatmaps span, `images`, a few of them that an export is
            checked with, see `kerasad.calibration.pictures`, and `folds` if
            they are out-of-fold scores of `kerasad.calibration.cross`;
            `groups`, the label of each image, where several show one part;
            `picked`, whether the best epoch was picked by these images;
            `shifted`, with a domain, see `kerasad.calibration.shifted`. Or
            `None`.
        seen: dict: fingerprints (see `kerasad.data.likeness`) of the images
            `learnt` from and of those `held_out`, and `near`, whether nearly
            equal images count as equal. Or `None`.
        provenance: dict of plain values: config, seed, versions, hash of the
            training files.
        rounded: bool, see `kerasad.layers.Resize`. Files that do not say are
            of before it did, and score as they did.
        domain: `kerasad.domain.Domain`, fitted, or `None` to take images as
            they come.
        registration: `kerasad.domain.Registration`, fitted, which brings
            parts to lie alike before anything else looks at them, or `None`.
            Maps are given in the frame of the image; 0 where the image shows
            what the template does not.

    Call arguments:
        images: `(B, H, W, 3)` of any size, values from 0 to 255.

    Returns:
        A dict of `anomaly_map` float32 `(B, *image_size)`, `anomaly_score`
        float32 `(B,)`, `is_anomalous` bool `(B,)`, and, where the method has
        one, `reconstruction` float32 `(B, *image_size, 3)` in `[0, 1]`. With
        a domain also `domain` float32 `(B, 14)`, see
        `kerasad.domain.columns.COLUMNS`, and `in_domain` bool `(B,)`, whether
        the image can be judged.

    Example:

    >>> import kerasad
    >>> class Darkness(kerasad.Method):
    ...     def call(self, images):
    ...         return {"maps": 1.0 - ops.mean(images, -1, keepdims=True)}
    >>> detector = Detector(Darkness(), 32, score="mean")
    >>> photos = np.random.default_rng(0).integers(256, size=(5, 40, 60, 3))
    >>> detector.calibrate(photos.astype("uint8"), "n-sigma", k=3.0)
    >>> result = detector.predict(photos[:2].astype("uint8"))
    >>> {name: value.shape for name, value in result.items()}
    {'anomaly_map': (2, 32, 32), 'anomaly_score': (2,), 'is_anomalous': (2,)}
    """

    def __init__(
        self,
        method,
        image_size,
        sigma=4.0,
        score="max",
        top_fraction=0.001,
        localise="by-place",
        threshold=None,
        pixel_threshold=None,
        calibration=None,
        seen=None,
        provenance=None,
        rounded=True,
        domain=None,
        registration=None,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.method = method
        self.image_size = sides_of(image_size)
        self.sigma = sigma
        self.score = score
        self.top_fraction = top_fraction
        self.localise = localise
        self.threshold = threshold
        self.pixel_threshold = pixel_threshold
        self.calibration = calibration
        self.seen = seen
        self.provenance = provenance
        self.rounded = rounded

        self.resize = Resize(self.image_size, rounded, dtype="float32")
        if not method.built:
            method.build((None, *self.image_size, 3))
        options = {
            "shape": (len(method.map_names), *self.image_size),
            "dtype": "float32",
            "trainable": False,
        }
        self.map_mean = self.add_weight(
            initializer="zeros", name="map_mean", **options
        )
        self.map_scale = self.add_weight(
            initializer="ones", name="map_scale", **options
        )
        self.registration = registration
        if registration is not None and not registration.built:
            registration.build()
        self.domain = domain
        if domain is not None:
            if not domain.built:
                domain.build()
            self.shifted_mean = self.add_weight(
                initializer="zeros", name="shifted_mean", **options
            )
            self.shifted_scale = self.add_weight(
                initializer="ones", name="shifted_scale", **options
            )
            # Gain and offset of scores, see kerasad.calibration.shifted.
            self.matching = self.add_weight(
                initializer="zeros",
                name="matching",
                **options | {"shape": (2,)},
            )
            self.matching.assign([1.0, 0.0])
        self.built = True

    def call(self, images):
        images = self.resize(ops.cast(images, "float32")) / 255.0
        if self.registration is None:
            return self.looked_at(images)
        found = self.registration(images)
        result = self.looked_at(found["images"])
        maps = result["anomaly_map"][..., None]
        result["anomaly_map"] = self.registration.returned(maps, found)[..., 0]
        if "reconstruction" in result:
            result["reconstruction"] = self.registration.returned(
                result["reconstruction"], found, images
            )
        return result

    def looked_at(self, images):
        """What `call` gives, of images whose parts lie as they should."""
        if self.domain is None:
            return self.judged(images)
        found = self.domain(images)
        count = images_at_a_time(self.image_size, self.map_mean, sys.maxsize)
        return in_parts(self.judged, (found["images"], found), count)

    def judged(self, images, found=None):
        """What `call` gives, of what the domain has `found` if there is one."""
        outputs = self.outputs_of(images, found and found["changed"])
        maps = self.filtered(outputs["maps"])
        if found is None:
            anomaly_map, score = self.as_they_are(maps)
        else:
            anomaly_map, score = either(
                found["changed"],
                self.brought_back,
                lambda maps, found: self.as_they_are(maps),
                (maps, found),
            )
        result = {
            "anomaly_map": anomaly_map,
            "anomaly_score": score,
            "is_anomalous": score > self.limit(),
        }
        if "reconstruction" in outputs:
            result["reconstruction"] = outputs["reconstruction"]
        if found is not None:
            result |= {key: found[key] for key in ("domain", "in_domain")}
        return result

    def outputs_of(self, images, changed=None):
        """Those of the method, which may want to know what was normalised."""
        if changed is None or not self.method.knows_changed:
            return self.method(images)
        return self.method(images, changed=changed)

    def as_they_are(self, maps):
        """Map `(B, H, W)` and score `(B,)` of images that no domain changed."""
        anomaly_map = self.summed(maps, self.map_mean, self.map_scale)
        score = image_score(anomaly_map, self.score, self.top_fraction)
        return self.located(anomaly_map, maps), score

    def brought_back(self, maps, found):
        """Map and score of normalised images, in units of those that are not.

        The score is of what they show, and the map in the frame that they
        had; 0 where they show nothing of what the method knows.
        """
        anomaly_map = self.summed(maps, self.shifted_mean, self.shifted_scale)
        anomaly_map = self.matching[0] * anomaly_map + self.matching[1]
        seen = found["seen"][..., 0]
        score = image_score(anomaly_map, self.score, self.top_fraction, seen)
        anomaly_map = self.located(anomaly_map, maps)
        returned = self.domain.returned(anomaly_map[..., None], found)
        return returned[..., 0], score

    def summed(self, maps, mean, scale):
        """One map of several, each in units of its own spread."""
        both_ways = self.method.two_sided or [False] * len(maps)
        total = 0.0
        for index, component in enumerate(maps):
            away = (component - mean[index]) / scale[index]
            total = total + (ops.abs(away) if both_ways[index] else away)
        return total

    def located(self, by_place, maps):
        """What `anomaly_map` is, `(B, H, W)`, see `localise`."""
        if self.localise == "by-place":
            return by_place
        spread = ops.mean(self.map_scale, axis=(1, 2))
        return sum(one / spread[index] for index, one in enumerate(maps))

    def filtered(self, maps):
        """The channels of `maps`, `(B, h, w, C)`, each after the filter.

        Those of a coarser grid are brought to the size of the images.
        """
        channels = [maps[..., i] for i in range(len(self.method.map_names))]
        if tuple(maps.shape[1:3]) == self.image_size:
            return [gaussian_blur(one, self.sigma) for one in channels]
        return [
            enlarged_and_blurred(one, *self.image_size, self.sigma)
            for one in channels
        ]

    def predict(
        self, x, batch_size=None, verbose="auto", steps=None, callbacks=None
    ):
        """Scores raw images.

        Args:
            x: uint8 `(B, H, W, 3)`, or float in `[0, 1]`, or a list of
                such images of different sizes; or a data set of such
                batches, alone or first in a tuple: `keras.utils.PyDataset`,
                `tf.data.Dataset`, any iterable.
            batch_size: int. Images in the network at a time, at most; `None`
                for 16, fewer where they are larger than 256 pixels, and on
                PyTorch on a CPU, see `kerasad.scoring.images_at_a_time`.
            verbose: ignored; there is no progress bar.
            steps: int. Batches to take of a data set; `None` for all.
            callbacks: must be empty; none is called.

        Returns:
            The dict of `call`, as numpy arrays.

        Raises:
            InputError: not RGB images of such values, or the scores are not
                finite numbers.
        """
        if callbacks:
            raise InputError("predict calls no callbacks; leave them out")
        if not (isinstance(x, (list, tuple)) or hasattr(x, "shape")):
            parts = [self.predict(b, batch_size) for b in batches_of(x, steps)]
            parts = parts or [self.predict([])]  # which refuses
            columns = {name: [p[name] for p in parts] for name in parts[0]}
            return {name: np.concatenate(columns[name]) for name in columns}
        if steps is not None:
            raise InputError(
                "steps counts batches of a data set; pass fewer images instead"
            )
        images = [raw_image(image) for image in x]
        if not images:
            raise InputError("predict needs at least one image, received none")
        count = images_at_a_time(self.image_size, self.map_mean, batch_size)
        if self.domain is not None:
            count = max(count, min(batch_size or TOGETHER, TOGETHER))
        # PyTorch alone makes no program for each size of a batch.
        fill = keras.backend.backend() != "torch"
        result = batchwise(self.computed, images, count, fill)
        # On the host, in double precision, so that a threshold set after the
        # graph was traced counts.
        scores = result["anomaly_score"].astype("float64")
        if not np.isfinite(scores).all():  # a NaN would pass for normal
            raise InputError(
                "this detector gives scores that are not finite: its weights "
                "are damaged; copy its file anew, or train it anew"
            )
        result["is_anomalous"] = scores > self.limit()
        return result

    def computed(self, batch):
        """What `call` gives of a batch of any size, as numpy arrays."""
        if batch.shape[1:3] != self.image_size:
            # Not in the graph, which would be traced for each size, on
            # TensorFlow without knowing the size.
            batch = self.resize(batch.astype("float32"))
            batch = ops.convert_to_numpy(batch)
        with scoring():
            return self.predict_on_batch(batch)

    def export(self, *arguments, **options):
        """Keras's own would leave out preprocessing and checks.

        Raises:
            InputError: says what to call instead.
        """
        raise InputError(
            "export a detector with kerasad.export.export(detector, path, "
            "format) or the command `kerasad export`"
        )

    def fitting(self, photo, path=None):
        """A Pillow image, of any size, as what the network takes."""
        return np.asarray(resized(photo, self.image_size))

    def limit(self) -> float:
        """The score above which an image is anomalous; infinite if unset."""
        return (self.threshold or {}).get("threshold", float("inf"))

    def check_calibrated(self):
        """Refuses, with an `InputError`, to decide without a threshold."""
        if self.threshold is None or self.calibration is None:
            raise InputError(
                "this detector has no threshold; fit one with "
                "`kerasad threshold`"
            )

    def fit_map_statistics(self, images, batch_size=4):
        """Learns mean and spread of each map pixel from normal images.

        Args:
            images: uint8 `(n, *image_size, 3)`, normal images only: those
                that the method was fitted to, in the same order. The first
                200 count, see `kerasad.spread.spread_of`.
        """
        mean, scale = spread_of(self, images, batch_size)
        self.map_mean.assign(mean)
        self.map_scale.assign(scale)

    def fit_shifted_statistics(self, shifted):
        """The same of images that the domain has normalised.

        Args:
            shifted: `kerasad.domain.copies.Shifted`, of images that the
                method was fitted to.
        """
        mean, scale, strange = spread_under_shift(self, shifted)
        self.shifted_mean.assign(mean)
        self.shifted_scale.assign(scale)
        fit_novelty(self.domain, strange)

    def calibrate(
        self, images, method="conformal", k=None, fpr=None, groups=None
    ):
        """Fits the thresholds to held-out normal images.

        Args:
            images: uint8 `(n, H, W, 3)`, normal and not trained on.
            method, k, fpr, groups: see `kerasad.calibration.fit_threshold`.
        """
        self.calibration = self.calibration_of(images, groups)
        self.set_threshold(method, k, fpr)

    def recalibrate(
        self, images, method="conformal", k=None, fpr=None, groups=None, say=str
    ):
        """Fits the threshold under other conditions to photos taken there.

        That of images as in training stays, by the same rule.

        Args:
            images: uint8 `(n, H, W, 3)`, normal, of the new conditions.
            method, k, fpr, groups: see `kerasad.calibration.fit_threshold`.
            say: called with one line of commentary at a time.

        Raises:
            InputError: the detector has no domain or no calibration, or the
                images look like those that it was trained on.
        """
        self.check_calibrated()
        fit_threshold(method, np.arange(len(images)), k, fpr, groups)
        before = self.calibration
        self.calibration = before | {
            "shifted": recalibrated(self, images, groups, say)
        }
        self.set_threshold(method, k, fpr)

    def calibration_of(self, images, groups=None) -> dict:
        """What thresholds and colour scale are fitted to, see `Detector`."""
        return record_of(self, images, groups)

    def p_values(self, scores) -> np.ndarray:
        """See `kerasad.calibration.p_values`, by the calibration scores."""
        known = self.calibration
        return p_values(known["scores"], scores, known.get("groups"))

    def remember(self, learnt, held_out, near):
        """Keeps the fingerprints of what was learnt from and calibrated on.

        Args:
            learnt, held_out: `kerasad.data.likeness.Fingerprints`.
            near: bool. Whether nearly equal images count as equal.
        """
        self.seen = {
            "learnt": learnt.to_text(),
            "held_out": held_out.to_text(),
            "near": near,
        }

    def known(self, *parts):
        """`Fingerprints` of `"learnt"` and `"held_out"` images, and whether
        nearly equal ones count as equal; `None` of a file without them."""
        if self.seen is None:
            return None, False
        text = "".join(self.seen[part] for part in parts)
        return Fingerprints.from_text(text), self.seen["near"]

    def set_threshold(self, method, k=None, fpr=None):
        """Fits both thresholds anew to the calibration in the file."""
        if self.calibration is None:
            raise InputError(
                "this detector holds no calibration scores; give normal "
                "images with --data"
            )
        self.threshold, self.pixel_threshold = thresholds_of(
            self.calibration, method, k, fpr
        )
        if "shifted" in self.calibration:
            self.threshold["shifted"] = match(self, method, k, fpr)

    def save(self, filepath, **kwargs):
        """Writes the `.keras` file beside and renames it into place."""
        with replacing(filepath) as beside:
            super().save(beside, **kwargs)

    def get_config(self):
        return {
            "kerasad": __version__,
            "method": keras.saving.serialize_keras_object(self.method),
            "image_size": list(self.image_size),
            "sigma": self.sigma,
            "score": self.score,
            "top_fraction": self.top_fraction,
            "localise": self.localise,
            "threshold": plain(self.threshold),
            "pixel_threshold": plain(self.pixel_threshold),
            "calibration": plain(self.calibration),
            "seen": plain(self.seen),
            "provenance": plain(self.provenance),
            "rounded": self.rounded,
            **{
                part: layer and keras.saving.serialize_keras_object(layer)
                for part, layer in (
                    ("domain", self.domain),
                    ("registration", self.registration),
                )
            },
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = {
            **{"rounded": False, "domain": None, "registration": None},
            **config,
        }
        config.pop("kerasad", None)  # which one wrote it
        if "network" in config:
            raise InputError(
                "this detector is of an older form; load it with "
                "`kerasad.load`, which knows it, and save it anew"
            )
        return cls(**revived(config, "method", "domain", "registration"))


def plain(value):
    """Keras wraps the containers it is given; JSON wants them bare."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
