"""Keras as it is before anybody changes its global settings."""

import contextlib

import keras


@contextlib.contextmanager
def plain_keras():
    """Float32 and channels last, whatever the user has set.

    For `keras.applications`, which takes neither as an argument, and for what
    a file describes without saying either. An input has the type of `floatx`,
    whatever the policy is.
    """
    policy = keras.config.dtype_policy()
    floatx = keras.config.floatx()
    data_format = keras.config.image_data_format()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(data_format)
