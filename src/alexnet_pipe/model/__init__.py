"""AlexNet in Keras operations that run on every backend."""
