import keras
import numpy as np
from keras import ops

from kerasad.domain.columns import NOVELTIES

# Not how well the template explains an image: a defect changes that as well.
KNOWN = [list(NOVELTIES).index(n) for n in ("hidden", "light", "noise", "blur")]
FARTHEST = 1.5  # novelty, in its units, up to which its effect is learnt
ABOVE = 1.0  # added to scores, which are spreads around a mean, so over 0
RIDGE = 5.0


@keras.saving.register_keras_serializable(package="kerasad")
class Matching(keras.layers.Layer):
    """Brings scores of normalised images to the scale of the others.

    What normalisation does not undo raises the scores of good images: more
    noise, more. How much is learnt from good images under other conditions,
    as a factor for each image; then one line for all brings median and
    threshold of the changed to those of the unchanged.

    Call arguments:
        strange: float32 `(B, 6)`, see `kerasad.domain.Domain.novelties`.
        units: float32 `(6,)`, those of the domain.

    Returns:
        Gain and offset of score and map, two float32 `(B,)`.
    """

    def build(self, input_shape=None):
        fixed = {"trainable": False, "initializer": "zeros"}
        count = 1 + 2 * len(KNOWN)
        self.effects = self.add_weight(shape=(count,), name="effects", **fixed)
        self.line = self.add_weight(shape=(2,), name="line", **fixed)
        self.built = True

    def call(self, strange, units):
        level = ops.matmul(design(strange, units), self.effects)
        gain = self.line[0] * ops.exp(-level)
        return gain, ABOVE * gain + self.line[1]

    def fit(self, scores, strange, units):
        """Learns the factors.

        Args:
            scores: float `(n,)`, of good images under other conditions.
            strange: float `(n, 6)`.
            units: float `(6,)`.
        """
        wanted = np.log(np.maximum(np.asarray(scores) + ABOVE, 0.05))
        known = np.asarray(ops.convert_to_numpy(design(strange, units)))
        penalty = RIDGE * np.eye(known.shape[1])
        penalty[0, 0] = 1e-6
        effects = np.linalg.solve(known.T @ known + penalty, known.T @ wanted)
        self.effects.assign(effects.astype("float32"))
        self.line.assign([1.0, 0.0])


def design(strange, units):
    """1, novelties in their units, and the squares of those."""
    x = ops.convert_to_tensor(strange, "float32") / units
    columns = [ops.clip(x[:, i : i + 1], 0.0, FARTHEST) for i in KNOWN]
    squares = [ops.square(column) for column in columns]
    return ops.concatenate(
        [ops.ones_like(x[:, :1]), *columns, *squares], axis=-1
    )
