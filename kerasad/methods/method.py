import importlib
import re
from dataclasses import dataclass

import keras
import numpy as np

from kerasad.plain_keras import plain_keras
from kerasad.settings import Settings

# Modules of ours that only declare classes; importing one registers them.
DECLARING = re.compile(
    r"kerasad\.(methods|models|layers|losses|backbones|domain)\.\w+"
)


class Method(keras.Model):
    """Turns images into anomaly maps, and learns how from normal images.

    A method is one class in one file: what it computes, its own `Config`,
    and how it learns. `Detector` resizes, normalises, scores and decides. To
    write one, subclass this, register the class with
    `keras.saving.register_keras_serializable`, and put it through
    `kerasad.testing.check_method`. See `docs/own_method.py` for an example.

    - `Config`: a frozen dataclass of `kerasad.settings.Settings`, the keys
      that a recipe may set; its `settled` decides by good images what they
      leave open.
    - `map_names`: names of the channels of `maps`.
    - `map_weights`: what each counts in the detector's sum, beside 1; `None`
      where all count alike.
    - `two_sided`: a bool for each, whether it counts below what is normal as
      much as above; `None` for none.
    - `even`: a bool for each, whether its spread on normal images counts
      nowhere as less than that of all places; `None` for none.
    - `knows_changed`: whether `call` takes `changed`, bool `(B,)`: which
      images a `kerasad.domain.Domain` has normalised. `fit` finds such images
      in `run.shifted`.
    - `kept`: what `fit` may leave of images that it has seen, so that their
      maps need not be computed from the images again; see `Kept`.
    - `from_settings`: the untrained method.
    - The constructor stores; `fit` learns; `get_config` holds the arguments
      of the constructor, other Keras objects serialised.

    Call arguments:
        images: float32 `(B, H, W, 3)` in `[0, 1]`, at the detector's size.

    Returns:
        A dict of `maps`, float32 `(B, H, W, C)`, higher = more anomalous,
        or of a coarser grid, which the detector enlarges linearly; and, only
        if there is one, `reconstruction`, float32 `(B, H, W, 3)` in `[0, 1]`.
    """

    Config = Settings
    map_names = ("map",)
    map_weights = None
    two_sided = None
    even = None
    knows_changed = False
    kept = None

    def __init__(self, **kwargs):
        # Whatever the user's global policy: a detector scores in float32.
        super().__init__(**{"dtype": "float32", **kwargs})

    @classmethod
    def from_settings(cls, settings, image_size, count):
        """The untrained method that a config describes.

        Args:
            settings: a `Config` of this class.
            image_size: pair of ints, `(height, width)` in pixels.
            count: int. Number of images that it will be fitted to.
        """
        return cls()

    def fit(self, images, held_out, run) -> list[dict]:
        """Learns from normal images.

        Args:
            images: uint8 `(n, H, W, 3)`.
            held_out: uint8 `(m, H, W, 3)`, likewise normal, for a validation
                that changes no weight.
            run: `kerasad.training.run.Run`.

        Returns:
            The history, a dict of numbers for each epoch; empty if there
            were none.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `fit`")

    def left_out_maps(self, images, owners):
        """`maps` of images that the method was fitted to.

        What remembers images overrides this: it does not compare an image
        with itself.

        Args:
            images: as in `call`.
            owners: ints `(B,)`, the place of each among the images fitted.
        """
        return self(images)["maps"]

    def maps_of_kept(self, features, owners):
        """`left_out_maps` of what `kept` has of images.

        Args:
            features: rows of `kept.features`, or of `kept.shifted`.
            owners: as above; `None` for images that a domain has normalised.
        """
        raise NotImplementedError(f"{type(self).__name__} keeps nothing")

    def get_config(self):
        return {"name": self.name}


@dataclass
class Kept:
    """What a method knows of the images that it was fitted to, for a while.

    Whoever has asked for the maps' spread sets `Method.kept` to `None`.

    Args:
        places: ints `(n,)`, of some of the images fitted.
        features: array `(n, ...)`, what their maps are computed of.
        shifted: the same of the first copies of `run.shifted`, in their
            order; `None` without.
    """

    places: np.ndarray
    features: np.ndarray
    shifted: np.ndarray | None = None


def described(model) -> dict:
    """A Keras model as part of a config: a detector does not train."""
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    return config


def revived(config, *names) -> dict:
    """A config with the serialised Keras objects under `names` made again.

    Classes of ours are found without having been imported; those of others
    must have been.
    """
    config = dict(config)
    for name in names:
        value = config[name]
        import_classes(value)
        # A network may leave out its type, which is then the user's policy.
        with plain_keras():
            config[name] = (
                [revive(v) for v in value]
                if isinstance(value, list)
                else revive(value)
            )
    return config


def revive(value):
    """A serialised Keras object made again; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return keras.saving.deserialize_keras_object(value)


def import_classes(config):
    """Imports our modules that a config names, at any depth."""
    if isinstance(config, dict):
        module = config.get("module")
        if isinstance(module, str) and DECLARING.fullmatch(module):
            importlib.import_module(module)
        config = list(config.values())
    if isinstance(config, list):
        for item in config:
            import_classes(item)
