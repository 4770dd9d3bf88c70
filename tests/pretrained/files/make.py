"""Write the files of PyTorch beside this script, and print what the network says of the photograph.

Run with PyTorch 2.13 and safetensors, which the project itself does without: `python make.py`.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = Path(__file__).parent
UNITS = 2
"""Of every layer: the smallest network that two towers allow."""


class AlexNet(nn.Module):
    """Layers named as in torchvision, with the shapes of the variant `no-normalization`."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, UNITS, 11, stride=4), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(UNITS, UNITS, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(UNITS, UNITS, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(UNITS, UNITS, 3, padding=1, groups=2), nn.ReLU()),
            *(nn.Conv2d(UNITS, UNITS, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        self.classifier = nn.Sequential(
            *(nn.Dropout(), nn.Linear(36 * UNITS, UNITS), nn.ReLU()),
            *(nn.Dropout(), nn.Linear(UNITS, UNITS), nn.ReLU(), nn.Linear(UNITS, 3)),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.features(pixels), 1))


def photograph() -> np.ndarray:
    """RGB, uint8 `(256, 256, 3)`: another one when it is turned, mirrored, or its colours are swapped."""
    row, column = np.mgrid[:256, :256]
    return np.stack([row, column * column // 256, (3 * row + 5 * column) % 256], axis=-1).astype(np.uint8)


def main() -> None:
    torch.manual_seed(23)
    network = AlexNet().eval()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.uniform_(layer.bias, 0.0, 0.5)
    state = network.state_dict()
    torch.save(state, FOLDER / "zipped.pth")
    torch.save(state, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    save_file(state, FOLDER / "weights.safetensors")
    # As torchvision prepares photographs.
    centre = torch.from_numpy(photograph()[14 : 14 + 227, 14 : 14 + 227].copy()).permute(2, 0, 1) / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = (centre - mean[:, None, None]) / deviation[:, None, None]
    with torch.no_grad():
        print(torch.softmax(network(pixels[None]), dim=1)[0].tolist())
        for image in (pixels.flip(1), pixels.flip(2), pixels.flip(0)):
            print("  otherwise", torch.softmax(network(image[None]), dim=1)[0].tolist())


if __name__ == "__main__":
    main()
