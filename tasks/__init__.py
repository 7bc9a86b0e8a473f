"""One Flyte task a step, one file a task. Each is thin: image, resources, secrets, cache and Deck round one call.

    pyflyte run tasks/ingest.py ingest --source 'simulate://shop?night=1'
    pyflyte run tasks/promote.py rollback

The work itself is in nightshift/, under the same name.
"""
