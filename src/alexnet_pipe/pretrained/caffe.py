"""How Caffe's networks for ImageNet want their pixels."""

from collections.abc import Mapping

from alexnet_pipe.pretrained.published import LAYERS, Layer, Published

# python/caffe/imagenet/ilsvrc_2012_mean.npy, averaged over the pixels of each channel, as Caffe's own examples use it.
MEAN_BGR = (104.00698793, 116.66876762, 122.67891434)


def from_caffe(
    form: str, variant: str, width: float, layers: Mapping[str, Layer], remarks: tuple[str, ...]
) -> Published:
    """Weights that took BGR, as OpenCV reads photographs, less Caffe's mean; the photographs were warped to 256×256.

    `tools/convert_imageset.cpp` resizes to 256×256 whatever the aspect (`cv::resize` in `src/caffe/util/io.cpp`).
    """
    conv1 = layers["conv1"]
    blue, green, red = MEAN_BGR
    return Published(
        format=form,
        variant=variant,
        width=width,
        layers={name: layers[name] for name in LAYERS} | {"conv1": Layer(conv1.kernel[:, :, ::-1], conv1.bias)},
        mean=(red, green, blue),
        policy="squash",
        remarks=(
            *remarks,
            "conv1 flipped from BGR to RGB",
            f"mean of ILSVRC2012 by channel, R {red:.3f}, G {green:.3f}, B {blue:.3f}",
            "photographs are squashed to 256×256, as Caffe's convert_imageset does",
        ),
    )
