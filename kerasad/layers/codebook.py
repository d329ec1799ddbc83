import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasad")
class Codebook(keras.layers.Layer):
    """Vector quantisation: each vector becomes the nearest of a few codes.

    Codes are learnt without gradients: in training each moves towards the
    mean of the vectors that chose it. A code that hardly any vector chooses
    becomes a vector of the batch. Adds the commitment loss, which holds
    vectors near their codes.

    Args:
        codes: int. How many there are.
        size: int. Length of a code.
        decay: float in `[0, 1]`. Of the moving means.
        commitment: float. Weight of the loss.
        dead: float. Vectors a batch, on a moving mean, below which a code
            begins anew.

    Call arguments:
        inputs: `(batch, rows, columns, size)`.

    Returns:
        A pair: the codes as vectors, of the shape of the input, with the
        gradient of the input; and their numbers, int32
        `(batch, rows, columns)`.

    Reference:

    - [van den Oord et al., 2017](https://arxiv.org/abs/1711.00937), equation
      3 and appendix A.1. The revival of dead codes is not there
    """

    def __init__(
        self,
        codes=128,
        size=32,
        decay=0.99,
        commitment=0.25,
        dead=0.5,
        seed=0,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.codes = codes
        self.size = size
        self.decay = decay
        self.commitment = commitment
        self.dead = dead
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape=None):
        options = {"trainable": False, "dtype": "float32"}
        shape = (self.codes, self.size)
        self.embeddings = self.add_weight(
            shape=shape, initializer="zeros", name="embeddings", **options
        )
        self.sums = self.add_weight(
            shape=shape, initializer="zeros", name="sums", **options
        )
        # Nothing counted: the first batch of a training revives all codes.
        self.counts = self.add_weight(
            shape=(self.codes,), initializer="zeros", name="counts", **options
        )
        super().build(input_shape)

    def call(self, inputs, training=False):
        numbers = self.numbers(inputs)
        vectors = self.vectors(numbers)
        if training:
            error = inputs - ops.stop_gradient(vectors)
            self.add_loss(self.commitment * ops.mean(ops.square(error)))
            self.learn(ops.stop_gradient(inputs), numbers)
        # The gradient passes the choice as if it were not there.
        return inputs + ops.stop_gradient(vectors - inputs), numbers

    def numbers(self, inputs):
        """The number of the nearest code, int32."""
        products = ops.matmul(inputs, ops.transpose(self.embeddings))
        squares = ops.sum(ops.square(self.embeddings), axis=-1)
        return ops.cast(ops.argmin(squares - 2.0 * products, axis=-1), "int32")

    def vectors(self, numbers):
        """The codes of such numbers."""
        return ops.take(self.embeddings, numbers, axis=0)

    def learn(self, inputs, numbers):
        """Moves each code towards the mean of the vectors that chose it."""
        inputs = ops.reshape(inputs, (-1, self.size))
        chosen = ops.reshape(numbers, (-1,))
        ones = ops.ones_like(inputs[:, 0])
        counts = ops.segment_sum(ones, chosen, self.codes)
        sums = ops.segment_sum(inputs, chosen, self.codes)
        counts = self.decay * self.counts + (1.0 - self.decay) * counts
        sums = self.decay * self.sums + (1.0 - self.decay) * sums
        places = keras.random.uniform((self.codes,), seed=self.generator)
        places = places * ops.cast(ops.shape(inputs)[0], "float32")
        others = ops.take(inputs, ops.cast(places, "int32"), axis=0)
        dead = counts < self.dead
        self.counts.assign(ops.where(dead, 1.0, counts))
        self.sums.assign(ops.where(dead[:, None], others, sums))
        self.embeddings.assign(self.sums / self.counts[:, None])

    def compute_output_spec(self, inputs, training=False):
        return (
            keras.KerasTensor(inputs.shape, self.compute_dtype),
            keras.KerasTensor(inputs.shape[:-1], "int32"),
        )

    def get_config(self):
        config = super().get_config()
        names = ("codes", "size", "decay", "commitment", "dead", "seed")
        config.update({name: getattr(self, name) for name in names})
        return config
