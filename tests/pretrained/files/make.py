"""Write the files of PyTorch beside this script, and print what the networks say of the photograph.

Run with PyTorch, safetensors, onnx and onnxscript, of which the project itself has the half: `python make.py`, or
`python make.py weird` for the files of torchvision's structure alone.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
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


class WeirdTrick(nn.Module):
    """torchvision's `alexnet` (torchvision/models/alexnet.py) at 1/128 of the width."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 2, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(2, 2, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(4, 2, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            *(nn.Dropout(), nn.Linear(36 * 2, 32), nn.ReLU()),
            *(nn.Dropout(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3)),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(pixels)), 1))


def photograph() -> np.ndarray:
    """RGB, uint8 `(256, 256, 3)`: another one when it is turned, mirrored, or its colours are swapped."""
    row, column = np.mgrid[:256, :256]
    return np.stack([row, column * column // 256, (3 * row + 5 * column) % 256], axis=-1).astype(np.uint8)


def drawn(network: nn.Module, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.uniform_(layer.bias, 0.0, 0.5)
    return network.eval()


def main() -> None:
    if sys.argv[1:] != ["weird"]:
        write_two_towers()
    write_weird_trick()


def write_two_towers() -> None:
    network = drawn(AlexNet(), 23)
    state = network.state_dict()
    torch.save(state, FOLDER / "zipped.pth")
    torch.save(state, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    save_file(state, FOLDER / "weights.safetensors")
    show(network, photograph()[14 : 14 + 227, 14 : 14 + 227])


def write_weird_trick() -> None:
    """With weights that half precision has, too."""
    network = drawn(WeirdTrick(), 7).half().float()
    state = network.state_dict()
    torch.save(state, FOLDER / "weird_zipped.pth")
    checkpoint = {"epoch": 90, "arch": "alexnet", "state_dict": {f"module.{name}": state[name] for name in state}}
    torch.save(checkpoint, FOLDER / "weird_legacy.pth", _use_new_zipfile_serialization=False)
    save_file({f"model.{name}": state[name].half() for name in state}, FOLDER / "weird_half.safetensors")
    pixels = torch.zeros(1, 3, 224, 224)
    torch.onnx.export(network, (pixels,), FOLDER / "weird.onnx", dynamo=False, opset_version=17)
    torch.onnx.export(network, (pixels,), FOLDER / "weird_traced.onnx", dynamo=True, external_data=False)
    for path in FOLDER.glob("*.onnx"):
        without_notes(path)
    show(network, photograph()[16 : 16 + 224, 16 : 16 + 224])


def without_notes(path: Path) -> None:
    """Leave out where in which file of which machine a node comes from."""
    model = onnx.load(path)
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)


def show(network: nn.Module, crop: np.ndarray) -> None:
    """As torchvision prepares photographs."""
    centre = torch.from_numpy(crop.copy()).permute(2, 0, 1) / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = (centre - mean[:, None, None]) / deviation[:, None, None]
    with torch.no_grad():
        print(torch.softmax(network(pixels[None]), dim=1)[0].tolist())
        for image in (pixels.flip(1), pixels.flip(2), pixels.flip(0)):
            print("  otherwise", torch.softmax(network(image[None]), dim=1)[0].tolist())


if __name__ == "__main__":
    main()
