"""Muon for convolutions."""

import keras
from keras import ops

SMALLEST = 16  # rows and columns of a matrix that is worth orthogonalising


@keras.saving.register_keras_serializable(package="kerasad")
class ConvMuon(keras.optimizers.Muon):
    """Muon that treats a convolution's kernel as a matrix.

    Keras's own sends everything that is not a matrix to AdamW; in a network
    of convolutions that is everything. Here a kernel
    `(height, width, inputs, outputs)` is a matrix of `height * width * inputs`
    rows and `outputs` columns. Biases, narrow kernels and `exclude_layers`
    stay with AdamW.

    Args: see `keras.optimizers.Muon`.

    Reference:

    - [Jordan, 2024](https://kellerjordan.github.io/posts/muon/)
    - [Liu et al., 2025](https://arxiv.org/abs/2502.16982), equation 4, for
      the scale of the update
    """

    def _should_use_adamw(self, variable):
        shape = variable.shape
        if len(shape) not in (2, 4) or min(shape[-2:]) < SMALLEST:
            return True
        return any(name in variable.path for name in self.exclude_layers)

    def orthogonal(self, matrix):
        """The polar factor of a matrix, by Newton and Schulz as Keras has it.

        ```python
        x = x @ (a * I + b * g + c * g @ g), with g = x.T @ x
        ```

        `g` can be taken along instead of being made anew from `x`: it is
        small where the matrix is tall, as those of convolutions are. For
        3 x 3 pixels that is 40 % of the products.
        """
        rows, columns = matrix.shape
        if rows < 2 * columns:
            return self.zeropower_via_newtonschulz5(matrix, self.ns_steps)
        matrix = matrix / (ops.norm(matrix) + 1e-7)
        one = ops.eye(columns, dtype=matrix.dtype)
        gram = ops.transpose(matrix) @ matrix
        product = None
        for step in range(self.ns_steps):
            square = gram @ gram
            factor = self.muon_a * one + self.muon_b * gram
            factor = factor + self.muon_c * square
            product = factor if product is None else product @ factor
            if step < self.ns_steps - 1:
                gram = factor @ gram @ factor
        return matrix @ product

    def _muon_update_step(self, gradient, variable, lr, m):
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        step = gradient + self.momentum * m if self.nesterov else m
        matrix = ops.reshape(step, (-1, variable.shape[-1]))
        update = self.orthogonal(matrix)
        scale = self.rms_rate * max(matrix.shape) ** 0.5
        self.assign_sub(
            variable, ops.reshape(update, variable.shape) * (lr * scale)
        )
