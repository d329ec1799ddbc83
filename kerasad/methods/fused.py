from dataclasses import dataclass, replace

import keras
from keras import ops

from kerasad.errors import InputError
from kerasad.maps import upsample
from kerasad.methods import find_method
from kerasad.methods.method import Method, revived
from kerasad.settings import Settings, require, shown

DEFAULT = ("ssae", "patch_memory")


@dataclass(frozen=True)
class FusedSettings(Settings):
    """`methods` by name, and every key of each of them."""

    methods: tuple[str, ...] = DEFAULT
    method_weights: tuple[float, ...] = ()  # in the sum; none: all alike
    members: object = None  # their settings, in the order of `methods`

    @classmethod
    def keys(cls, mapping):
        kinds = member_classes(mapping.get("methods", DEFAULT))
        own = [name for kind in kinds for name in kind.Config.keys(mapping)]
        return ["methods", "method_weights", *own]

    @classmethod
    def from_mapping(cls, mapping):
        methods = mapping.get("methods", DEFAULT)
        members = []
        for kind in member_classes(methods):
            legal = kind.Config.keys(mapping)
            own = {k: v for k, v in mapping.items() if k in legal}
            members.append(kind.Config.from_mapping(own))
        weights = mapping.get("method_weights", ())
        return cls(tuple(methods), weights, tuple(members))

    def check(self, run):
        weights = self.method_weights
        holds = len(weights) in (0, len(self.methods))
        require(
            holds and all(weight > 0 for weight in weights),
            "method_weights",
            "a positive number for each of the methods",
            self,
        )
        for member in self.members:
            member.check(run)

    def settled(self, images, run):
        members = [member.settled(images, run) for member in self.members]
        return replace(self, members=tuple(members))

    def flat(self):
        values = {
            "methods": list(self.methods),
            "method_weights": list(self.method_weights),
        }
        for member in self.members:
            values |= member.flat()
        return values


def member_classes(methods):
    """The methods of a list of names; refuses what is no such list."""
    if not isinstance(methods, (list, tuple)) or len(methods) < 2:
        raise InputError(
            "config key 'methods' must be a list of two or more methods. "
            f"Received: {shown(methods)}"
        )
    if "fused" in methods:
        raise InputError("config key 'methods' must not hold 'fused' itself")
    return [find_method(name) for name in methods]


@keras.saving.register_keras_serializable(package="kerasad")
class FusedMethod(Method):
    """Several methods side by side; the detector adds up their maps.

    Each map counts in units of its own spread on normal images, which the
    detector learns: leave `normalise` on.

    Args:
        members: list of `Method`.
        weights: list of floats, what the maps of each member count in the
            sum; `None` where all count alike.
    """

    Config = FusedSettings

    def __init__(self, members, weights=None, **kwargs):
        super().__init__(**kwargs)
        self.members = list(members)
        self.member_weights = None if weights is None else tuple(weights)
        self.built = True

    # Of the members as they are: some decide on their maps while they learn.
    @property
    def map_names(self):
        names = (name for m in self.members for name in m.map_names)
        return tuple(names)

    @property
    def map_weights(self):
        """Those of the members, times the weight of each member."""
        outer = self.member_weights or [1.0] * len(self.members)
        weights = []
        for weight, member in zip(outer, self.members, strict=True):
            own = member.map_weights or [1.0] * len(member.map_names)
            weights += [weight * one for one in own]
        return tuple(weights)

    @property
    def two_sided(self):
        """Of every map of the members."""
        return self.flags("two_sided")

    @property
    def even(self):
        """Of every map of the members."""
        return self.flags("even")

    def flags(self, name):
        """Those of the members under that name, false where one has none."""
        flags = []
        for member in self.members:
            own = getattr(member, name)
            flags += own or [False] * len(member.map_names)
        return tuple(flags)

    @property
    def knows_changed(self):
        return any(member.knows_changed for member in self.members)

    @classmethod
    def from_settings(cls, settings, image_size, count):
        kinds = member_classes(settings.methods)
        return cls(
            [
                kind.from_settings(own, image_size, count)
                for kind, own in zip(kinds, settings.members, strict=True)
            ],
            settings.method_weights or None,
        )

    def fit(self, images, held_out, run):
        rows, settings = [], run.settings
        for member, name, own in zip(
            self.members, settings.methods, settings.members, strict=True
        ):
            found = member.fit(images, held_out, run.part(name, own))
            member.kept = None  # all members' maps are looked at together
            for row in found:  # one history, epoch after epoch
                rows.append({**row, "epoch": len(rows)})
        return rows

    def call(self, images, changed=None):
        outputs = [
            member(images, changed=changed)
            if member.knows_changed
            else member(images)
            for member in self.members
        ]
        sides = images.shape[1:3]
        maps = [enlarged(output["maps"], *sides) for output in outputs]
        result = {"maps": ops.concatenate(maps, -1)}
        for output in outputs:
            if "reconstruction" in output:
                result.setdefault("reconstruction", output["reconstruction"])
        return result

    def left_out_maps(self, images, owners):
        maps = [
            enlarged(member.left_out_maps(images, owners), *images.shape[1:3])
            for member in self.members
        ]
        return ops.concatenate(maps, axis=-1)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        members = [serialize(member) for member in self.members]
        weights = self.member_weights
        return {
            "members": members,
            "weights": None if weights is None else list(weights),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**revived(config, "members"))


def enlarged(maps, height, width):
    """Maps `(B, h, w, C)` of a coarser grid at the size of the images."""
    if tuple(maps.shape[1:3]) == (height, width):
        return maps
    channels = [maps[..., i] for i in range(maps.shape[-1])]
    return ops.stack([upsample(one, height, width) for one in channels], -1)
