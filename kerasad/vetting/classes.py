"""The classes that the config of a detector may name."""

# A list of what is allowed, as what is dangerous grows with every release of
# Keras: functions, `Lambda`, layers around other frameworks, all that reads
# files. These only compute. Keras refuses what is not registered.
ALLOWED = {
    "keras": {"DTypePolicy", "Sequential"},
    "keras.src.models.functional": {"Functional"},
    "keras.layers": {
        "Activation",
        "Add",
        "Average",
        "AveragePooling2D",
        "BatchNormalization",
        "Concatenate",
        "Conv2D",
        "Conv2DTranspose",
        "Cropping2D",
        "Dense",
        "DepthwiseConv2D",
        "Dropout",
        "ELU",
        "Flatten",
        "GaussianNoise",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "GroupNormalization",
        "Identity",
        "InputLayer",
        "LayerNormalization",
        "LeakyReLU",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "Multiply",
        "Normalization",
        "PReLU",
        "Permute",
        "ReLU",
        "Rescaling",
        "Reshape",
        "Resizing",
        "SeparableConv2D",
        "Softmax",
        "SpatialDropout2D",
        "Subtract",
        "UnitNormalization",
        "UpSampling2D",
        "ZeroPadding2D",
    },
    "keras.initializers": {
        "Constant",
        "GlorotNormal",
        "GlorotUniform",
        "HeNormal",
        "HeUniform",
        "Identity",
        "LecunNormal",
        "LecunUniform",
        "Ones",
        "Orthogonal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "VarianceScaling",
        "Zeros",
    },
    "keras.regularizers": {"L1", "L1L2", "L2"},
}


def is_known(value: dict, trusted=frozenset()) -> bool:
    """Whether a dict of a config names no class, or one that is allowed.

    Ours are, Keras's that only compute, and `trusted`, registered names of
    classes that the person who loads the file has imported herself.

    >>> is_known({"module": "os", "class_name": "system", "config": "ls"})
    False
    """
    if not {"class_name", "registered_name", "spec_name"} & set(value):
        return True
    name, module = value.get("class_name"), value.get("module")
    registered = value.get("registered_name")
    if not isinstance(name, str) or not isinstance(value.get("config"), dict):
        return False
    if name == "__keras_tensor__":  # a place in the graph: a shape, a name
        return module is registered is None
    if not isinstance(module, str):  # looked up by older, laxer rules
        return False
    if module.startswith("kerasad."):
        return registered == f"kerasad>{name}"
    if registered in trusted:
        return True
    return name in ALLOWED.get(module, ()) and registered in (None, name)
