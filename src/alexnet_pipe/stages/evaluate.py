"""Stage `evaluate`: the errors on the test set, which no other stage reads (paper, section 6)."""

import numpy as np

from alexnet_pipe.artifacts import Artifacts, save_json, written_aside
from alexnet_pipe.errors import UserError
from alexnet_pipe.evaluation.errors import error_metrics
from alexnet_pipe.evaluation.predict import predict
from alexnet_pipe.evaluation.tables import confusion_table, prediction_table
from alexnet_pipe.progress import say
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.weights.model_file import load_model


def run(artifacts: Artifacts) -> None:
    model = load_model(artifacts.model)
    store = ImageStore.open(artifacts.images, "test")
    if model.classes != store.classes:
        raise UserError(f"{artifacts.model} knows other classes than {artifacts.images}: run `dvc repro`")
    predictions = predict(model, store)
    metrics = error_metrics(predictions, store.labels, len(store.classes))

    with written_aside(artifacts.predictions) as aside:
        prediction_table(predictions, store).to_parquet(aside, index=False)
    with written_aside(artifacts.confusion) as aside:
        confusion_table(predictions, store).to_csv(aside, index=False)
    save_array(artifacts.features, predictions.features)
    save_array(artifacts.filters, np.asarray(model.network.get_layer("conv1").kernel))
    save_json(artifacts.test_metrics, metrics)
    say(
        f"evaluate: {len(store):,} images, top-1 error {metrics['top1_error']:.2%} from one view, "
        f"{metrics['top1_error_ten_view']:.2%} from ten"
    )
