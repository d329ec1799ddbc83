"""What every registered Keras object of the package must honour."""

import keras
import numpy as np


def check_config(instance):
    """`get_config` is JSON-safe, complete and independent of `build`."""
    revived = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(instance)
    )
    assert revived.get_config() == instance.get_config()


def check_layer(layer, inputs, path):
    """Config, shape inference, one training step, `.keras` round trip.

    `inputs` is an array, or a list of arrays for a layer of several inputs.
    """
    config = layer.get_config()
    arrays = inputs if isinstance(inputs, list) else [inputs]
    symbolic = [keras.Input(array.shape[1:]) for array in arrays]
    first = symbolic if isinstance(inputs, list) else symbolic[0]
    model = keras.Model(first, layer(first))
    outputs = model.predict(inputs, verbose=0)
    shapes = [array.shape for array in arrays]
    shape = layer.compute_output_shape(
        shapes if isinstance(inputs, list) else shapes[0]
    )
    assert outputs.shape == tuple(shape)
    assert layer.get_config() == config  # calling must not change the config
    check_config(layer)

    if model.trainable_weights:
        model.compile("sgd", "mse")
        model.fit(inputs, np.zeros_like(outputs), verbose=0)
    check_saving(model, inputs, path)


def check_model(model, images, path):
    """Config, one training step on every output, `.keras` round trip."""
    check_config(model)
    outputs = model.predict(images, verbose=0)
    losses = {name: "mse" for name in outputs} if is_dict(outputs) else "mse"
    before = [np.array(w) for w in model.get_weights()]
    model.compile("sgd", losses)
    targets = (
        {name: np.ones_like(value) for name, value in outputs.items()}
        if is_dict(outputs)
        else np.ones_like(outputs)
    )
    model.fit(images, targets, verbose=0)
    changed = [
        not np.array_equal(a, b)
        for a, b in zip(before, model.get_weights(), strict=True)
    ]
    assert all(changed), "a weight that training does not reach"
    check_saving(model, images, path)


def check_saving(model, inputs, path):
    trained = model.predict(inputs, verbose=0)
    model.save(path)
    revived = keras.saving.load_model(path)
    assert type(revived) is type(model)
    again = revived.predict(inputs, verbose=0)
    if not is_dict(trained):
        trained, again = {"output": trained}, {"output": again}
    for name, value in trained.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-5, atol=1e-6)


def is_dict(outputs):
    return isinstance(outputs, dict)
