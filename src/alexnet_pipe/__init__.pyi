from alexnet_pipe.base.errors import UserError as UserError
from alexnet_pipe.model.alexnet import AlexNet as AlexNet
from alexnet_pipe.serving.from_python import TrainedClassifier as TrainedClassifier
from alexnet_pipe.serving.from_python import load as load
from alexnet_pipe.store.image_store import ImageStore as ImageStore

__all__ = ["AlexNet", "ImageStore", "TrainedClassifier", "UserError", "load"]
