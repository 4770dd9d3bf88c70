"""torchvision's own AlexNet with random weights, and what it says of photographs, in the peers' environment.

    python -m tests.peers.torchvision_alexnet FOLDER PHOTOGRAPH…

writes `alexnet.pth` and `logits.npy`, float32 `(photographs, 1000)`, into FOLDER.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torchvision import transforms
from torchvision.models import alexnet

PREPARE = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)
"""What torchvision's reference scripts evaluate with (`ImageClassification(crop_size=224)`)."""


def main(folder: Path, photographs: list[Path]) -> None:
    torch.manual_seed(7)
    network = alexnet(weights=None).eval()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            # Logits of some units, as a trained network's.
            nn.init.kaiming_normal_(layer.weight)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    torch.save(network.state_dict(), folder / "alexnet.pth")
    pixels = []
    for path in photographs:
        with Image.open(path) as image:
            pixels.append(PREPARE(image.convert("RGB")))
    with torch.inference_mode():
        np.save(folder / "logits.npy", network(torch.stack(pixels)).numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
