"""Section `train`: the paper's stochastic gradient descent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts, home
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.section import Section, Sha256


def _off_or_drawable(alpha: float) -> float:
    # Far below, Beta's random numbers are not even numbers.
    if 0 < alpha < 0.01:
        raise ValueError("expected 0, which turns it off, or at least 0.01")
    return alpha


Count = Annotated[int, Field(ge=1, lt=2**31)]
Rate = Annotated[float, Field(gt=0, le=1e6)]
Factor = Annotated[float, Field(ge=0, le=1e6)]
"""Far above what anybody means, and far below the largest float32."""
Share = Annotated[float, Field(ge=0, lt=1)]
Alpha = Annotated[float, Field(ge=0, le=100), AfterValidator(_off_or_drawable)]
Host = Annotated[str, Field(pattern=r"^[\w.-]+(:\d{1,5})?$")]
Layer = Literal["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]
LAYERS: tuple[Layer, ...] = get_args(Layer)


class TrainParams(Section):
    """Defaults are the paper's (sections 4 and 5).

    Attributes:
        seed: Decides initial weights, image order, dropout, and all that is random in a batch.
        batch_size: Images a step.
        optimizer: `sgd`: the paper's gradient descent; `lars`: the same with a rate for each layer, for large batches;
            `adamw`: Adam with decoupled weight decay.
        learning_rate: The first ε; its largest where there is a warm-up.
        schedule: Of ε. `plateau`: cut when the validation error stops falling, as published; `constant`; `linear` and
            `cosine`: falling to 0 at the end of `max_epochs`.
        warmup_epochs: Over which ε rises from 0 at first.
        momentum: Share of the last update that is kept; of the last gradients by `adamw`.
        weight_decay: Multiplies ε·w in the update; weights only, not biases.
        clip_norm: The largest norm of all gradients together; larger ones are scaled down to it.
        dropout: Share of fc6's and fc7's outputs that a step sets to zero (section 4.2).
        random_crops: Cut each image anywhere, anew each time; otherwise its centre, as one view of a test.
        mirror: Mirror half of the images.
        colour_shift: Standard deviation of α in the RGB shift; 0 turns it off.
        crop_area: The smallest area of a random box that is resampled to a crop, as a share of the 256×256 image; if
            there is none, crops are cut out as published.
        mixup: α of the Beta distribution by which two images and their labels are mixed; 0 turns it off.
        label_smoothing: Share of the labels that is spread over all classes.
        patience: Of `plateau`: epochs without a lower validation error before the rate is cut.
        cuts: Of `plateau`: how often the rate is divided by 10 before training stops.
        backend: What Keras computes with: TensorFlow or JAX.
        devices: Of JAX: how many share each batch; all that it sees if none is said. The batch is the same.
        cluster: Of JAX: the machines that train together, as `host` or, the first of them, `host:port`.
        store_on_device: Of JAX: put all training images there, once; `auto`: on a GPU that has room.
        max_epochs: Stops even if the validation error is still falling.
        precision: Of activations and gradients; weights are float32 always. `mixed_float16` scales the loss.
        deterministic: Use operations that repeat to the bit, on a GPU too.
        require_gpu: Fail, rather than train on the processor, where no GPU is found.
        checkpoint_steps: Steps between two checkpoints; every epoch ends with one as well.
        on_flat_loss: What to do about a loss that stays where guessing is: `stop` or `warn`.
        flat_loss_steps: How often to look, in steps; in a short run, after a quarter of it.
        init_weights: A model's file whose weights and mean image training starts with, rather than random ones.
        init_sha256: Of that file, hexadecimal; if it is given, another file is refused.
        freeze: Layers that keep their first weights.
        train_only: The layers that do not, instead of naming those that do.
        learning_rate_multipliers: By layer, what ε is multiplied by.
        tensorboard: Write TensorBoard logs, with histograms of the weights, to `logs/`.
    """

    UNRELATED_TO_STEPS: ClassVar = {
        "require_gpu",
        "devices",
        "cluster",
        "store_on_device",
        "checkpoint_steps",
        "on_flat_loss",
        "flat_loss_steps",
        "tensorboard",
    }
    """What never decides what a step computes; see `decisive`."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 2012
    batch_size: Count = 128
    optimizer: Literal["sgd", "lars", "adamw"] = "sgd"
    learning_rate: Rate = 0.01
    schedule: Literal["plateau", "constant", "linear", "cosine"] = "plateau"
    warmup_epochs: Factor = 0.0
    momentum: Share = 0.9
    weight_decay: Factor = 0.0005
    clip_norm: Rate | None = None
    dropout: Share = 0.5
    random_crops: bool = True
    mirror: bool = True
    colour_shift: Factor = 0.1
    crop_area: Annotated[float, Field(ge=0.01, le=1)] | None = None
    mixup: Alpha = 0.0
    label_smoothing: Share = 0.0
    patience: Count = 10
    cuts: Annotated[int, Field(ge=0, lt=2**31)] = 3
    max_epochs: Count = 90
    backend: Literal["tensorflow", "jax"] = "tensorflow"
    devices: Count | None = None
    cluster: list[Host] = Field(default_factory=list)
    store_on_device: Literal["auto"] | bool = "auto"
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    deterministic: bool = True
    require_gpu: bool = False
    checkpoint_steps: Count = 1000
    on_flat_loss: Literal["stop", "warn"] = "stop"
    flat_loss_steps: Count = 5000
    init_weights: str | None = None
    init_sha256: Sha256 | None = None
    freeze: list[Layer] = Field(default_factory=list)
    train_only: list[Layer] = Field(default_factory=list)
    learning_rate_multipliers: dict[Layer, Rate] = Field(default_factory=dict)
    tensorboard: bool = False

    @model_validator(mode="after")
    def _something_is_trained(self) -> "TrainParams":
        if self.freeze and self.train_only:
            raise ValueError("set freeze or train_only, not both")
        if not self.trained:
            raise ValueError("freeze names all layers: leave one to train")
        if useless := set(self.learning_rate_multipliers) - set(self.trained):
            raise ValueError(f"learning_rate_multipliers names {', '.join(sorted(useless))}, whose weights are frozen")
        return self

    @model_validator(mode="after")
    def _backend_can_do_it(self) -> "TrainParams":
        if self.backend != "tensorflow" and self.tensorboard:
            raise ValueError(f"tensorboard needs backend tensorflow, which writes the logs, and it is {self.backend}")
        if self.backend != "jax" and (self.devices or 1) > 1:
            raise ValueError(f"several devices need backend jax, and it is {self.backend}")
        if self.backend != "jax" and self.cluster:
            raise ValueError(f"cluster needs backend jax, and it is {self.backend}")
        if self.backend != "jax" and self.store_on_device is True:
            raise ValueError(f"store_on_device needs backend jax, and it is {self.backend}")
        if self.devices and self.batch_size % self.devices:
            raise ValueError(f"{self.devices} devices cannot share batches of {self.batch_size} evenly")
        return self

    @model_validator(mode="after")
    def _warm_up_ends(self) -> "TrainParams":
        if self.warmup_epochs > self.max_epochs:
            raise ValueError(
                f"warmup_epochs is {self.warmup_epochs:g}, and max_epochs {self.max_epochs}: the rate would never be "
                "reached; warm up for fewer"
            )
        return self

    @model_validator(mode="after")
    def _boxes_are_random(self) -> "TrainParams":
        if self.crop_area is not None and not self.random_crops:
            raise ValueError("crop_area makes random crops, and random_crops is false: leave one out")
        return self

    def decisive(self) -> dict[str, Any]:
        """What decides what a step computes: if it has changed, an interrupted run begins anew.

        A plan reaches to the last epoch, and another number of them is another plan.
        """
        planned = self.schedule in ("linear", "cosine")
        return self.model_dump(exclude=self.UNRELATED_TO_STEPS | (set() if planned else {"max_epochs"}))

    @property
    def labels_are_probabilities(self) -> bool:
        """Whether a batch's labels are a probability for each class, rather than a class for each image."""
        return self.mixup > 0 or self.label_smoothing > 0

    @property
    def trained(self) -> list[Layer]:
        """The layers whose weights change."""
        return [layer for layer in LAYERS if layer in (self.train_only or LAYERS) and layer not in self.freeze]


def recipe(model: ModelParams, train: TrainParams) -> dict[str, Any]:
    """By `section.key`, what decides which network is trained and how, but for the seed."""
    chosen = {"model": model.model_dump(), "train": train.model_dump(exclude=train.UNRELATED_TO_STEPS)}
    return {
        f"{name}.{key}": value for name, section in chosen.items() for key, value in section.items() if key != "seed"
    }


def initial_weights(artifacts: Artifacts, train: TrainParams) -> Path | None:
    """The file with the weights to start with, where they are not drawn.

    Raises:
        UserError: if it is missing, or not the one that the parameters mean, or the one that training replaces.
    """
    if train.init_weights is None:
        return None
    project = artifacts.root / home()
    path = project / train.init_weights
    if path.resolve() == (project / artifacts.model.relative_to(artifacts.root)).resolve():
        raise UserError(
            f"train.init_weights: {train.init_weights} is removed before training, which makes it: copy it to another "
            "name, and name that"
        )
    if not path.exists():
        raise UserError(f"train.init_weights: {path} is missing: `alexnet-pipe import-weights` makes such a file")
    if train.init_sha256 not in (None, digest := file_digest(path)):
        raise UserError(f"{path} is not the file that train.init_sha256 names; its own digest is {digest}")
    return path


def require_same_network(where: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """
    Raises:
        UserError: if the network in the file `where` is another than the wanted one, by their arguments.
    """
    for name in ("variant", "width"):
        has, asked = found[name], wanted[name]
        if has != asked:
            raise UserError(f"{where} has {name} {has}, and model.{name} is {asked}: set model.{name} to {has}")
