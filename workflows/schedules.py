"""Launch plans that run nights by schedule, once registered and activated on a cluster.

    pyflyte --config flyte.config.yaml register workflows/ tasks/ --image $NIGHTSHIFT_IMAGE
    flytectl update launchplan --activate nightshift_nightly      # or in the console

Times are UTC. The source and all stores come from the NIGHTSHIFT_* variables of the task image.
"""

from flytekit import CronSchedule, LaunchPlan

from workflows.nightly import nightly

NIGHTLY = LaunchPlan.get_or_create(
    workflow=nightly,
    name="nightshift_nightly",
    schedule=CronSchedule(schedule="0 2 * * 1-6"),
    default_inputs={"profile": "small", "lora": "auto"},
)

# Once a week every adapter is trained from its base again, so that reuse does not accumulate.
WEEKLY_FULL = LaunchPlan.get_or_create(
    workflow=nightly,
    name="nightshift_weekly_full",
    schedule=CronSchedule(schedule="0 1 * * 0"),
    default_inputs={"profile": "full", "lora": "always"},
)
