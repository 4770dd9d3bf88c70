"""Train again when there is something new, and promote the new model only if it is better.

It works in a clone of the project's last commit; champion, branch and tags change at the very end, all at once.
"""

from pathlib import Path
from typing import Any

from alexnet_pipe.orchestration.start import quiet_and_local

ROOT = Path(__file__).resolve().parents[1]
quiet_and_local(ROOT)  # Prefect reads its settings when it is imported.

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.states import Cancelled, Completed, Failed, State

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.orchestration.stages import failure, publish, run_stages
from alexnet_pipe.params.load import load_params
from alexnet_pipe.params.preset import override_params
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.clones import challenger
from alexnet_pipe.project.dvc import stage_graph
from alexnet_pipe.project.run_lock import BusyError, only_run
from alexnet_pipe.promotion.decision import Decision, Verdict, decide, decision_markdown, follow, news
from alexnet_pipe.promotion.endorsement import require_ready
from alexnet_pipe.promotion.handover import finish_promotion, promote, push_git, try_to_push
from alexnet_pipe.promotion.rehearsal import rehearsed

REMEDY = "it has its stage here; when the remote takes it, `git push --follow-tags` brings it there"


@flow(name="retrain")
def retrain(params: dict[str, Any] | None = None) -> State[Decision]:
    """Ask the source for news, run the pipeline, compare challenger with champion, and promote or refuse.

    Args:
        params: New values for settings in params.yaml, as in {"train.max_epochs": 20}; a promotion commits them.
    """
    try:
        with only_run(ROOT) as project:
            finish_promotion(project)
            require_ready(project)
            copy = challenger(project)
            override_params(copy.root, params or {})
            promotion = load_params(copy.root / "params.yaml").promotion
            if promotion.push_git:
                try_to_push(project)
            if reason := _train(copy):
                return Failed(message=reason)
            return _promote_or_refuse(project, copy, promotion)
    except BusyError as error:
        return Cancelled(message=str(error))
    except UserError as error:
        return Failed(message=str(error))


def _train(copy: Checkout) -> str | None:
    """Bring the clone up to date with its source; the reason if that fails."""
    found = ask_the_source(copy)
    if found:
        follow(copy.root, found)
    graph = stage_graph(copy.root)
    runs = run_stages(copy, graph, force=["download"] if found else ())
    publish(copy, graph, runs)
    return failure(runs)


@task(name="ask the source", task_run_name="ask the source")
def ask_the_source(copy: Checkout) -> str | None:
    """What the source has that the champion has not seen."""
    found = news(copy)
    get_run_logger().info(found or "nothing newer")
    return found


def _promote_or_refuse(project: Checkout, copy: Checkout, promotion: PromotionParams) -> State[Decision]:
    decision = rehearsed(copy, decide(copy, promotion), promotion)
    version, problem = None, None
    if decision.verdict is Verdict.PROMOTED:
        version = promote(project, copy, promotion.stage, decision.reason)
        problem = push_git(project) if promotion.push_git else None
    create_markdown_artifact(
        decision_markdown(decision, version),
        key="promotion",
        description="Whether the new model was promoted, and why.",
    )
    told = f"{decision.verdict}{f' as {version}' if version else ''}: {decision.told}"
    if problem:
        return Failed(message=f"{told}; but it was not pushed: {problem}; {REMEDY}")
    return Completed(name=decision.verdict.capitalize(), message=told, data=decision)
