r"""The HTTP service of one release.

    python -m serving                       # the champion, on http://127.0.0.1:3000
    curl -s localhost:3000/v1/chat/completions -H 'content-type: application/json' \
         -d '{"messages": [{"role": "user", "content": "How long is delivery?"}]}'

Answers are made by nightshift.answering; no training library is imported here.
"""
