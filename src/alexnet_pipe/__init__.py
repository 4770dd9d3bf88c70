"""AlexNet (Krizhevsky, Sutskever, Hinton 2012) as a reproducible production pipeline."""
