"""The detector: one Keras model, one `.keras` file."""

from pathlib import Path

import keras
import numpy as np
from keras import ops

import kerasad.layers  # noqa: F401  registers the classes a file may name
import kerasad.losses  # noqa: F401
import kerasad.models  # noqa: F401
from kerasad import scoring
from kerasad.calibration import cross_promise
from kerasad.errors import InputError
from kerasad.files import replacing
from kerasad.filters import gaussian_blur
from kerasad.layers import Context, PatchMemory, Resize
from kerasad.thresholds import fit_threshold, pixel_threshold
from kerasad.version import __version__
from kerasad.vetting import OpenedFile, too_new, vet

# What each named anomaly map is made of, before the Gaussian filter.
COMPONENTS = {
    "squared-error": ("squared-error",),
    "gradient": ("gradient",),
    "segmentation": ("segmentation",),
    "mse-ssim": ("mse-ssim",),
    "memory": ("memory-1", "memory-2", "memory-4"),
    "fused": ("segmentation", "memory-1", "memory-2", "memory-4"),
}

# The patch memories, fine to coarse. Only the finest looks beyond its own
# place: a step of the others is as far as a product lies off.
MEMORIES = {
    "memory-1": {"scale": 1, "stride": 4, "window": 1},
    "memory-2": {"scale": 2, "stride": 4, "window": 0},
    "memory-4": {"scale": 4, "stride": 2, "window": 0},
}


@keras.saving.register_keras_serializable(package="kerasad")
class Detector(keras.Model):
    """Raw images in; anomaly map, score and decision out.

    Preprocessing, network, scoring, threshold and where all of it came from
    travel in one `.keras` file; nothing beside it is needed. An image is
    anomalous when its score is strictly greater than the threshold.

    Args:
        network: `keras.Model` from images `(B, S, S, 3)` in `[0, 1]`, or from
            the 8 channels of `kerasad.layers.Context`, to their
            reconstruction, or to a dict of `reconstruction` and
            `anomaly_logits`.
        anomaly_map: str, a key of `COMPONENTS`.
        sigma: float, in pixels of the network's input. Standard deviation of
            the Gaussian filter on the map.
        normalise: bool. Expresses each pixel of the map in units of its
            spread on normal images, once `fit_map_statistics` was called.
        alpha: float in `[0, 1]`, of the map `"mse-ssim"` (equation 1).
        memory_images: int. Capacity of the patch memories.
        score: `"mean"`, `"max"` or `"top-fraction"`, see
            `kerasad.scoring.image_score`.
        top_fraction: float in `(0, 1]`.
        threshold: dict of `kerasad.thresholds.fit_threshold`, or `None` while
            the detector is not calibrated.
        pixel_threshold: dict of `kerasad.thresholds.pixel_threshold`, fitted
            along with `threshold`: a defect mask is the map above it.
        calibration: dict: `scores` of the held-out normal images,
            `map_maxima` of their maps, `map_range`, the pair of values
            that heatmaps span, and `folds` if they are out-of-fold scores of
            `kerasad.calibration`. Or `None`.
        provenance: dict of plain values: config, seed, versions, hash of the
            training files.

    Call arguments:
        images: `(B, H, W, 3)` of any size, values from 0 to 255.

    Returns:
        A dict of `anomaly_map` float32 `(B, S, S)`, `anomaly_score` float32
        `(B,)`, `is_anomalous` bool `(B,)`, and `reconstruction` float32
        `(B, S, S, 3)` in `[0, 1]`.

    Example:

    >>> from kerasad.models import SSAE
    >>> network = SSAE(image_size=32, filters=(8, 16), head=False)
    >>> detector = Detector(network, score="mean")
    >>> photos = np.random.default_rng(0).integers(256, size=(5, 40, 60, 3))
    >>> detector.calibrate(photos.astype("uint8"), "n-sigma", k=3.0)
    >>> result = detector.predict(photos[:2].astype("uint8"))
    >>> {name: value.shape for name, value in result.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'anomaly_map': (2, 32, 32), 'anomaly_score': (2,),
     'is_anomalous': (2,), 'reconstruction': (2, 32, 32, 3)}
    """

    def __init__(
        self,
        network,
        anomaly_map="squared-error",
        sigma=4.0,
        normalise=False,
        alpha=0.2,
        memory_images=200,
        score="max",
        top_fraction=0.001,
        threshold=None,
        pixel_threshold=None,
        calibration=None,
        provenance=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if anomaly_map not in COMPONENTS:
            raise ValueError(
                f"Argument `anomaly_map` must be one of {list(COMPONENTS)}. "
                f"Received: anomaly_map={anomaly_map!r}"
            )
        self.network = network
        self.anomaly_map = anomaly_map
        self.sigma = sigma
        self.normalise = normalise
        self.alpha = alpha
        self.memory_images = memory_images
        self.score = score
        self.top_fraction = top_fraction
        self.threshold = threshold
        self.pixel_threshold = pixel_threshold
        self.calibration = calibration
        self.provenance = provenance

        self.image_size = network.input_shape[1:3]
        self.resize = Resize(self.image_size, dtype="float32")
        sides = (None, *self.image_size, 3)
        self.context = None
        if network.input_shape[-1] != 3:
            self.context = Context(dtype="float32")
            self.context.build(sides)
        self.memories = {
            name: PatchMemory(
                memory=memory_images,
                name=name.replace("-", "_"),
                dtype="float32",
                **MEMORIES[name],
            )
            for name in COMPONENTS[anomaly_map]
            if name in MEMORIES
        }
        for memory in self.memories.values():
            memory.build(sides)
        shape = (len(COMPONENTS[anomaly_map]), *self.image_size)
        self.map_mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="map_mean"
        )
        self.map_scale = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="map_scale"
        )
        self.built = True

    def call(self, images):
        components, outputs = self.components(images)
        anomaly_map = 0.0
        for index, component in enumerate(components):
            centred = component - self.map_mean[index]
            anomaly_map = anomaly_map + centred / self.map_scale[index]
        score = scoring.image_score(anomaly_map, self.score, self.top_fraction)
        return {
            "anomaly_map": anomaly_map,
            "anomaly_score": score,
            "is_anomalous": score > self.limit(),
            "reconstruction": outputs["reconstruction"],
        }

    def components(self, images, owners=None):
        """Filtered maps before normalisation, and the network's outputs.

        `owners`: see `PatchMemory.call`.
        """
        images = self.resize(ops.cast(images, "float32")) / 255.0
        inputs = images if self.context is None else self.context(images)
        outputs = self.network(inputs, training=False)
        if not isinstance(outputs, dict):
            outputs = {"reconstruction": outputs}
        maps = [
            gaussian_blur(
                self.component(name, images, outputs, owners), self.sigma
            )
            for name in COMPONENTS[self.anomaly_map]
        ]
        return maps, outputs

    def component(self, name, images, outputs, owners):
        if name in self.memories:
            distance = self.memories[name](images, owners=owners)
            return scoring.upsample(distance, *self.image_size)
        if name == "mse-ssim":
            return scoring.mse_ssim_map(
                images, outputs["reconstruction"], self.alpha
            )
        if name == "segmentation":
            probability = ops.sigmoid(outputs["anomaly_logits"][..., 0])
            return scoring.upsample(probability, *self.image_size)
        function = {
            "squared-error": scoring.squared_error_map,
            "gradient": scoring.gradient_map,
        }[name]
        return function(images, outputs["reconstruction"])

    def predict(self, images, batch_size=None):
        """Scores raw images.

        Args:
            images: uint8 `(B, H, W, 3)`, or float in `[0, 1]`, or a list of
                such images of different sizes.
            batch_size: int. Images in the network at a time; `None` for 16,
                fewer where they are larger than 256 pixels.

        Returns:
            The dict of `call`, as numpy arrays.

        Raises:
            InputError: not RGB images of such values, or the scores are not
                finite numbers.
        """
        if batch_size is None:
            pixels = self.image_size[0] * self.image_size[1]
            batch_size = max(1, min(16, 16 * 256**2 // pixels))
        images = [raw_image(image) for image in images]
        if not images:
            raise InputError("predict needs at least one image, received none")
        results = [None] * len(images)
        by_shape = {}
        for index, image in enumerate(images):
            by_shape.setdefault(image.shape, []).append(index)
        for indices in by_shape.values():
            for start in range(0, len(indices), batch_size):
                chosen = indices[start : start + batch_size]
                batch = np.stack([images[i] for i in chosen])
                # One shape, so one compilation: the last batch is filled up.
                missing = min(batch_size, len(indices)) - len(chosen)
                batch = np.pad(batch, [(0, missing)] + [(0, 0)] * 3, "edge")
                if batch.shape[1:3] != self.image_size:
                    # Not in the graph, which would be traced for each size,
                    # on TensorFlow without knowing the size.
                    resized = self.resize(batch.astype("float32"))
                    batch = ops.convert_to_numpy(resized)
                outputs = self.predict_on_batch(batch)
                for row, index in enumerate(chosen):
                    results[index] = [value[row] for value in outputs.values()]
        stacked = [np.stack(column) for column in zip(*results, strict=True)]
        result = dict(zip(outputs, stacked, strict=True))
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

    def fit_memories(self, images, seed=0):
        """Fills the patch memories with normal images, in their order.

        Args:
            images: uint8 `(n, S, S, 3)`; those beyond `memory_images` are
                left out.
            seed: int, of the sample that the components are computed from.
        """
        for memory in self.memories.values():
            memory.fit(
                images[: self.memory_images], np.random.default_rng(seed)
            )

    def fit_map_statistics(self, images, batch_size=16):
        """Learns mean and spread of each map pixel from normal images.

        The spread has a floor: its own mean over the map, lest a pixel that
        never varied in training outweigh all others. An image is not
        compared with itself in the memories, so `images` are those that
        `fit_memories` was given, in the same order.

        Args:
            images: uint8 `(n, S, S, 3)`, normal images only.
        """
        self.map_mean.assign(np.zeros(self.map_mean.shape))
        self.map_scale.assign(np.ones(self.map_scale.shape))
        mean = np.zeros(self.map_mean.shape)
        square = np.zeros(self.map_mean.shape)
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            owners = np.arange(start, start + len(batch))
            for index, maps in enumerate(self.components(batch, owners)[0]):
                maps = ops.convert_to_numpy(maps).astype("float64")
                mean[index] += maps.sum(axis=0) / len(images)
                square[index] += (maps**2).sum(axis=0) / len(images)
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        floor = spread.mean(axis=(1, 2), keepdims=True) + 1e-12
        self.map_mean.assign(mean)
        self.map_scale.assign(spread + floor)

    def calibrate(self, images, method="conformal", k=None, fpr=None):
        """Fits the thresholds to held-out normal images.

        Args:
            images: uint8 `(n, H, W, 3)`, normal and not trained on.
            method, k, fpr: see `kerasad.thresholds.fit_threshold`.
        """
        self.calibration = self.calibration_of(images)
        self.set_threshold(method, k, fpr)

    def calibration_of(self, images) -> dict:
        """What thresholds and colour scale are fitted to, see `Detector`."""
        result = self.predict(images)
        maps = result["anomaly_map"]
        low, high = np.quantile(maps, 0.5), maps.max()
        return {
            "scores": [float(score) for score in result["anomaly_score"]],
            "map_maxima": [float(value) for value in maps.max(axis=(1, 2))],
            # Twice the normal range: what only just exceeds it stays cool.
            "map_range": [float(low), float(high + (high - low))],
        }

    def set_threshold(self, method, k=None, fpr=None):
        """Fits both thresholds anew to the calibration in the file."""
        if self.calibration is None:
            raise InputError(
                "this detector holds no calibration scores; give normal "
                "images with --data"
            )
        fitted = [
            fit_threshold(method, self.calibration["scores"], k, fpr),
            pixel_threshold(self.calibration["map_maxima"], method, k, fpr),
        ]
        if "folds" in self.calibration:
            folds = self.calibration["folds"]
            fitted = [cross_promise(one, folds) for one in fitted]
        self.threshold, self.pixel_threshold = fitted

    def save(self, filepath, **kwargs):
        """Writes the `.keras` file beside and renames it into place."""
        with replacing(filepath) as beside:
            super().save(beside, **kwargs)

    def get_config(self):
        network = keras.saving.serialize_keras_object(self.network)
        network.pop("compile_config", None)  # a detector does not train
        return {
            "kerasad": __version__,
            "network": network,
            "anomaly_map": self.anomaly_map,
            "sigma": self.sigma,
            "normalise": self.normalise,
            "alpha": self.alpha,
            "memory_images": self.memory_images,
            "score": self.score,
            "top_fraction": self.top_fraction,
            "threshold": plain(self.threshold),
            "pixel_threshold": plain(self.pixel_threshold),
            "calibration": plain(self.calibration),
            "provenance": plain(self.provenance),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        config.pop("kerasad", None)  # which one wrote it
        if isinstance(config["network"], dict):
            config["network"] = keras.saving.deserialize_keras_object(
                config["network"]
            )
        return cls(**config)


def plain(value):
    """Keras wraps the containers it is given; JSON wants them bare."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def raw_image(image) -> np.ndarray:
    """An image as `(H, W, 3)` with values from 0 to 255."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise InputError(
            "an image must be an array of shape (height, width, 3). "
            f"Received: shape={image.shape}"
        )
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind == "f":
        if not (image.min() >= 0.0 and image.max() <= 1.0):  # NaN fails too
            raise InputError(
                "a floating-point image must lie in [0, 1]; pass uint8 for "
                f"0 to 255. Received: [{image.min():g}, {image.max():g}]"
            )
        return image.astype("float32") * 255.0
    raise InputError(
        f"an image must be uint8 or float. Received: dtype={image.dtype}"
    )


def load(path) -> Detector:
    """A detector from its `.keras` file, ready to predict.

    Raises:
        InputError: no such file, not a `.keras` file, another model, or
            anything that `kerasad.vetting.vet` refuses.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a .keras detector")
    if path.suffix != ".keras":
        raise InputError(f"{path}: a detector's name must end in .keras")
    config = {}
    try:
        with OpenedFile(str(path)) as file:
            config = vet(file)
            # Said aloud, though `keras.config.enable_unsafe_deserialization`
            # overrules it: `vet` refuses all that safe mode would.
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        reason = too_new(config) or f"cannot be loaded: {reason}"
        raise InputError(f"{path}: {reason}") from error
    return model
