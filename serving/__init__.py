r"""The thin service in front of one release: HTTP in and out, nothing else.

    python -m serving                       # the champion, on http://127.0.0.1:3000
    curl -s localhost:3000/v1/chat/completions -H 'content-type: application/json' \
         -d '{"messages": [{"role": "user", "content": "How long is delivery?"}]}'

It stands on nightshift.answering and what lies below: no training library is imported here.
"""
