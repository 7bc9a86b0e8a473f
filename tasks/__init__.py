"""One Flyte task per stage, one file per task. Each adds image, resources, secrets, cache and Deck to one call.

    pyflyte run tasks/ingest.py ingest --source 'simulate://shop?night=1'
    pyflyte run tasks/rollback.py move_back

The work itself is in nightshift/.
"""
