"""Stage `evaluate`: the errors on the test set, which no other stage reads (paper, section 6)."""

import numpy as np
import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_table, save_json, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import defused
from alexnet_pipe.evaluation.error_rates import (
    Predictions,
    class_table,
    confusion_table,
    error_metrics,
    predict,
    prediction_table,
)
from alexnet_pipe.evaluation.examples import (
    EXAMPLES,
    nearest_training_images,
    occlusion_maps,
    save_picture,
    spread,
)
from alexnet_pipe.evaluation.explanations import asked_of_chance, surest_mistakes
from alexnet_pipe.evaluation.near_copies import Candidates, alike_by_hash, near_copies, near_copy_metrics
from alexnet_pipe.evaluation.robustness import robustness
from alexnet_pipe.evaluation.slice_errors import errors_by_slice, told
from alexnet_pipe.evaluation.slices import image_properties, slices_of
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.model.model_file import load_model
from alexnet_pipe.statistics.first_kernels import kernel_grid
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore


def run(artifacts: Artifacts) -> None:
    model = load_model(artifacts.model, fastest_forms())
    store = ImageStore.open_intact(artifacts.images, "test")
    if model.classes != store.classes:
        raise UserError(f"{artifacts.model} knows other classes than {artifacts.images}: run `dvc repro`")
    network = FeatureNetwork(model)
    predictions = predict(network, store)
    metrics = error_metrics(predictions, store.labels, len(store.classes))
    metrics["robustness"] = robustness(network, store)
    copies = _save_examples(artifacts, model, network, store, predictions)
    by_hash = alike_by_hash(store, load_table(artifacts.near_duplicates))
    near = {"near_duplicate": by_hash, "near_copy": by_hash | np.isin(np.arange(len(store)), copies["test"])}
    metrics |= near_copy_metrics(predictions.ten_view.classes[:, 0] != store.labels, near)

    table = prediction_table(predictions, store).join(image_properties(store))
    with written_aside(artifacts.predictions) as aside:
        table.to_parquet(aside, index=False)
    confusion = confusion_table(predictions, store)
    wrong = (confusion["actual"] != confusion["predicted"]).to_numpy()
    by_slice = errors_by_slice(slices_of(table.assign(actual=confusion["actual"])), wrong)
    with written_aside(artifacts.confusion) as aside:
        confusion.map(defused).to_csv(aside, index=False)
    with written_aside(artifacts.class_errors) as aside:
        classes = class_table(confusion, store.classes)
        classes.assign(**{"class": classes["class"].map(defused)}).to_csv(aside, index=False)
    save_array(artifacts.features, predictions.features)
    filters = np.asarray(model.network.get_layer("conv1").kernel)
    save_array(artifacts.filters, filters)
    save_picture(artifacts.kernel_picture, kernel_grid(filters))
    save_picture(artifacts.mean_picture, np.asarray(model.mean))
    save_json(artifacts.test_metrics, metrics)
    save_json(artifacts.slice_errors, by_slice)
    say(
        f"evaluate: {len(store):,} images, top-1 error {metrics['top1_error']:.2%} from one view, "
        f"{metrics['top1_error_ten_view']:.2%} from ten"
    )
    say(f"evaluate: {told(by_slice)}")


def _save_examples(
    artifacts: Artifacts, model: Classifier, network: FeatureNetwork, store: ImageStore, predictions: Predictions
) -> pd.DataFrame:
    """What the report shows of some test images, which it cannot compute without the network; and near copies."""
    train, chosen = ImageStore.open(artifacts.images, "train"), spread(len(store), EXAMPLES)
    mistakes = surest_mistakes(predictions.ten_view, store.labels, chosen)
    proposed = Candidates(predictions.features)
    with written_aside(artifacts.neighbours) as aside:
        queries = [*chosen, *mistakes]
        nearest_training_images(network, train, queries, predictions.features, proposed.add).to_parquet(
            aside, index=False
        )
    # Of what is right, what speaks for it; of what is wrong, what has misled it.
    labels = [*store.labels[chosen].tolist(), *predictions.ten_view.classes[mistakes, 0].tolist()]
    mean = np.asarray(model.mean)
    maps = occlusion_maps(network, store, [*chosen, *mistakes], labels, mean)
    with written_aside(artifacts.occlusion) as aside:
        asked_of_chance(model, network, store, maps, mean).to_parquet(aside, index=False)
    copies = near_copies(store, train, proposed.places)
    with written_aside(artifacts.near_copies) as aside:
        copies.to_parquet(aside, index=False)
    return copies
