import keras
from keras import ops

# Second row of the matrix from linear sRGB to XYZ, white point D65.
LUMINANCE = (0.212671, 0.715160, 0.072169)
DARK = 0.008856  # below it the cube root goes over into a line


@keras.saving.register_keras_serializable(package="kerasad")
class AppendLightness(keras.layers.Layer):
    """RGB to RGB + L: CIE Lab lightness as a fourth channel, in `[0, 1]`.

    The paper's table 1 says "4 (RGB+L)" and not what L is. Of grey, HLS
    lightness and Lab's L* ours is the last, divided by 100: the usual
    meaning of the letter, and the one that adds something, because it is
    not linear in the colours and equal steps of it look equal.

    Input shape:
        `(batch, height, width, 3)`, sRGB in `[0, 1]`.

    Output shape:
        `(batch, height, width, 4)`.

    Reference:

    - the paper, section 4.2, architecture 2
    - CIE 15:2004, section 8.2.1; sRGB is IEC 61966-2-1
    """

    def build(self, input_shape):
        if input_shape[-1] != 3:
            raise ValueError(
                "AppendLightness takes three channels. "
                f"Received: input_shape={input_shape}"
            )
        super().build(input_shape)

    def call(self, inputs):
        linear = ops.where(
            inputs > 0.04045,
            ((ops.maximum(inputs, 0.0) + 0.055) / 1.055) ** 2.4,
            inputs / 12.92,
        )
        weights = ops.convert_to_tensor(LUMINANCE, dtype=linear.dtype)
        luminance = ops.sum(linear * weights, axis=-1, keepdims=True)
        # The maximum keeps the slope of the root finite in the branch that
        # is not taken: NaN would go through `where`.
        root = ops.maximum(luminance, DARK) ** (1.0 / 3.0)
        line = 7.787 * luminance + 16.0 / 116.0
        lightness = 1.16 * ops.where(luminance > DARK, root, line) - 0.16
        return ops.concatenate([inputs, lightness], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 4)
