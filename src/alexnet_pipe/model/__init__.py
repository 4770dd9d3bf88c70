"""AlexNet in Keras operations that run on every backend."""

import os

from alexnet_pipe.base.startup import as_if_missing

# Keras and TensorFlow import these for what nobody asks of them here, and take half as long again as without.
_IN_CASE = ("cv2", "matplotlib", "pandas")
_OTHER_BACKENDS = ("jax",) if os.environ.get("KERAS_BACKEND") == "tensorflow" else ()

with as_if_missing(*_IN_CASE, *_OTHER_BACKENDS):
    import keras

# What `keras.json` says of a user's other programs changes no result of this one.
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
