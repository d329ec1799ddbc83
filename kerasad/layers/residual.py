import keras
from keras import ops

from kerasad.layers.cbam import CBAM
from kerasad.layers.lean_convolution import Conv2D
from kerasad.layers.space_to_depth import DepthToSpace


@keras.saving.register_keras_serializable(package="kerasad")
class ResidualDown(keras.layers.Layer):
    """Residual block that halves height and width: Model I, figure 4.

    Formula:

    ```python
    main = norm(conv3x3(relu(norm(conv3x3(inputs, stride=2)))))
    outputs = relu(main + norm(conv1x1(inputs, stride=2)))
    ```

    The figure is drawn by a machine and not explained; this is our reading,
    the block of ResNet with a projected shortcut. Batch normalisation has
    PyTorch's momentum and epsilon, which the paper's software defaults to:
    with Keras's 0.99 a short training would be scored with the statistics
    of the first weights.

    Args:
        filters: int. Output channels.
        cbam: bool. Attention on the main branch before the sum
            (architecture 2).

    Input shape:
        4D tensor, `(batch, height, width, channels)`, even sides.

    Output shape:
        `(batch, height / 2, width / 2, filters)`.

    Reference:

    - the paper, section 3.1.2, figure 4
    - [He et al., 2016](https://arxiv.org/abs/1512.03385), section 3.3
    - [Woo et al., 2018](https://arxiv.org/abs/1807.06521), figure 3
    """

    def __init__(self, filters, cbam=False, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.cbam = cbam
        dtype = self.dtype_policy
        self.down = conv(filters, 3, dtype, "down", strides=2)
        self.down_norm = norm(dtype, "down_norm")
        self.refine = conv(filters, 3, dtype, "refine")
        self.refine_norm = norm(dtype, "refine_norm")
        self.shortcut = conv(filters, 1, dtype, "shortcut", strides=2)
        self.shortcut_norm = norm(dtype, "shortcut_norm")
        self.attention = CBAM(dtype=dtype, name="attention") if cbam else None

    def build(self, input_shape):
        outputs = self.compute_output_shape(input_shape)
        self.down.build(input_shape)
        self.refine.build(outputs)
        self.shortcut.build(input_shape)
        for child in (self.down_norm, self.refine_norm, self.shortcut_norm):
            child.build(outputs)
        if self.cbam:
            self.attention.build(outputs)
        super().build(input_shape)

    def call(self, inputs, training=None):
        x = self.down_norm(self.down(inputs), training=training)
        x = self.refine_norm(self.refine(ops.relu(x)), training=training)
        if self.cbam:
            x = self.attention(x)
        short = self.shortcut_norm(self.shortcut(inputs), training=training)
        return ops.relu(x + short)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        if height % 2 or width % 2:
            raise ValueError(
                "ResidualDown takes even sides. "
                f"Received: input_shape={input_shape}"
            )
        return (batch, height // 2, width // 2, self.filters)

    def get_config(self):
        config = super().get_config()
        config.update({"filters": self.filters, "cbam": self.cbam})
        return config


@keras.saving.register_keras_serializable(package="kerasad")
class ResidualUp(keras.layers.Layer):
    """Residual block that doubles height and width: mirrors `ResidualDown`.

    Formula:

    ```python
    main = norm(conv3x3(relu(norm(up2x2(inputs)))))
    outputs = relu(main + nearest(norm(conv1x1(inputs))))
    ```

    `up2x2` is the transposed convolution of 2 x 2 pixels and stride 2,
    computed as a 1 x 1 convolution and a pixel shuffle: the same function,
    and quick on JAX, whose transposed convolutions are not on a CPU. Its
    pixels do not overlap, so it draws no checkerboard. The paper says that
    the block is symmetrical to the one drawn; how is our reading.

    Args:
        filters: int. Output channels.
        cbam: bool. Attention on the main branch before the sum
            (architecture 2).

    Input shape:
        4D tensor, `(batch, height, width, channels)`.

    Output shape:
        `(batch, 2 * height, 2 * width, filters)`.

    Reference:

    - the paper, section 3.1.2, caption of figure 4
    """

    def __init__(self, filters, cbam=False, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.cbam = cbam
        dtype = self.dtype_policy
        self.up = conv(4 * filters, 1, dtype, "up")
        self.shuffle = DepthToSpace(2, dtype=dtype, name="shuffle")
        self.up_norm = norm(dtype, "up_norm")
        self.refine = conv(filters, 3, dtype, "refine")
        self.refine_norm = norm(dtype, "refine_norm")
        self.shortcut = conv(filters, 1, dtype, "shortcut")
        self.shortcut_norm = norm(dtype, "shortcut_norm")
        self.attention = CBAM(dtype=dtype, name="attention") if cbam else None

    def build(self, input_shape):
        outputs = self.compute_output_shape(input_shape)
        self.up.build(input_shape)
        self.refine.build(outputs)
        self.shortcut.build(input_shape)
        self.shortcut_norm.build((*input_shape[:-1], self.filters))
        for child in (self.up_norm, self.refine_norm):
            child.build(outputs)
        if self.cbam:
            self.attention.build(outputs)
        super().build(input_shape)

    def call(self, inputs, training=None):
        x = self.up_norm(self.shuffle(self.up(inputs)), training=training)
        x = self.refine_norm(self.refine(ops.relu(x)), training=training)
        if self.cbam:
            x = self.attention(x)
        # Before it is doubled: the same values for a quarter of the work.
        short = self.shortcut_norm(self.shortcut(inputs), training=training)
        short = ops.repeat(ops.repeat(short, 2, axis=1), 2, axis=2)
        return ops.relu(x + short)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, 2 * height, 2 * width, self.filters)

    def get_config(self):
        config = super().get_config()
        config.update({"filters": self.filters, "cbam": self.cbam})
        return config


def conv(filters, kernel, dtype, name, strides=1):
    """A convolution as all here: without bias, sides kept at stride 1."""
    return Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,  # the normalisation after it would remove it
        kernel_initializer="he_normal",
        data_format="channels_last",
        dtype=dtype,
        name=name,
    )


def norm(dtype, name):
    """Batch normalisation that forgets faster than Keras's default."""
    return keras.layers.BatchNormalization(
        axis=-1, momentum=0.9, epsilon=1e-5, dtype=dtype, name=name
    )
